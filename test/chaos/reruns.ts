import type { Cluster } from '../queue/support/cluster';
import type { Executions } from './executions';

/** How often an execution is run again before it is given up: n8n may have no database for a minute. */
const most = 20;

/** How long n8n may take until a re-run is in its database, in ms. */
const patience = 20_000;

/** Runs again what failed, as the editor's "Retry" does. */
export class Reruns {
	/** The executions that n8n does not run again. */
	private readonly refused = new Set<number>();

	private readonly asked = new Map<number, { times: number; at: number }>();

	/** How many of n8n's answers are awaited: they come once a re-run has ended. */
	private awaited = 0;

	constructor(
		private readonly cluster: Pick<Cluster, 'session'>,
		private readonly executions: Executions,
	) {}

	/** Asks n8n to run again what failed. Returns how many executions are to be run again yet. */
	async run(): Promise<number> {
		let open = 0;
		for (const { id, retryOf, isEmpty } of await this.executions.failed()) {
			// Where n8n has discarded the data of a re-run, the execution that it repeats is run again.
			const target = isEmpty || this.refused.has(id) ? retryOf : id;
			if (target === undefined || this.refused.has(target)) continue;
			const { times, at } = this.asked.get(target) ?? { times: 0, at: 0 };
			if (times >= most) continue;
			open += 1;
			if (Date.now() - at < patience) continue;
			this.asked.set(target, { times: times + 1, at: Date.now() });
			void this.ask(target);
		}
		return open + this.awaited;
	}

	private async ask(id: number): Promise<void> {
		this.awaited += 1;
		try {
			const route = `/rest/executions/${id}/retry`;
			const { session } = this.cluster;
			const { status } = await session.send('POST', route, { loadWorkflow: false });
			if (status >= 400 && status <= 500) this.refused.add(id);
			if (status > 500) this.asked.delete(id);
		} catch {
			// Main is down, or it takes long.
		} finally {
			this.awaited -= 1;
		}
	}
}
