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
	/** The numbers of calls that have entered, were claimed, and have left, in this order. */
	private entered = 0;

	private claimed = 0;

	private left = 0;

	private claiming?: Promise<void>;

	/** The size and time of the last claim. */
	private newest = { size: 0, at: 0 };

	/**
	 * @param calls all calls of the list, in the order in which they will enter
	 * @param limit the maximum number of calls of this process that are claimed and not yet placed
	 * @param claim claims calls; must not reject
	 */
	constructor(
		private readonly calls: readonly Call[],
		private readonly limit: number,
		private readonly claim: (calls: readonly Call[]) => Promise<void>,
	) {
		inProcess.lists += 1;
	}

	/** Resolves once the next call is claimed. Must be followed by `leave`. */
	async enter(): Promise<void> {
		this.entered += 1;
		const place = this.entered;
		while (this.claimed < place) {
			this.claiming ??= this.claimMore().finally(() => (this.claiming = undefined));
			await this.claiming;
		}
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
		release(this.calls.slice(this.entered, this.claimed));
		inProcess.lists -= 1;
		this.giveBack(this.claimed - this.left);
	}

	private async claimMore(): Promise<void> {
		// Calls that are placed concurrently enter one after the other within the same tick.
		if (this.claimed === 0) await sleep(0);
		const size = await this.reserve();
		inProcess.claiming += 1;
		await this.claim(this.calls.slice(this.claimed, this.claimed + size));
		inProcess.claiming -= 1;
		this.claimed += size;
		this.newest = { size, at: Date.now() };
	}

	/** The number of calls to claim now: those that can be placed at once, or more if calls are fast. */
	private size(): number {
		const waiting = this.entered - this.claimed;
		if (inProcess.lists > 1) return Math.min(few, waiting);
		const { size, at } = this.newest;
		const isFast = Date.now() - at < fast * size;
		const target = Math.max(waiting, isFast ? 2 * size : few);
		return Math.min(target, this.limit, this.calls.length - this.claimed);
	}

	/** Reserves calls within the limit. Waits for other lists, unless they are stuck. */
	private async reserve(): Promise<number> {
		for (let isStuck = false; ; ) {
			const { reserved, moves } = inProcess;
			const room = this.limit - reserved;
			const target = this.size();
			const size = isStuck ? Math.max(1, Math.min(target, room)) : target;
			if (reserved === 0 || size <= room || isStuck) {
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
		this.left += count;
		returnReservation(count);
	}
}

function returnReservation(count: number): void {
	inProcess.reserved -= count;
	inProcess.moves += 1;
	for (const wake of inProcess.waiting) wake();
	inProcess.waiting.clear();
}
