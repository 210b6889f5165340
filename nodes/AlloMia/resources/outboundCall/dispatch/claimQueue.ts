import { sleep } from 'n8n-workflow';

/** The number of calls to claim at once: initially, and if other lists share the process. */
const few = 5;

/** A list that takes less time per call, in ms, claims more calls at once. */
const fast = 5;

/** How long to wait for other lists, in ms, if none of them makes progress. */
const stuckAfter = 100;

/** The state shared by all lists of this process, which would be killed together. */
const inProcess = {
	/** The number of lists. */
	lists: 0,
	/** The number of calls that are claimed, or being claimed, and not yet placed. */
	reserved: 0,
	/** The number of claims in progress. */
	claiming: 0,
	/** How often a reservation was returned. */
	moves: 0,
	/** Wakes the lists that wait to reserve. */
	waiting: new Set<() => void>(),
};

/**
 * Claims the calls of a list in order, as they are about to be placed. Calls that are claimed but not placed when
 * n8n is killed will not be placed by a retry, so only few are claimed ahead.
 */
export class ClaimQueue<Call> {
	/** The position of the first call that has not entered, was not passed over and is not being claimed. */
	private next = 0;

	/** The number of calls before it that are claimed, or being claimed, and have not entered. */
	private ahead = 0;

	/** The calls that have entered and are not claimed. */
	private readonly waiting = new Set<Call>();

	/** The number of calls that are claimed, or being claimed, and have not left. */
	private reserved = 0;

	private claiming?: Promise<void>;

	/** The size and time of the last claim. */
	private newest = { size: 0, at: 0 };

	/**
	 * @param calls all calls of the list, without duplicates, in the order in which they will enter
	 * @param limit the maximum number of calls of this process that are claimed and not yet placed
	 * @param claim claims calls; must not reject
	 * @param claimsAhead whether to claim calls before they enter, which saves time if they do soon
	 */
	constructor(
		private readonly calls: readonly Call[],
		private readonly limit: number,
		private readonly claim: (calls: readonly Call[]) => Promise<void>,
		private readonly claimsAhead = true,
	) {
		inProcess.lists += 1;
	}

	/** Resolves once the next call is claimed. Must be followed by `leave`. */
	async enter(): Promise<void> {
		if (this.ahead > 0) {
			this.ahead -= 1;
			await this.claiming;
			return;
		}
		const call = this.calls[this.next] as Call;
		this.next += 1;
		this.waiting.add(call);
		while (this.waiting.has(call)) {
			this.claiming ??= this.claimMore().finally(() => (this.claiming = undefined));
			await this.claiming;
		}
	}

	/** Passes over the next call. Returns false if it is claimed already, so that it must enter and leave. */
	pass(): boolean {
		if (this.ahead > 0) return false;
		this.next += 1;
		return true;
	}

	/** Counts calls as claimed while their claims are being released. */
	async whileReleasing(count: number, work: Promise<unknown>): Promise<void> {
		inProcess.reserved += count;
		inProcess.claiming += 1;
		await work;
		inProcess.claiming -= 1;
		returnReservation(count);
	}

	/** Must be called when a call that has entered is about to be placed, or will not be placed. */
	leave(): void {
		this.giveBack(1);
	}

	/**
	 * Must be called at the end.
	 * @param release releases the calls that were claimed but have not entered
	 */
	async close(release: (unused: readonly Call[]) => void): Promise<void> {
		await this.claiming;
		release(this.calls.slice(this.next - this.ahead, this.next));
		inProcess.lists -= 1;
		this.giveBack(this.reserved);
	}

	private async claimMore(): Promise<void> {
		// Calls that are placed concurrently enter one after the other within the same tick.
		if (this.newest.at === 0) await sleep(0);
		const size = await this.reserve();
		const entered = [...this.waiting].slice(0, size);
		this.ahead = Math.min(size - entered.length, this.calls.length - this.next);
		this.next += this.ahead;
		const batch = [...entered, ...this.calls.slice(this.next - this.ahead, this.next)];
		// Calls may have been passed over meanwhile.
		this.giveBack(size - batch.length);
		inProcess.claiming += 1;
		await this.claim(batch);
		inProcess.claiming -= 1;
		for (const call of entered) this.waiting.delete(call);
		this.newest = { size, at: Date.now() };
	}

	/** The number of calls to claim now: those that can be placed at once, or more if calls are fast. */
	private size(): number {
		const waiting = this.waiting.size;
		if (!this.claimsAhead) return Math.min(waiting, this.limit);
		if (inProcess.lists > 1) return Math.min(few, waiting);
		const { size, at } = this.newest;
		const isFast = Date.now() - at < fast * size;
		const target = Math.max(waiting, isFast ? 2 * size : few);
		return Math.min(target, this.limit, waiting + this.calls.length - this.next);
	}

	/** Reserves calls within the limit. Waits for other lists, unless they are stuck. */
	private async reserve(): Promise<number> {
		for (let isStuck = false; ; ) {
			const { reserved, moves } = inProcess;
			const room = this.limit - reserved;
			const target = this.size();
			const size = isStuck ? Math.max(1, Math.min(target, room)) : target;
			if (reserved === 0 || size <= room || isStuck) {
				this.reserved += size;
				inProcess.reserved += size;
				return size;
			}
			await new Promise<void>((resolve) => {
				inProcess.waiting.add(resolve);
				void sleep(stuckAfter).then(resolve);
			});
			isStuck = moves === inProcess.moves && inProcess.claiming === 0;
		}
	}

	private giveBack(count: number): void {
		this.reserved -= count;
		returnReservation(count);
	}
}

function returnReservation(count: number): void {
	inProcess.reserved -= count;
	inProcess.moves += 1;
	for (const wake of inProcess.waiting) wake();
	inProcess.waiting.clear();
}
