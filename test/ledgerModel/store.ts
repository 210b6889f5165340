import type { Mortal, World } from './world';

/**
 * n8n's de-duplication store as n8n 2.41 has it: a row of values for each node and each workflow, read
 * and written whole and without a lock, the oldest cut off where a limit is given.
 */
export class ModelStore {
	readonly rows = new Map<string, string[]>();

	/** Whether the database does not answer. */
	isDown = false;

	/** How long the next write stalls at most after the row was read, in ms. */
	stall = 0;

	constructor(private readonly world: World) {}

	/** The helpers that n8n gives to a node of a process. */
	helpersFor(process: Mortal, nodeId: string) {
		const nameOf = (scope: string) => (scope === 'node' ? nodeId : '');
		return {
			checkProcessedAndRecord: async (
				items: string[],
				scope: string,
				{ maxEntries }: { maxEntries?: number },
			) => {
				const name = nameOf(scope);
				const row = await this.read(name, process);
				const known = new Set(row);
				const processed = items.filter((item) => known.has(item));
				const fresh = items.filter((item) => !known.has(item));
				const next = [...(row ?? []), ...fresh];
				if (maxEntries) next.splice(0, next.length - maxEntries);
				await this.write(name, next, process);
				return { new: fresh, processed };
			},
			removeProcessed: async (items: string[], scope: string) => {
				const name = nameOf(scope);
				const row = await this.read(name, process);
				if (!row) return;
				const next = [...row];
				for (const item of items) {
					const at = next.indexOf(item);
					if (at >= 0) next.splice(at, 1);
				}
				await this.write(name, next, process);
			},
			getProcessedDataCount: async (scope: string) =>
				(await this.read(nameOf(scope), process))?.length ?? 0,
		};
	}

	private async read(name: string, process: Mortal): Promise<string[] | undefined> {
		await this.world.sleep(this.world.below(4), process);
		this.fail();
		return this.rows.get(name);
	}

	private async write(name: string, row: string[], process: Mortal): Promise<void> {
		const { stall } = this;
		this.stall = 0;
		await this.world.sleep(1 + this.world.below(Math.max(4, stall)), process);
		this.fail();
		this.rows.set(name, row);
		await this.world.sleep(this.world.below(3), process);
		// The answer may get lost.
		this.fail();
	}

	private fail(): void {
		if (this.isDown) throw new Error('The database does not answer');
	}
}
