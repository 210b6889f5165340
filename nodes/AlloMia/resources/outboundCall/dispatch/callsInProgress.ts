import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readStatuses } from '../../../../shared/api/callStatus';
import { defaultRetryPolicy } from '../../../../shared/api/retryPolicy';
import { isTerminal } from '../../../../shared/api/terminalStatus';

/** How many statuses are read at a time. */
const batch = 10;

/** How many of the latest calls are tracked. */
const maxTracked = 200;

/** The maximum duration of a call, in ms: older ones are considered ended. */
const longestCall = 60 * 60_000;

/** The minimum time between two checks, in ms. */
const interval = 10_000;

/** Tracks the calls that a run has placed, because of which AlloMia may be at capacity. */
export class CallsInProgress {
	/** When each was placed, in ms since 1970, by call ID; the oldest first. */
	private readonly placed = new Map<string, number>();

	/** When the last call was placed or found to have ended, in ms since 1970. */
	private lastChange = 0;

	/** Whether a call was found to have ended since the last one was placed. */
	private hasEnded = false;

	/** Whether nothing has changed since a call waited for capacity in vain. */
	isHopeless = false;

	private checkedAt = 0;

	private checking?: Promise<void>;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly connection: Connection,
		private readonly timeout: number,
	) {}

	/** Adds a call that was placed. */
	add(outboundCallId: string): void {
		this.placed.set(outboundCallId, Date.now());
		this.hasEnded = false;
		this.change();
		const [oldest] = this.placed.keys();
		if (oldest !== undefined && this.placed.size > maxTracked) this.placed.delete(oldest);
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
		if (Date.now() - this.checkedAt >= interval) {
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

	/** Removes calls that have ended, starting with the oldest, until some have not. */
	private async check(): Promise<void> {
		while (this.placed.size > 0) {
			const ids = [...this.placed.keys()].slice(0, batch);
			const statuses = await readStatuses(this.context, this.connection, ids, {
				timeout: this.timeout,
				signal: this.context.getExecutionCancelSignal(),
			});
			let isInProgress = false;
			for (const id of ids) {
				const isOld = Date.now() - (this.placed.get(id) ?? 0) > longestCall;
				if (isOld || isTerminal(statuses.get(id)?.status ?? '')) this.end(id);
				else isInProgress = true;
			}
			if (isInProgress) return;
		}
	}

	private end(id: string): void {
		this.placed.delete(id);
		this.hasEnded = true;
		this.change();
	}

	private change(): void {
		this.lastChange = Date.now();
		this.isHopeless = false;
	}
}
