/**
 * Lines of callbacks that wait for something, by name, so that nobody waits because of those in another
 * line. n8n keeps some 11 MB for each callback until it is answered: few may wait at the same time.
 */
export class WaitingLines {
	/** How many wait in each. One that nobody waits in has no entry. */
	private readonly waiting = new Map<string, number>();

	constructor(private readonly mostInAll: number) {}

	/**
	 * Waits for `body` in a line.
	 * @returns its result, or undefined at once where too many wait already
	 */
	async wait<T>(line: string, most: number, body: () => Promise<T>): Promise<T | undefined> {
		const here = this.waiting.get(line) ?? 0;
		const inAll = [...this.waiting.values()].reduce((sum, count) => sum + count, 0);
		if (here >= most || inAll >= this.mostInAll) return undefined;
		this.waiting.set(line, here + 1);
		try {
			return await body();
		} finally {
			const left = (this.waiting.get(line) ?? 1) - 1;
			if (left > 0) this.waiting.set(line, left);
			else this.waiting.delete(line);
		}
	}
}
