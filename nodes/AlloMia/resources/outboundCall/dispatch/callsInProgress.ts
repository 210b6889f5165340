import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readStatuses } from '../../../../shared/api/callStatus';
import { defaultRetryPolicy } from '../../../../shared/api/retry';
import { isTerminal } from '../../../../shared/api/terminalStatus';

/** How many are asked about at a time. */
const batch = 10;

/** How many of the newest are kept: those before them have ended, or keep no room from others. */
const most = 200;

/** How long a call can be in progress, in ms, whatever AlloMia says of it. */
const longestCall = 60 * 60_000;

/** How often they are asked about, in ms. */
const interval = 10_000;

/** The calls that a run has placed, as far as AlloMia may have no room for others because of them. */
export class CallsInProgress {
	/** When each was placed, in ms since 1970, by their ids; the oldest first. */
	private readonly placed = new Map<string, number>();

	/** When the last was placed or seen to have ended, in ms since 1970. */
	private lastChange = 0;

	/** Whether one was seen to have ended since the last was placed. */
	private isEndSeen = false;

	/** Whether none was placed or seen to have ended since somebody waited for room in vain. */
	isHopeless = false;

	private lookedAt = 0;

	private looking?: Promise<void>;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly connection: Connection,
		private readonly timeout: number,
	) {}

	add(outboundCallId: string): void {
		this.placed.set(outboundCallId, Date.now());
		this.isEndSeen = false;
		this.change();
		const [oldest] = this.placed.keys();
		if (oldest !== undefined && this.placed.size > most) this.placed.delete(oldest);
	}

	/** How long none was placed or seen to have ended, in ms. */
	get unchangedFor(): number {
		return Date.now() - this.lastChange;
	}

	/**
	 * Whether to wait for room: while none of them has ended since the last was placed, and as long after
	 * that as for anything else. AlloMia is asked, about the oldest first.
	 */
	async mayMakeRoom(): Promise<boolean> {
		if (Date.now() - this.lookedAt >= interval) {
			this.looking ??= this.look().finally(() => {
				this.lookedAt = Date.now();
				this.looking = undefined;
			});
		}
		await this.looking;
		const isRecent = this.unchangedFor < defaultRetryPolicy.totalWait;
		this.isHopeless = !isRecent && (this.isEndSeen || this.placed.size === 0);
		return !this.isHopeless;
	}

	/** Forgets those that have ended, up to some that have not. */
	private async look(): Promise<void> {
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
		this.isEndSeen = true;
		this.change();
	}

	private change(): void {
		this.lastChange = Date.now();
		this.isHopeless = false;
	}
}
