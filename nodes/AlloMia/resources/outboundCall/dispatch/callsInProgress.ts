import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readStatuses } from '../../../../shared/api/callStatus';
import { isUnknownCall } from '../../../../shared/api/failure';
import { defaultRetryPolicy } from '../../../../shared/api/retryPolicy';
import type { StatusResponse } from '../../../../shared/api/schemas';
import { isTerminal } from '../../../../shared/api/terminalStatus';
import { abortableSleep, unlessAborted } from '../../../../shared/values/abort';

/** How many statuses are read at a time. */
const batch = 10;

/** How many of the latest calls are tracked without a limit. */
const maxTracked = 200;

/** The maximum duration of a call, in ms: older ones are considered ended. */
const longestCall = 60 * 60_000;

/** How long a call may last that may have been placed, and whose status cannot be read, in ms. */
const uncertainCall = 2 * 60_000;

/** The minimum time between two checks without a limit, in ms. */
const interval = 10_000;

/** The longer calls last, the less often their status is read: after this part of their duration. */
const growth = 0.1;

/** The longest time between two reads of a status, in ms, unless the poll interval is longer. */
const longestInterval = 60_000;

/** The timeout of one status request, in ms. */
const statusTimeout = 10_000;

/** The longest wait until the execution is checked for a stop, in ms. */
const longestSleep = 10_000;

/** The limit of calls in progress, and how often to read their status. */
export interface CallLimit {
	/** The maximum number of calls in progress. */
	calls: number;
	/** The minimum time between two reads of a call's status, in ms. */
	pollInterval: number;
	/** Receives the status of each call that was found to have ended. */
	onEnd?: (status: StatusResponse) => void;
}

interface PlacedCall {
	/** When it was placed, or found to have been, in ms since 1970. */
	at: number;
	/** Whether an earlier attempt has placed it. */
	isEarlier: boolean;
	/** When to read its status next, in ms since 1970. */
	readAt: number;
}

/** The calls of an execution that were found to have ended, by an object of n8n's with the same lifetime. */
const endedIn = new WeakMap<object, Set<string>>();

/** Tracks the calls that a run has placed, because of which AlloMia may be at capacity, and limits their number. */
export class CallsInProgress {
	/** By call ID; the oldest first, and with a limit those first whose status was not read for the longest time. */
	private readonly placed = new Map<string, PlacedCall>();

	/** Until when calls count that may have been placed, in ms since 1970. */
	private uncertain: number[] = [];

	private readonly startedAt = Date.now();

	/** The number of calls that are being placed. */
	private reserved = 0;

	/** Wakes the item that waits for a call to end. */
	private wake?: () => void;

	/** When the last call was placed or found to have ended, in ms since 1970. */
	private lastChange = 0;

	/** Whether a call was found to have ended since the last one was placed. */
	private hasEnded = false;

	/** Whether nothing has changed since a call waited for capacity in vain. */
	isHopeless = false;

	private checkedAt = 0;

	private checking?: Promise<void>;

	/** The calls that were found to have ended, also by earlier attempts in this process. */
	private readonly ended: Set<string>;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly connection: Connection,
		private readonly timeout: number,
		private readonly limit?: CallLimit,
	) {
		const lifetime = context.getContext('node');
		this.ended = endedIn.get(lifetime) ?? new Set();
		endedIn.set(lifetime, this.ended);
	}

	/** The number of calls in progress. */
	get size(): number {
		return this.placed.size + this.uncertain.length + this.reserved;
	}

	/**
	 * Waits until another call may be placed within the limit, and reserves it. Must be called by one item at a
	 * time, and followed by `release` unless it returns false.
	 * @param mayWait whether to go on waiting; checked at least every ten seconds
	 * @returns whether the call may be placed
	 */
	async reserve(mayWait: () => Promise<boolean>): Promise<boolean> {
		const { limit } = this;
		while (limit && this.size >= limit.calls) {
			if (!(await mayWait())) return false;
			await this.readDue(limit);
			if (this.size < limit.calls) break;
			const woken = new Promise<void>((resolve) => (this.wake = resolve));
			const signal = this.context.getExecutionCancelSignal();
			await Promise.race([abortableSleep(this.untilNextRead(), signal), woken]);
		}
		this.reserved += 1;
		return true;
	}

	/**
	 * Releases a reservation.
	 * @param mayHaveCalled whether the call may have been placed: see `addUncertain`
	 */
	release(mayHaveCalled?: 'now' | 'earlier'): void {
		this.reserved -= 1;
		if (mayHaveCalled) this.addUncertain(mayHaveCalled);
		this.wake?.();
	}

	/**
	 * Adds a call that may have been placed, now or by an earlier attempt. Its ID is not known, so it counts for some
	 * minutes: from now on, or from the beginning of this attempt.
	 */
	addUncertain(when: 'now' | 'earlier'): void {
		const since = when === 'now' ? Date.now() : this.startedAt;
		if (this.limit) this.uncertain.push(since + uncertainCall);
	}

	/**
	 * Adds a call that was placed.
	 * @param isEarlier whether by an earlier attempt: it may have ended by now
	 */
	add(outboundCallId: string, isEarlier = false): void {
		if (this.ended.has(outboundCallId)) return;
		const now = Date.now();
		const readAt = isEarlier ? now : now + (this.limit?.pollInterval ?? 0);
		this.placed.set(outboundCallId, { at: now, isEarlier, readAt });
		this.hasEnded = false;
		this.change();
		const [oldest] = this.placed.keys();
		if (!this.limit && oldest !== undefined && this.placed.size > maxTracked) {
			this.placed.delete(oldest);
		}
		this.wake?.();
	}

	/** The time since the last change, in ms. */
	get unchangedFor(): number {
		return Date.now() - this.lastChange;
	}

	/**
	 * Whether to wait for capacity: until a call has ended since the last one was placed, and then for as long as
	 * with other retries. Reads the status of the oldest calls.
	 */
	async mayFreeCapacity(): Promise<boolean> {
		const { limit } = this;
		if (limit) {
			await this.readDue(limit);
		} else if (Date.now() - this.checkedAt >= interval) {
			this.checking ??= this.check().finally(() => {
				this.checkedAt = Date.now();
				this.checking = undefined;
			});
		}
		await this.checking;
		const isRecent = this.unchangedFor < defaultRetryPolicy.totalWait;
		this.isHopeless = !isRecent && (this.hasEnded || this.placed.size === 0);
		return !this.isHopeless;
	}

	/** Reads the status of a few calls for which it is time. */
	private async readDue(limit: CallLimit): Promise<void> {
		this.checking ??= this.readSome(limit).finally(() => (this.checking = undefined));
		await this.checking;
	}

	private async readSome({ pollInterval, onEnd }: CallLimit): Promise<void> {
		this.uncertain = this.uncertain.filter((until) => until > Date.now());
		const due = this.dueCalls(Date.now());
		const unknown = new Set<string>();
		const statuses = await this.readStatuses(
			due.map(([id]) => id),
			(id) => unknown.add(id),
		);
		const now = Date.now();
		for (const [id, call] of due) {
			const status = statuses.get(id);
			const isOver = status !== undefined && isTerminal(status.status);
			if (isOver) onEnd?.(status);
			const isForgotten = (call.isEarlier && unknown.has(id)) || now - call.at > longestCall;
			if (isOver || isForgotten) {
				this.end(id);
			} else {
				const wait = Math.min(growth * (now - call.at), longestInterval);
				this.placed.delete(id);
				this.placed.set(id, { ...call, readAt: now + Math.max(pollInterval, wait) });
			}
		}
	}

	/** Calls for whose status it is time: those first whose status was not read for the longest time. */
	private dueCalls(now: number): Array<[id: string, call: PlacedCall]> {
		const due: Array<[string, PlacedCall]> = [];
		for (const entry of this.placed) {
			if (entry[1].readAt <= now) due.push(entry);
			if (due.length === batch) break;
		}
		return due;
	}

	/** In ms. */
	private untilNextRead(): number {
		let readAt = Date.now() + longestSleep;
		for (const call of this.placed.values()) readAt = Math.min(readAt, call.readAt);
		for (const until of this.uncertain) readAt = Math.min(readAt, until);
		return Math.max(0, readAt - Date.now());
	}

	private async readStatuses(
		ids: readonly string[],
		onUnknown?: (id: string) => void,
	): Promise<ReadonlyMap<string, StatusResponse>> {
		const signal = this.context.getExecutionCancelSignal();
		const timeout = Math.min(this.timeout, statusTimeout);
		const read = readStatuses(this.context, this.connection, ids, {
			timeout,
			signal,
			onFailure: (id, failure) => isUnknownCall(failure) && onUnknown?.(id),
		});
		return (await unlessAborted(read, signal)) ?? new Map<string, StatusResponse>();
	}

	/** Removes calls that have ended, starting with the oldest, until some have not. */
	private async check(): Promise<void> {
		while (this.placed.size > 0) {
			const ids = [...this.placed.keys()].slice(0, batch);
			const statuses = await this.readStatuses(ids);
			let isInProgress = false;
			for (const id of ids) {
				const isOld = Date.now() - (this.placed.get(id)?.at ?? 0) > longestCall;
				if (isOld || isTerminal(statuses.get(id)?.status ?? '')) this.end(id);
				else isInProgress = true;
			}
			if (isInProgress) return;
		}
	}

	private end(id: string): void {
		this.placed.delete(id);
		this.ended.add(id);
		this.hasEnded = true;
		this.change();
		this.wake?.();
	}

	private change(): void {
		this.lastChange = Date.now();
		this.isHopeless = false;
	}
}
