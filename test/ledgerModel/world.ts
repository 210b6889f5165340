import { seeded } from '../random';

/** Time, chance and processes of a model: everything that happens is an event of its own. */
export class World {
	now = 1_000_000;

	private order = 0;

	private readonly events: Array<{ at: number; order: number; owner?: Mortal; run: () => void }> =
		[];

	/** Evenly spread from 0 up to 1. */
	readonly random: () => number;

	constructor(seed: number) {
		this.random = seeded(seed);
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
