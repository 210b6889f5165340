/**
 * The last events seen, as many as `capacity` in all. Where there are too many, the oldest of the owner
 * with the most is forgotten, so that one with many takes nothing from the others. It lives in one
 * process: n8n offers webhooks no shared store.
 */
export class RecentKeys {
	private readonly keys = new Map<string, Set<string>>();

	private size = 0;

	constructor(private readonly capacity: number) {}

	has(owner: string, key: string): boolean {
		return this.keys.get(owner)?.has(key) ?? false;
	}

	/** Remembers the key; false where it was known already. */
	add(owner: string, key: string): boolean {
		const own = this.keys.get(owner) ?? new Set();
		if (own.has(key)) return false;
		this.keys.set(owner, own.add(key));
		this.size += 1;
		if (this.size > this.capacity) this.forget();
		return true;
	}

	private forget(): void {
		let [largest, most]: [string, ReadonlySet<string>] = ['', new Set()];
		for (const [owner, own] of this.keys) if (own.size > most.size) [largest, most] = [owner, own];
		const [oldest = ''] = most;
		this.keys.get(largest)?.delete(oldest);
		if (most.size === 0) this.keys.delete(largest);
		this.size -= 1;
	}
}
