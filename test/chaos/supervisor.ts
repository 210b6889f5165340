import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../scripts/lib/workflows';
import { parts, type Cluster, type Part } from '../queue/support/cluster';

/** How much memory a process held, in MB, and when. */
export interface Sample {
	part: Part;
	at: number;
	megabytes: number;
}

/** Starts every part of n8n again when it has ended, as an operating system or a cluster does. */
export class Supervisor {
	readonly samples: Sample[] = [];

	private isStopped = false;

	private readonly keeping: Array<Promise<void>>;

	constructor(private readonly cluster: Cluster) {
		this.keeping = parts.map(async (part) => await this.keep(part));
	}

	/** Waits until all parts are running. */
	async allUp(): Promise<void> {
		await until('all parts of n8n to run', () => this.down().length === 0, 300_000);
	}

	/** Notes how much memory each process holds, where the system tells (Linux). */
	measure(): void {
		for (const part of parts) {
			const pid = this.cluster.processOf(part)?.child.pid;
			const kilobytes = pid && residentSet(pid);
			if (kilobytes) this.samples.push({ part, at: Date.now(), megabytes: kilobytes / 1024 });
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

function residentSet(pid: number): number | undefined {
	try {
		const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
		return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
	} catch {
		return undefined;
	}
}
