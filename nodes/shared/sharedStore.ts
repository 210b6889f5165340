import { sleep, type IExecuteFunctions } from 'n8n-workflow';

/** The rows of the store: one for each node, and one for each workflow. */
export type Row = 'node' | 'workflow';

export interface Recorded {
	/** The values that were in the row before. */
	known: ReadonlySet<string>;
	/** How long it took to read and write the row, in ms. */
	took: number;
	/** Whether an earlier try failed, so that what is known may be what that one wrote. */
	retried: boolean;
}

type Helpers = Pick<IExecuteFunctions['helpers'], 'checkProcessedAndRecord' | 'removeProcessed'>;

interface Request {
	work: 'record' | 'remove';
	helpers: Helpers;
	row: Row;
	values: readonly string[];
	/** How many of the newest values stay in the row. */
	keep: number;
	resolve: (recorded: Recorded) => void;
	reject: (error: unknown) => void;
}

/** The waits between the tries of a write, in ms: a database that is busy, or starts again, comes back. */
const waits = [25, 50, 100, 200, 400, 800, 1_600];

/** The requests that wait for their turn, by the row that they are for. */
const queues = new Map<string, Request[]>();

/** The rows that could not be written. They are tried once only, until that succeeds. */
const broken = new Set<string>();

/** The workflows whose row holds dates or numbers of n8n's Remove Duplicates. */
const occupied = new Set<string>();

/**
 * n8n's de-duplication store: sets of values that outlive a process and are shared by all processes.
 * n8n reads and writes a row whole and without a lock; so this process does one thing at a time with it,
 * and what came together is done together. What other processes do at the same time can undo it: see
 * `Claims`.
 *
 * The row of the workflow belongs to all of its nodes. Where it is occupied, the node's own row serves
 * for both.
 */
export class SharedStore {
	private readonly helpers: Helpers;

	private readonly workflow: string;

	private readonly node: string;

	/** Keeps only what is needed of the context: a store may outlive its execution. */
	constructor(context: IExecuteFunctions) {
		const { checkProcessedAndRecord, removeProcessed } = context.helpers;
		this.helpers = { checkProcessedAndRecord, removeProcessed };
		this.workflow = String(context.getWorkflow().id);
		this.node = `${this.workflow}/${context.getNode().id}`;
	}

	/**
	 * Records values, and says which of them were known.
	 * @param keep how many of the newest values stay in the row; all unless given
	 * @throws what n8n's database says, where it cannot be written
	 */
	async record(row: Row, values: readonly string[], keep = Infinity): Promise<Recorded> {
		return await this.request('record', row, values, keep);
	}

	/**
	 * Takes values out again.
	 * @throws what n8n's database says, where it cannot be written
	 */
	async remove(row: Row, values: readonly string[]): Promise<void> {
		if (values.length > 0) await this.request('remove', row, values, Infinity);
	}

	private async request(
		work: Request['work'],
		wanted: Row,
		values: readonly string[],
		keep: number,
	): Promise<Recorded> {
		const row = occupied.has(this.workflow) ? 'node' : wanted;
		const name = row === 'node' ? this.node : this.workflow;
		const answer = new Promise<Recorded>((resolve, reject) => {
			const request = { work, helpers: this.helpers, row, values, keep, resolve, reject };
			const waiting = queues.get(name);
			if (waiting) {
				waiting.push(request);
				return;
			}
			queues.set(name, [request]);
			void serve(name);
		});
		if (row === 'node') return await answer;
		return await answer.catch(async (error: unknown) => {
			if (!isOccupied(error)) return await answer;
			occupied.add(this.workflow);
			return await this.request(work, wanted, values, keep);
		});
	}
}

/** Serves a row until nothing more is asked of it. */
async function serve(name: string): Promise<void> {
	const waiting = queues.get(name) ?? [];
	for (;;) {
		const [first] = waiting;
		if (!first) break;
		const end = waiting.findIndex(({ work }) => work !== first.work);
		const batch = waiting.splice(0, end < 0 ? waiting.length : end);
		try {
			const values = [...new Set(batch.flatMap((request) => request.values))];
			const keep = Math.max(...batch.map((request) => request.keep));
			const { known, took, retried } = await perform(name, { ...first, values, keep });
			const seen = new Set(known);
			for (const { values: own, resolve } of batch) {
				resolve({ known: new Set(own.filter((value) => seen.has(value))), took, retried });
				// Of two that came together with the same value, the first has it.
				own.forEach((value) => seen.add(value));
			}
		} catch (error) {
			batch.forEach(({ reject }) => reject(error));
		}
	}
	queues.delete(name);
}

async function perform(name: string, request: Request): Promise<Recorded> {
	for (let attempt = 0; ; attempt += 1) {
		const begun = Date.now();
		const written = write(request);
		const failure = await written.then(
			() => undefined,
			(error: unknown) => error ?? 'unknown',
		);
		const wait = broken.has(name) || isFinal(failure) ? undefined : waits[attempt];
		if (failure !== undefined && wait !== undefined) {
			await sleep(wait * (1 + Math.random() / 2));
			continue;
		}
		if (failure === undefined) broken.delete(name);
		else broken.add(name);
		return { known: new Set(await written), took: Date.now() - begun, retried: attempt > 0 };
	}
}

async function write({ work, helpers, row, values, keep }: Request): Promise<string[]> {
	if (work === 'remove') {
		await helpers.removeProcessed([...values], row, { mode: 'entries' });
		return [];
	}
	const options = keep === Infinity ? {} : { maxEntries: keep };
	const { processed } = await helpers.checkProcessedAndRecord([...values], row, {
		mode: 'entries',
		...options,
	});
	return processed.map(String);
}

/** Whether trying again cannot help: the row is of another kind, or the workflow was never saved. */
function isFinal(error: unknown): boolean {
	return isOccupied(error) || (error as { code?: unknown } | undefined)?.code === 'ERR_ASSERTION';
}

/** Whether Remove Duplicates keeps something else than values in the row. */
function isOccupied(error: unknown): boolean {
	return String(error).includes('incompatible setting');
}
