import type { Cluster } from '../queue/support/cluster';
import type { Executions } from './executions';

/** How often an execution is run again, and n8n asked to do so, before it is given up. */
const most = 4;

/** How long n8n may take until a re-run is in its database, in ms. */
const patience = 20_000;

/** Runs again what failed, as the editor's "Retry" does. */
export class Reruns {
	/** Why n8n does not run executions again, by their ID. */
	readonly refusals = new Map<number, string>();

	private readonly asked = new Map<number, { times: number; at: number }>();

	/** How many of the executions before it an execution repeats. */
	private readonly depths = new Map<number, number>();

	constructor(
		private readonly cluster: Pick<Cluster, 'session'>,
		private readonly executions: Executions,
	) {}

	/** Asks n8n to run again what failed. Returns how many executions are not run again yet. */
	async run(): Promise<number> {
		let open = 0;
		for (const { id, retryOf } of await this.executions.failed()) {
			const depth = retryOf === undefined ? 0 : (this.depths.get(retryOf) ?? 0) + 1;
			this.depths.set(id, depth);
			const { times, at } = this.asked.get(id) ?? { times: 0, at: 0 };
			if (depth >= most || times >= most) {
				const why = depth >= most ? `failed ${depth + 1} times` : 'n8n does not answer';
				if (!this.refusals.has(id)) this.refusals.set(id, why);
				continue;
			}
			open += 1;
			if (Date.now() - at < patience) continue;
			this.asked.set(id, { times: times + 1, at: Date.now() });
			this.ask(id);
		}
		return open;
	}

	/** n8n answers once the re-run has ended, and not at all while main is down. */
	private ask(id: number): void {
		const route = `/rest/executions/${id}/retry`;
		const isDown = () => this.asked.set(id, { times: 0, at: Date.now() });
		this.cluster.session.send('POST', route, { loadWorkflow: false }).then(({ status, text }) => {
			if (status > 500) isDown();
			else if (status >= 400) this.refusals.set(id, `${status} ${text.slice(0, 200)}`);
		}, isDown);
	}
}
