import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../scripts/lib/workflows';
import { parts, type Cluster, type Part } from '../queue/support/cluster';
import type { Sample } from './growth';

/** How long until memory is measured again, in ms. */
const interval = 10_000;

/** Starts every part of n8n again when it has ended, as an operating system or a cluster does. */
export class Supervisor {
	readonly samples: Sample[] = [];

	private isStopped = false;

	/** What processes hold that have nothing to do says nothing. */
	private measuredUntil = Infinity;

	private readonly keeping: Array<Promise<void>>;

	constructor(private readonly cluster: Cluster) {
		this.keeping = [...parts.map(async (part) => await this.keep(part)), this.measure()];
	}

	/** Waits until all parts are running. */
	async allUp(): Promise<void> {
		await until('all parts of n8n to run', () => this.down().length === 0, 300_000);
	}

	measureUntil(end: number): void {
		this.measuredUntil = end;
	}

	private async measure(): Promise<void> {
		while (!this.isStopped && Date.now() < this.measuredUntil) {
			this.cluster.collectGarbage(parts);
			for (let waited = 0; waited < interval && !this.isStopped; waited += 500) await delay(500);
			for (const part of parts) {
				const memory = this.cluster.memoryOf(part);
				const isKnown = this.samples.some(
					({ pid, age }) => pid === memory?.pid && age === memory.age,
				);
				if (memory && !isKnown) this.samples.push({ part, ...memory });
			}
		}
	}

	async stop(): Promise<void> {
		this.isStopped = true;
		await Promise.all(this.keeping);
	}

	private down(): Part[] {
		return parts.filter((part) => !this.cluster.processOf(part));
	}

	private async keep(part: Part): Promise<void> {
		while (!this.isStopped) {
			if (!this.cluster.processOf(part)) {
				// It may not start while its database is away.
				await this.cluster.start(part).catch(() => undefined);
			}
			await delay(500);
		}
	}
}
