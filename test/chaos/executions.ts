import { parse } from 'flatted';
import type { OutputItem } from '../../scripts/lib/workflows';
import type { Cluster } from '../queue/support/cluster';
import type { Answer, Run } from './judge';

type Start = Pick<Run, 'list' | 'result'>;

type Output = Array<OutputItem[] | null> | undefined;

/** The parts of n8n's stored execution data that are read here. */
interface StoredData {
	resultData?: {
		error?: { message?: string };
		runData?: Record<string, Array<{ data?: { main?: Output } }>>;
	};
	executionData?: { nodeExecutionStack?: Array<{ data?: { main?: Output } }> };
}

/** How many executions are read at a time. */
const page = 200;

/** Reads the executions from n8n's database, since its API is not there while main is down. */
export class Executions {
	/** What each execution began with: n8n discards the data of some. */
	private readonly starts = new Map<number, Start>();

	private last = 0;

	constructor(private readonly cluster: Pick<Cluster, 'query'>) {}

	/** Remembers the lists of new executions. */
	async watch(): Promise<void> {
		// They may appear in another order than that of their IDs.
		const runs = await this.read(`e.id > ${this.last - 20}`);
		this.last = runs.at(-1)?.id ?? this.last;
	}

	/** How many have not ended. */
	async countOpen(): Promise<number> {
		const [row] = await this.cluster.query(
			"SELECT count(*) FROM execution_entity WHERE status IN ('new', 'running', 'waiting')",
		);
		return Number(row?.count);
	}

	/** Those that failed and were not run again. */
	async failed(): Promise<Array<Pick<Run, 'id' | 'retryOf' | 'isEmpty'>>> {
		const rows = await this.cluster.query(`
			SELECT e.id, e."retryOf", d.data FROM execution_entity e
			LEFT JOIN execution_data d ON d."executionId" = e.id
			WHERE e.status IN ('crashed', 'error') AND NOT EXISTS (
				SELECT 1 FROM execution_entity r WHERE r."retryOf" = e.id::text)`);
		return rows.map(({ id, retryOf, data }) => ({
			id: Number(id),
			retryOf: toId(retryOf),
			isEmpty: typeof data === 'string' && isEmpty(parse(data) as StoredData),
		}));
	}

	/** All of them, from the first to the last. */
	async all(): Promise<Run[]> {
		return await this.read('true');
	}

	private async read(condition: string): Promise<Run[]> {
		const runs: Run[] = [];
		for (let last = 0; ; ) {
			const rows = await this.cluster.query(`
				SELECT e.id, e.status, e."retryOf", d.data FROM execution_entity e
				LEFT JOIN execution_data d ON d."executionId" = e.id
				WHERE (${condition}) AND e.id > ${last} ORDER BY e.id LIMIT ${page}`);
			for (const { id, status, retryOf, data } of rows) {
				last = Number(id);
				const stored = typeof data === 'string' ? (parse(data) as StoredData) : {};
				const start = this.starts.get(last) ?? startOf(stored);
				if (start.list ?? start.result) this.starts.set(last, start);
				runs.push({
					id: last,
					retryOf: toId(retryOf),
					status: String(status),
					error: stored.resultData?.error?.message,
					isEmpty: isEmpty(stored),
					...start,
					answers: answersIn(stored, 'AlloMia'),
					events: answersIn(stored, 'AlloMia Trigger'),
				});
			}
			if (rows.length < page) return runs;
		}
	}
}

const toId = (value: unknown) => (value === null ? undefined : Number(value));

/** Whether there is nothing left that a retry could do. */
const isEmpty = ({ resultData, executionData }: StoredData) =>
	Object.keys(resultData?.runData ?? {}).length === 0 &&
	(executionData?.nodeExecutionStack ?? []).length === 0;

function outputOf({ resultData }: StoredData, node: string): OutputItem[] {
	const runs = resultData?.runData?.[node] ?? [];
	return runs.flatMap(({ data }) => (data?.main ?? []).flatMap((items) => items ?? []));
}

/** The list or the result that was posted, in a trigger's output, or in what it had not handed on yet. */
function startOf(stored: StoredData): Start {
	const posted = [
		...outputOf(stored, 'Webhook'),
		...outputOf(stored, 'AlloMia Trigger'),
		...(stored.executionData?.nodeExecutionStack ?? []).flatMap(({ data }) =>
			(data?.main ?? []).flatMap((items) => items ?? []),
		),
	].map(({ json }) => json);
	const list = posted
		.map(({ body }) => (body as { list?: string } | undefined)?.list)
		.find(Boolean);
	if (list !== undefined) return { list };
	return {
		result: posted.map(({ outboundCallId }) => outboundCallId as string | undefined).find(Boolean),
	};
}

function answersIn(stored: StoredData, node: string): Answer[] {
	return outputOf(stored, node).map(({ json, pairedItem }) => {
		const { metadata, phone } = json as { metadata?: { phone?: string }; phone?: string };
		return {
			...(json as Omit<Answer, 'index'>),
			// After a wait, n8n links items to those at the same position of each output.
			phone: metadata?.phone ?? phone,
			index: (pairedItem as { item?: number } | undefined)?.item,
		};
	});
}
