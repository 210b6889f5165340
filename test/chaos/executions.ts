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
	constructor(private readonly cluster: Pick<Cluster, 'query'>) {}

	/** Has the database keep what each execution begins with: n8n discards the data of some. */
	async keepStarts(): Promise<void> {
		await this.cluster.query(`
			CREATE TABLE chaos_starts (id int PRIMARY KEY, data text);
			CREATE FUNCTION keep_start() RETURNS trigger AS $$ BEGIN
				INSERT INTO chaos_starts VALUES (NEW."executionId", NEW.data);
				RETURN NEW;
			END $$ LANGUAGE plpgsql;
			CREATE TRIGGER keep_start AFTER INSERT ON execution_data
				FOR EACH ROW EXECUTE FUNCTION keep_start()`);
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
			isEmpty: isEmpty(toData(data)),
		}));
	}

	/** All of them, from the first to the last. */
	async all(): Promise<Run[]> {
		const runs: Run[] = [];
		for (let last = 0; ; ) {
			const rows = await this.cluster.query(`
				SELECT e.id, e.status, e."retryOf", d.data, s.data AS start FROM execution_entity e
				LEFT JOIN execution_data d ON d."executionId" = e.id
				LEFT JOIN chaos_starts s ON s.id = e.id
				WHERE e.id > ${last} ORDER BY e.id LIMIT ${page}`);
			for (const { id, status, retryOf, data, start } of rows) {
				last = Number(id);
				const stored = toData(data);
				runs.push({
					id: last,
					retryOf: toId(retryOf),
					status: String(status),
					error: stored.resultData?.error?.message,
					isEmpty: isEmpty(stored),
					...startOf(toData(start)),
					answers: answersIn(stored, 'AlloMia'),
					events: answersIn(stored, 'AlloMia Trigger'),
				});
			}
			if (rows.length < page) return runs;
		}
	}
}

const toData = (data: unknown) => (typeof data === 'string' ? (parse(data) as StoredData) : {});

const toId = (value: unknown) => (value === null ? undefined : Number(value));

/** Whether there is nothing left that a retry could do. */
const isEmpty = ({ resultData, executionData }: StoredData) =>
	Object.keys(resultData?.runData ?? {}).length === 0 &&
	(executionData?.nodeExecutionStack ?? []).length === 0;

function outputOf({ resultData }: StoredData, node: string): OutputItem[] {
	const runs = resultData?.runData?.[node] ?? [];
	return runs.flatMap(({ data }) => (data?.main ?? []).flatMap((items) => items ?? []));
}

/** The list or the result that was posted, which a new execution has not handed on yet. */
function startOf({ executionData }: StoredData): Start {
	const posted = (executionData?.nodeExecutionStack ?? [])
		.flatMap(({ data }) => (data?.main ?? []).flatMap((items) => items ?? []))
		.map(({ json }) => json);
	const list = posted
		.map(({ body }) => (body as { list?: string } | undefined)?.list)
		.find(Boolean);
	if (list !== undefined) return { list };
	return {
		result: posted.map(({ outboundCallId }) => outboundCallId as string | undefined).find(Boolean),
	};
}

function answersIn(stored: StoredData, node: string): Answer[] {
	// n8n adds an item of its own to nodes that were killed.
	const own = outputOf(stored, node).filter(({ json }) => !json.isArtificialRecoveredEventItem);
	return own.map(({ json, pairedItem }) => {
		const { metadata, phone } = json as { metadata?: { phone?: string }; phone?: string };
		return {
			...(json as Omit<Answer, 'index'>),
			// After a wait, n8n links items to those at the same position of each output.
			phone: metadata?.phone ?? phone,
			index: (pairedItem as { item?: number } | undefined)?.item,
		};
	});
}
