/** The maximum delay of setTimeout; anything longer means never. */
const longest = 2 ** 31 - 1;

/** Timers that can be cancelled together, and do not keep the process alive. */
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

	/** Resolves later; never if the timers are cancelled before. */
	wait(ms: number): Promise<void> {
		return new Promise((resolve) => this.after(ms, resolve));
	}

	/** Cancels all timers. */
	clear(): void {
		this.pending.forEach((timer) => clearTimeout(timer));
		this.pending.clear();
	}
}

/** Formats a timestamp as documented: UTC, whole seconds. */
export function timestamp(ms: number): string {
	return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
