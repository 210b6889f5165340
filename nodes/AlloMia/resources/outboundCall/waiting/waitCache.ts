import { grace } from './reconciliation';

interface Wait {
	/** Identifies the wait: see `WaitingState`. */
	wait: string;
	/** In ms since 1970. */
	deadline: number;
	calls: ReadonlyMap<string, unknown>;
}

/** Caches what a process knows of waits. The oldest are evicted beyond the capacity, and after their deadline. */
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
