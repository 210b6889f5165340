/** In place of the ledger, for the node that it is measured against: everybody is called. */
export class Ledger {
	static open(): Ledger {
		return new Ledger();
	}

	async claim() {
		return { kind: 'dial' };
	}

	async settle(): Promise<void> {}

	async close(): Promise<void> {}
}
