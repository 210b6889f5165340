/** The longest delay that setTimeout takes; anything beyond means never. */
const longest = 2 ** 31 - 1;

/** Timers that can all be dropped at once and never keep the process alive. */
export class Timers {
	private readonly pending = new Set<NodeJS.Timeout>();

	/** Runs something later. */
	after(ms: number, run: () => void): void {
		if (!(ms <= longest)) return;
		const timer = setTimeout(
			() => {
				this.pending.delete(timer);
				run();
			},
			Math.max(0, ms),
		);
		timer.unref();
		this.pending.add(timer);
	}

	/** Resolves later; not at all when the timers are dropped first. */
	wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.after(ms, resolve));
	}

	/** Drops everything that has not run yet. */
	clear(): void {
		this.pending.forEach((timer) => clearTimeout(timer));
		this.pending.clear();
	}
}

/** A documented timestamp: UTC, whole seconds. */
export function timestamp(ms: number): string {
	return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
