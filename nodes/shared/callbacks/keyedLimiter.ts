/**
 * Lines of callbacks that wait for something, by name, so that nobody waits because of those in another
 * line. n8n keeps some 11 MB for each callback until it is answered: few may wait at the same time.
 */
export class KeyedLimiter {
	/** How many wait, by line. One that nobody waits in has no entry. */
	private readonly lines = new Map<string, number>();

	constructor(private readonly mostInAll: number) {}

	/**
	 * Waits for `body` in a line.
	 * @param most how many may wait in the line
	 * @returns its result, or undefined at once where too many wait already
	 */
	async run<T>(name: string, most: number, body: () => Promise<T>): Promise<T | undefined> {
		const inLine = this.lines.get(name) ?? 0;
		const inAll = [...this.lines.values()].reduce((sum, count) => sum + count, 0);
		if (inLine >= most || inAll >= this.mostInAll) return undefined;
		this.lines.set(name, inLine + 1);
		try {
			return await body();
		} finally {
			const left = (this.lines.get(name) ?? 1) - 1;
			if (left > 0) this.lines.set(name, left);
			else this.lines.delete(name);
		}
	}
}
