/** In place of the ledger, for the node that it is measured against: everybody is called. */
export class Ledger {
	static open(): Ledger {
		return new Ledger();
	}

	readonly isStopped = false;

	recalled(): undefined {}

	async claim() {
		return { kind: 'dial' };
	}

	settle(): void {}

	async close(): Promise<void> {}
}
