/** Time, chance and processes of a model: everything that happens is an event of its own. */
export class World {
	now = 1_000_000;

	private seed: number;

	private order = 0;

	private readonly events: Array<{ at: number; order: number; owner?: Mortal; run: () => void }> =
		[];

	constructor(seed: number) {
		this.seed = seed >>> 0;
	}

	/** Evenly spread from 0 up to 1 (mulberry32). */
	random(): number {
		this.seed = (this.seed + 0x6d2b79f5) >>> 0;
		let t = this.seed;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number from 0 up to `end`, without it. */
	below(end: number): number {
		return Math.floor(this.random() * end);
	}

	/** Lets something happen later, unless its owner is dead by then. */
	after(ms: number, run: () => void, owner?: Mortal): void {
		this.order += 1;
		this.events.push({ at: this.now + ms, order: this.order, owner, run });
	}

	/** Resolves later; never if its owner is dead by then. */
	async sleep(ms: number, owner?: Mortal): Promise<void> {
		await new Promise<void>((resolve) => this.after(ms, resolve, owner));
	}

	/** Lets everything happen until it is over. */
	async run(limit = 100_000): Promise<void> {
		await settled();
		for (let count = 0; this.events.length > 0; count += 1) {
			if (count === limit) throw new Error('The model stands still, or goes on for ever');
			const { at, owner, run } = this.next();
			this.now = Math.max(this.now, at);
			if (owner?.isDead) continue;
			run();
			await settled();
		}
	}

	private next() {
		let first = 0;
		for (let index = 1; index < this.events.length; index += 1) {
			const [a, b] = [this.events[index], this.events[first]];
			if (a && b && (a.at < b.at || (a.at === b.at && a.order < b.order))) first = index;
		}
		const [event] = this.events.splice(first, 1);
		if (!event) throw new Error('There is no event');
		return event;
	}
}

export interface Mortal {
	isDead: boolean;
}

/** Resolves once nothing more follows from what has just happened: Node empties its promises before. */
async function settled(): Promise<void> {
	await new Promise<void>((resolve) => process.nextTick(resolve));
}
