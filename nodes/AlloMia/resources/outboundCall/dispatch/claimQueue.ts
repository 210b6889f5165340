import { sleep } from 'n8n-workflow';

/** How many calls a list claims at once at first, and where it is not alone in its process. */
const few = 5;

/** A list whose calls take less than this each claims more of them at once, in ms. */
const fast = 5;

/** How long to wait for room that others take, in ms, if nothing is claimed or called meanwhile. */
const patience = 100;

/** What all lists of this process share: they die together. */
const inProcess = {
	/** How many lists there are. */
	lists: 0,
	/** How many calls are claimed, or being claimed, and not yet placed. */
	reserved: 0,
	/** How many claims are being made. */
	claiming: 0,
	/** How often room was given back. */
	moves: 0,
	/** Wakes those who wait for room. */
	waiting: new Set<() => void>(),
};

/**
 * Claims the calls of a list in their order, as they come to be placed. Whoever is claimed and not yet
 * called when n8n dies is not called any more; so few are claimed at once.
 */
export class ClaimQueue<Call> {
	/** How many calls have entered, are claimed, and have left. They do so in order. */
	private entered = 0;

	private claimed = 0;

	private left = 0;

	private claiming?: Promise<void>;

	/** How many calls the newest claim was for, and when it was made. */
	private newest = { size: 0, at: 0 };

	/**
	 * @param calls all calls of the list, in the order in which they will enter
	 * @param limit how many calls this process may have claimed and not yet placed
	 * @param claim claims calls; it never rejects
	 */
	constructor(
		private readonly calls: readonly Call[],
		private readonly limit: number,
		private readonly claim: (calls: readonly Call[]) => Promise<void>,
	) {
		inProcess.lists += 1;
	}

	/** Resolves once the next call is claimed. `leave` must follow. */
	async enter(): Promise<void> {
		this.entered += 1;
		const place = this.entered;
		while (this.claimed < place) {
			this.claiming ??= this.claimMore().finally(() => (this.claiming = undefined));
			await this.claiming;
		}
	}

	/** Keeps room for calls whose claims are being given back: until then, they count as claimed. */
	async whileGivenBack(count: number, work: Promise<unknown>): Promise<void> {
		inProcess.reserved += count;
		inProcess.claiming += 1;
		await work;
		inProcess.claiming -= 1;
		makeRoom(count);
	}

	/** A call that has entered is placed now, or is not to be placed. */
	leave(): void {
		this.giveBack(1);
	}

	/**
	 * To be called at the end.
	 * @param release gets the calls that were claimed and have never entered
	 */
	async close(release: (unused: readonly Call[]) => void): Promise<void> {
		await this.claiming;
		release(this.calls.slice(this.entered, this.claimed));
		inProcess.lists -= 1;
		this.giveBack(this.claimed - this.left);
	}

	private async claimMore(): Promise<void> {
		// Those that are placed at the same time enter one after the other, but in the same moment.
		if (this.claimed === 0) await sleep(0);
		const size = await this.reserve();
		inProcess.claiming += 1;
		await this.claim(this.calls.slice(this.claimed, this.claimed + size));
		inProcess.claiming -= 1;
		this.claimed += size;
		this.newest = { size, at: Date.now() };
	}

	/** How many calls to claim now: what can be called at once, or more where calls take no time. */
	private size(): number {
		const waiting = this.entered - this.claimed;
		if (inProcess.lists > 1) return Math.min(few, waiting);
		const { size, at } = this.newest;
		const isFast = Date.now() - at < fast * size;
		const wanted = Math.max(waiting, isFast ? 2 * size : few);
		return Math.min(wanted, this.limit, this.calls.length - this.claimed);
	}

	/** Waits until there is room, but not for calls of others that take long. */
	private async reserve(): Promise<number> {
		for (let isStuck = false; ; ) {
			const { reserved, moves } = inProcess;
			const room = this.limit - reserved;
			const wanted = this.size();
			const size = isStuck ? Math.max(1, Math.min(wanted, room)) : wanted;
			if (reserved === 0 || size <= room || isStuck) {
				inProcess.reserved += size;
				return size;
			}
			await new Promise<void>((resolve) => {
				inProcess.waiting.add(resolve);
				void sleep(patience).then(resolve);
			});
			isStuck = moves === inProcess.moves && inProcess.claiming === 0;
		}
	}

	private giveBack(count: number): void {
		this.left += count;
		makeRoom(count);
	}
}

function makeRoom(count: number): void {
	inProcess.reserved -= count;
	inProcess.moves += 1;
	for (const wake of inProcess.waiting) wake();
	inProcess.waiting.clear();
}
