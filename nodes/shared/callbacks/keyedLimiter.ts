/**
 * Limits how many tasks run at a time, per key and overall. Tasks beyond a limit are rejected rather than
 * queued: n8n holds some 11 MB for each callback until it is answered.
 */
export class KeyedLimiter {
	/** The number of running tasks by key. Keys without any have no entry. */
	private readonly running = new Map<string, number>();

	/** @param maxOverall how many tasks of all keys may run at a time */
	constructor(private readonly maxOverall: number) {}

	/**
	 * Runs a task.
	 * @param max how many tasks of this key may run at a time
	 * @returns the task's result, or undefined at once if a limit is reached
	 */
	async run<T>(key: string, max: number, task: () => Promise<T>): Promise<T | undefined> {
		const ofKey = this.running.get(key) ?? 0;
		const overall = [...this.running.values()].reduce((sum, count) => sum + count, 0);
		if (ofKey >= max || overall >= this.maxOverall) return undefined;
		this.running.set(key, ofKey + 1);
		try {
			return await task();
		} finally {
			const left = (this.running.get(key) ?? 1) - 1;
			if (left > 0) this.running.set(key, left);
			else this.running.delete(key);
		}
	}
}
