import type { IExecuteFunctions } from 'n8n-workflow';

/**
 * Marks in n8n's shared store that calls are about to be placed. They outlive a process that dies
 * in the middle, which the execution's own context does not.
 *
 * n8n keeps one row per node, read and written whole and without a lock. So: one mark per batch of
 * calls and not per call; a mark says "all items up to this one", so that a later mark makes up for
 * a lost earlier one; and writers of one process take turns.
 */
export class Marks {
	/** The last item that was marked by this attempt. */
	private marked = -1;

	private constructor(
		private readonly context: IExecuteFunctions,
		private readonly prefix: string,
		/** The last item that an attempt which died had marked, or -1. */
		readonly attempted: number,
	) {}

	/**
	 * @param attempt tells the attempts apart that the execution itself remembers
	 * @param run the node's run index
	 */
	static async open(context: IExecuteFunctions, run: string, attempt: number): Promise<Marks> {
		// The only thing that an execution and its re-run have in common.
		const origin = context.getExecutionContext?.()?.establishedAt ?? context.getExecutionId();
		const prefix = `${origin}/${run}/${attempt}`;
		const retry = context.getMode() === 'retry';
		// A job that is delivered twice has the same execution id, and is no retry.
		const started = `${prefix}/${context.getExecutionId()}`;
		const again = retry || (await record(context, [started])).includes(started);
		const attempted = again ? await lastMarked(context, prefix) : -1;
		return new Marks(context, prefix, attempted);
	}

	/** Marks the items from this one on, as many as are in flight at once, unless that was done. */
	async mark(itemIndex: number, inFlight: number): Promise<void> {
		if (itemIndex <= this.marked) return;
		this.marked = itemIndex + inFlight - 1;
		this.pending = record(this.context, [`${this.prefix}/${this.marked}`]);
		await this.pending;
	}

	/** Resolves once the newest mark is stored. */
	pending: Promise<unknown> = Promise.resolve();
}

/** The marks that a node keeps: some 25 bytes each, read and written with every new one. */
const maxEntries = 2000;

const turns = new Map<string, Promise<unknown>>();

/**
 * Stores the marks.
 * @returns those that were there already
 */
async function record(
	context: IExecuteFunctions,
	marks: string[],
	options: { maxEntries?: number } = { maxEntries },
): Promise<string[]> {
	return await inTurn(context, async () => {
		const { processed } = await context.helpers.checkProcessedAndRecord(marks, 'node', {
			mode: 'entries',
			...options,
		});
		return processed.map(String);
	});
}

/** The last item that was marked under this prefix, or -1. */
async function lastMarked(context: IExecuteFunctions, prefix: string): Promise<number> {
	// A batch may have been larger than what is left of the items.
	const count = context.getInputData().length + 100;
	const all = Array.from({ length: count }, (_, itemIndex) => `${prefix}/${itemIndex}`);
	// n8n cannot look without recording: what was not there is taken out again.
	const found = new Set(await record(context, all, {}));
	await inTurn(context, async () => {
		const added = all.filter((mark) => !found.has(mark));
		await context.helpers.removeProcessed(added, 'node', { mode: 'entries' });
		return [];
	});
	return all.reduce((last, mark, itemIndex) => (found.has(mark) ? itemIndex : last), -1);
}

/** Runs `work` after what this process is doing to the same row; a collision with another's first write is tried again. */
async function inTurn(
	context: IExecuteFunctions,
	work: () => Promise<string[]>,
): Promise<string[]> {
	const row = `${context.getWorkflow().id}/${context.getNode().id}`;
	const turn = (turns.get(row) ?? Promise.resolve()).then(async () => {
		try {
			return await work();
		} catch {
			try {
				return await work();
			} catch (error) {
				// The execution's own context still protects against every retry that n8n makes itself.
				context.logger.warn('AlloMia: the dispatch ledger could not be written', { error });
				return [];
			}
		}
	});
	turns.set(row, turn);
	try {
		return await turn;
	} finally {
		if (turns.get(row) === turn) turns.delete(row);
	}
}
