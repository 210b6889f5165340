/**
 * Remembers the keys of recent events, at most `capacity`. Beyond that, the owner with the most keys loses its
 * oldest, so that busy owners do not affect others. It is limited to one process: n8n has no shared store for
 * webhooks.
 */
export class RecentKeys {
	private readonly keys = new Map<string, Set<string>>();

	private size = 0;

	constructor(private readonly capacity: number) {}

	has(owner: string, key: string): boolean {
		return this.keys.get(owner)?.has(key) ?? false;
	}

	/** Adds a key. Returns false if it was known already. */
	add(owner: string, key: string): boolean {
		const own = this.keys.get(owner) ?? new Set();
		if (own.has(key)) return false;
		this.keys.set(owner, own.add(key));
		this.size += 1;
		if (this.size > this.capacity) this.evict();
		return true;
	}

	remove(owner: string, key: string): void {
		const own = this.keys.get(owner);
		if (!own?.delete(key)) return;
		if (own.size === 0) this.keys.delete(owner);
		this.size -= 1;
	}

	private evict(): void {
		let [largest, most]: [string, ReadonlySet<string>] = ['', new Set()];
		for (const [owner, own] of this.keys) if (own.size > most.size) [largest, most] = [owner, own];
		const [oldest = ''] = most;
		this.keys.get(largest)?.delete(oldest);
		if (most.size === 0) this.keys.delete(largest);
		this.size -= 1;
	}
}
