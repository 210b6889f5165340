import { grace } from './reconciliation';

interface Wait {
	/** Its name. */
	wait: string;
	/** When it is over, in ms since 1970. */
	deadline: number;
	calls: ReadonlyMap<string, unknown>;
}

/** What a process knows of waits, as many as `capacity` allows: the oldest are forgotten, and those that are over. */
export class WaitCache<T extends Wait> {
	private readonly known = new Map<string, T>();

	private calls = 0;

	constructor(private readonly capacity: { waits: number; calls: number }) {}

	get(wait: string): T | undefined {
		return this.known.get(wait);
	}

	add(newest: T): void {
		this.forget(newest.wait);
		this.known.set(newest.wait, newest);
		this.calls += newest.calls.size;
		for (const { wait, deadline } of this.known.values()) {
			const isOver = Date.now() > deadline + grace;
			const isTooMuch = this.known.size > this.capacity.waits || this.calls > this.capacity.calls;
			if (wait === newest.wait || !(isOver || isTooMuch)) break;
			this.forget(wait);
		}
	}

	private forget(wait: string): void {
		this.calls -= this.known.get(wait)?.calls.size ?? 0;
		this.known.delete(wait);
	}
}
