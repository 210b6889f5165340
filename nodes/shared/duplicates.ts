/**
 * The last events seen, as many as `capacity`. It lives in one process: n8n offers webhooks no
 * shared store.
 */
export class RecentKeys {
	private readonly keys = new Set<string>();

	constructor(private readonly capacity: number) {}

	has(key: string): boolean {
		return this.keys.has(key);
	}

	/** Remembers the key; false where it was known already. */
	add(key: string): boolean {
		if (this.keys.has(key)) return false;
		this.keys.add(key);
		if (this.keys.size > this.capacity) {
			const [oldest] = this.keys;
			if (oldest !== undefined) this.keys.delete(oldest);
		}
		return true;
	}
}
