import { sleep, type IExecuteFunctions } from 'n8n-workflow';

/** What was in the store before, and how long it took to read and write it, in ms. */
export interface Recorded {
	known: ReadonlySet<string>;
	took: number;
}

interface Request {
	work: 'record' | 'remove';
	context: IExecuteFunctions;
	values: readonly string[];
	/** How many of the newest values are kept. */
	keep: number;
	resolve: (recorded: Recorded) => void;
	reject: (error: unknown) => void;
}

/** How often a write is tried: two that create the same row collide, and a busy database refuses. */
const tries = 4;

/** The requests that wait for their turn, by the row that they are for. */
const rows = new Map<string, Request[]>();

/**
 * Records values in n8n's de-duplication store, a set for each node: it outlives a process, and all
 * processes share it. n8n reads and writes it whole and without a lock; so this process does one
 * thing at a time with it, and what came together is done together. What other processes do at the
 * same time can undo it: see `Claims`.
 * @throws what n8n's database says, where it cannot be written
 */
export async function record(
	context: IExecuteFunctions,
	values: readonly string[],
	keep: number,
): Promise<Recorded> {
	return await enqueue(context, 'record', values, keep);
}

/** Takes values out of the store again. */
export async function remove(context: IExecuteFunctions, values: readonly string[]): Promise<void> {
	await enqueue(context, 'remove', values, Infinity);
}

async function enqueue(
	context: IExecuteFunctions,
	work: Request['work'],
	values: readonly string[],
	keep: number,
): Promise<Recorded> {
	const row = `${context.getWorkflow().id}/${context.getNode().id}`;
	return await new Promise((resolve, reject) => {
		const request: Request = { work, context, values, keep, resolve, reject };
		const waiting = rows.get(row);
		if (waiting) {
			waiting.push(request);
			return;
		}
		rows.set(row, [request]);
		void serve(row);
	});
}

/** Serves a row until nothing more is asked of it. */
async function serve(row: string): Promise<void> {
	const waiting = rows.get(row) ?? [];
	for (;;) {
		const [first] = waiting;
		if (!first) break;
		const end = waiting.findIndex(({ work }) => work !== first.work);
		const batch = waiting.splice(0, end < 0 ? waiting.length : end);
		try {
			const values = [...new Set(batch.flatMap((request) => request.values))];
			const keep = Math.max(...batch.map((request) => request.keep));
			const { known, took } = await perform(first, values, keep);
			const seen = new Set(known);
			for (const { values: own, resolve } of batch) {
				resolve({ known: new Set(own.filter((value) => seen.has(value))), took });
				// Of two that came together with the same value, the first has it.
				own.forEach((value) => seen.add(value));
			}
		} catch (error) {
			batch.forEach(({ reject }) => reject(error));
		}
	}
	rows.delete(row);
}

async function perform(
	{ work, context: { helpers } }: Request,
	values: string[],
	keep: number,
): Promise<Recorded> {
	for (let attempt = 1; ; attempt += 1) {
		const begun = Date.now();
		try {
			if (work === 'remove') {
				await helpers.removeProcessed(values, 'node', { mode: 'entries' });
				return { known: new Set(), took: Date.now() - begun };
			}
			const options = { mode: 'entries', maxEntries: keep } as const;
			const { processed } = await helpers.checkProcessedAndRecord(values, 'node', options);
			return { known: new Set(processed.map(String)), took: Date.now() - begun };
		} catch (error) {
			// eslint-disable-next-line @n8n/community-nodes/require-node-api-error -- never seen by n8n: the ledger turns it into what becomes of the call
			if (attempt === tries) throw error;
			await sleep(attempt * (20 + Math.random() * 30));
		}
	}
}
