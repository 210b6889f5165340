import { randomUUID } from 'crypto';
import { sleep, type IExecuteFunctions } from 'n8n-workflow';

/** The rows of the store: one per node, and one per workflow. */
export type Row = 'node' | 'workflow';

/** The result of a write. */
export interface Recorded {
	/** The values that were in the row before. */
	known: ReadonlySet<string>;
	/** How long reading and writing the row took, in ms. */
	took: number;
	/** Whether an earlier attempt failed, which may have written the known values itself. */
	retried: boolean;
}

/** An error of n8n's database. */
interface Failed {
	error: unknown;
}

type Helpers = Pick<
	IExecuteFunctions['helpers'],
	'checkProcessedAndRecord' | 'getProcessedDataCount' | 'removeProcessed'
>;

/** Options of `hold`. */
export interface HoldOptions {
	/** How long another process may take to undo a write, in ms; longer if writes are slow. */
	settle?: number;
	/** The number of latest values to keep in the row. */
	keep?: number;
	/** An alternative name of a value, which counts as known but is not recorded. */
	otherName?: (value: string) => string;
	/** Further values to write again, in case that another process has undone them. */
	again?: () => readonly string[];
	/** Whether to remove the values again if they cannot be held. */
	undo?: boolean;
}

/** The result of `hold`. */
export interface Held {
	/** The values that were in the row before. */
	known: ReadonlySet<string>;
	/** Whether these may be this process's own, since a response of the database got lost. */
	mayBeOurs: boolean;
	/** Whether another process may have recorded the same values unnoticed. */
	mayBeOvertaken: boolean;
}

/** Values that are removed together. */
interface Batch {
	values: Array<() => readonly string[]>;
	/** The maxima of what is requested: see `takeOut`. */
	settle: number;
	within: number;
	done: Promise<void>;
}

/** A request to a row. */
interface Request {
	work: 'record' | 'remove' | 'find';
	helpers: Helpers;
	row: Row;
	values: readonly string[];
	/** The number of latest values to keep in the row. */
	keep: number;
	resolve: (outcome: Recorded | Failed) => void;
}

/** The waits between attempts to write, in ms, in case that the database is busy or restarting. */
const waits = [25, 50, 100, 200, 400, 800, 1_600];

/** The default time within which another process may undo a write, in ms. */
const shortly = 25;

/** The maximum number of obsolete values in a row before they are removed. */
const muchLitter = 20;

/** How often a write is repeated that another process has undone. */
const rewrites = 20;

/** The longest wait before a failed background task is retried, in ms. The first is 1 s; each further one is four times as long. */
const longestWait = 300_000;

/** The number of spare witnesses, for failed attempts. */
const spares = 5;

/** How often to check whether another process has undone a removal. */
const checks = 5;

/** The queued requests by row. */
const queues = new Map<string, Request[]>();

/** The rows that could not be written: there are no retries until a write succeeds. */
const broken = new Set<string>();

/** The workflows whose row is used by n8n's Remove Duplicates node, with another kind of values. */
const occupied = new Set<string>();

/**
 * n8n's de-duplication store: sets of values in n8n's database, shared by all processes. n8n reads and writes a
 * row as a whole and without a lock. Within this process, requests to a row are queued and batched; but other
 * processes may undo a write with what they had read before, so `hold` writes until the values stay.
 *
 * The workflow's row is shared by all of its nodes. If it is used for something else, the node's row replaces it.
 */
export class DeduplicationStore {
	private readonly helpers: Helpers;

	private readonly workflow: string;

	/** The name of the node's row: nodes of several workflows may have the same ID. */
	readonly node: string;

	/** Obsolete values that are to be removed. */
	private readonly litter: Record<Row, string[]> = { node: [], workflow: [] };

	/** The next batch to remove, and the removal in progress. */
	private readonly leaving: Partial<Record<Row, Batch>> = {};

	private readonly takingOut = { node: Promise.resolve(), workflow: Promise.resolve() };

	/**
	 * Keeps no reference to the context, since a store may outlive its execution.
	 * @param alone whether no other process writes to the rows
	 */
	constructor(
		context: IExecuteFunctions,
		readonly alone: boolean,
	) {
		const { checkProcessedAndRecord, getProcessedDataCount, removeProcessed } = context.helpers;
		this.helpers = { checkProcessedAndRecord, getProcessedDataCount, removeProcessed };
		this.workflow = String(context.getWorkflow().id);
		this.node = `${this.workflow}/${context.getNode().id}`;
	}

	/**
	 * Records values, and returns which of them were known.
	 * @param keep the number of latest values to keep in the row
	 * @throws n8n's error if its database cannot be written
	 */
	async record(row: Row, values: readonly string[], keep = Infinity): Promise<Recorded> {
		return await this.request('record', row, values, keep);
	}

	/**
	 * Removes values.
	 * @throws n8n's error if its database cannot be written
	 */
	async remove(row: Row, values: readonly string[]): Promise<void> {
		if (values.length > 0) await this.request('remove', row, values, Infinity);
	}

	/**
	 * Finds the values that are in the row. n8n has no lookup without recording, so that other processes see them
	 * there for a moment.
	 * @throws n8n's error if its database cannot be written
	 */
	async find(row: Row, values: readonly string[]): Promise<ReadonlySet<string>> {
		if (values.length === 0) return new Set();
		return (await this.request('find', row, values, Infinity)).known;
	}

	/**
	 * Records values until they stay.
	 * @throws n8n's error if its database cannot be written, or an error if other processes keep undoing it
	 */
	async hold(row: Row, values: readonly string[], options: HoldOptions = {}): Promise<Held> {
		const { settle = shortly, keep, otherName, again, undo = false } = options;
		const known = new Set<string>();
		const fresh = () => values.filter((value) => !known.has(value));
		// Unique values, which tell whether this write is still there.
		const tokens = this.alone ? [] : unique('token', undo ? spares : 1);
		const [token] = tokens;
		const temporary = new Set(tokens);
		/** Writes all values but those that others have recorded. */
		const write = async (isFirst: boolean) => {
			const others = otherName ? fresh().map(otherName) : [];
			const written = await this.record(
				row,
				[...tokens, ...fresh(), ...others, ...(again?.() ?? [])],
				keep,
			);
			const isThere = token !== undefined && written.known.has(token);
			fresh().forEach((value, index) => {
				const other = others[index] ?? value;
				if (isThere && !isFirst) return;
				if (written.known.has(value) || written.known.has(other)) known.add(value);
				if (other !== value) temporary[written.known.has(other) ? 'delete' : 'add'](other);
			});
			return { ...written, isThere };
		};
		const first = await write(true);
		let { took } = first;
		if (otherName && fresh().length > 0) {
			// Alternative names of known values are not needed, and others may want to record them.
			const needless = [...known].map(otherName).filter((name) => temporary.delete(name));
			await this.remove(row, needless).catch(() => undefined);
		}
		let isUnsure = false;
		const settled = async (): Promise<boolean> => {
			if (this.alone || fresh().length === 0) return true;
			for (let count = 0; count < rewrites; count += 1) {
				await sleep(Math.max(settle, 2 * took) * (1 + Math.random() / 4));
				const next = await write(false);
				if (next.isThere && !next.retried) return true;
				// It may have been written by an attempt whose response got lost.
				isUnsure ||= next.isThere;
				// Another process has undone it, with what it had read before.
				({ took } = next);
			}
			return false;
		};
		let isSettled = false;
		try {
			isSettled = await settled();
		} finally {
			if (!isSettled && undo) {
				// Only if the write is still there: another process may have claimed the values since.
				await this.takeOutBy(row, tokens, () => [...fresh(), ...temporary], 1, settle);
			} else {
				this.litter[row].push(...temporary);
				// A single token can wait for others to be removed with.
				const { length } = this.litter[row];
				if (temporary.size > 1 || length > muchLitter) await this.clean(row);
			}
		}
		if (!isSettled) throw new Error('Other processes keep undoing what was written');
		return {
			known,
			mayBeOurs: this.alone ? first.retried : first.isThere,
			// A write that slow may have undone what another process was sure of.
			mayBeOvertaken: isUnsure || (!this.alone && took > settle),
		};
	}

	/**
	 * Removes values until they stay removed. If another process writes back what it had read before, witnesses
	 * come back as well: that tells it from values that were recorded since.
	 * @param values the values that are still to be removed, read each time
	 * @param settle how long another process may take to undo the recording of witnesses, in ms
	 * @param within how long another process may take to write values back, in ms
	 */
	async takeOut(
		row: Row,
		values: () => readonly string[],
		{ settle = shortly, within = 300 } = {},
	): Promise<void> {
		if (this.alone) return await this.remove(row, values());
		// Requests during a removal are batched for the next one.
		let batch = this.leaving[row];
		if (batch) {
			batch.values.push(values);
			batch.settle = Math.max(batch.settle, settle);
			batch.within = Math.max(batch.within, within);
		} else {
			const next = { values: [values], settle, within };
			const done = this.takingOut[row].then(async () => {
				this.leaving[row] = undefined;
				await this.takeOutNow(row, next);
			});
			batch = Object.assign(next, { done });
			this.leaving[row] = batch;
			this.takingOut[row] = done.catch(() => undefined);
		}
		await batch.done;
	}

	private async takeOutNow(
		row: Row,
		{ values, settle, within }: Omit<Batch, 'done'>,
	): Promise<void> {
		const witnesses = unique('witness', checks + spares);
		const all = () => [...values.flatMap((some) => some()), ...witnesses];
		await this.hold(row, witnesses, { settle });
		await this.remove(row, all()).catch(() => undefined);
		await this.takeOutBy(row, witnesses, all, checks, within / checks);
	}

	/**
	 * Removes values as long as a witness that was recorded with them is there. If the database fails, it continues
	 * in the background with the remaining witnesses.
	 * @param times how often a witness must be missing to finish
	 */
	private async takeOutBy(
		row: Row,
		witnesses: readonly string[],
		values: () => readonly string[],
		times: number,
		pause: number,
	): Promise<void> {
		const left = [...witnesses];
		let count = 0;
		await retryInBackground(async () => {
			for (let next = left.pop(); next && count < times; next = left.pop()) {
				await sleep(pause * (1 + Math.random() / 4));
				const { known, retried } = await this.record(row, [next]);
				if (!known.has(next)) count += 1;
				// If it was retried, the earlier attempt may have recorded the witness.
				else if (!retried) await this.remove(row, values());
			}
			await this.remove(row, witnesses);
		});
	}

	/** Removes obsolete values; in the background if n8n's database fails. */
	async clean(row: Row): Promise<void> {
		const values = this.litter[row].splice(0);
		await retryInBackground(async () => await this.remove(row, values));
	}

	/** The number of values in a row. */
	async count(row: Row): Promise<number> {
		return await this.helpers.getProcessedDataCount(row, { mode: 'entries' });
	}

	private async request(
		work: Request['work'],
		preferred: Row,
		values: readonly string[],
		keep: number,
	): Promise<Recorded> {
		const row = occupied.has(this.workflow) ? 'node' : preferred;
		const name = row === 'node' ? this.node : this.workflow;
		const outcome = await new Promise<Recorded | Failed>((resolve) => {
			const request = { work, helpers: this.helpers, row, values, keep, resolve };
			const waiting = queues.get(name);
			if (waiting) {
				waiting.push(request);
				return;
			}
			queues.set(name, [request]);
			void serve(name);
		});
		if (!('error' in outcome)) return outcome;
		if (row === 'node' || !isOccupied(outcome.error)) throw outcome.error;
		occupied.add(this.workflow);
		return await this.request(work, preferred, values, keep);
	}
}

/** Runs a task. If it fails, retries it in the background for some minutes. */
export async function retryInBackground(work: () => Promise<void>): Promise<void> {
	await work().catch(() => void retryLater(work));
}

async function retryLater(work: () => Promise<void>): Promise<void> {
	let isDone = false;
	for (let wait = 1_000; wait < longestWait && !isDone; wait *= 4) {
		await sleep(wait);
		isDone = await work().then(
			() => true,
			() => false,
		);
	}
}

const unique = (kind: string, count: number) =>
	Array.from({ length: count }, () => `${kind}/${randomUUID()}`);

/** Processes the requests to a row until its queue is empty. */
async function serve(name: string): Promise<void> {
	const waiting = queues.get(name) ?? [];
	for (;;) {
		const [first] = waiting;
		if (!first) break;
		const end = waiting.findIndex(({ work }) => work !== first.work);
		const batch = waiting.splice(0, end < 0 ? waiting.length : end);
		const values = [...new Set(batch.flatMap((request) => request.values))];
		const keep = Math.max(...batch.map((request) => request.keep));
		// Whatever goes wrong, all callers get the error, and the queue continues.
		const outcome = await serveTogether(name, { ...first, values, keep }).catch(
			(error: unknown): Failed => ({ error }),
		);
		if ('error' in outcome) {
			batch.forEach(({ resolve }) => resolve(outcome));
			continue;
		}
		const seen = new Set(outcome.known);
		for (const { values: own, resolve } of batch) {
			resolve({ ...outcome, known: new Set(own.filter((value) => seen.has(value))) });
			// Of two requests in a batch that record the same value, the first one gets it.
			if (first.work !== 'find') own.forEach((value) => seen.add(value));
		}
	}
	queues.delete(name);
}

async function serveTogether(name: string, request: Request): Promise<Recorded | Failed> {
	const outcome = await perform(name, request);
	if ('error' in outcome || request.work !== 'find') return outcome;
	const fresh = request.values.filter((value) => !outcome.known.has(value));
	if (fresh.length === 0) return outcome;
	const removed = await perform(name, { ...request, work: 'remove', values: fresh });
	return 'error' in removed ? removed : outcome;
}

async function perform(name: string, request: Request): Promise<Recorded | Failed> {
	for (let attempt = 0; ; attempt += 1) {
		const begun = Date.now();
		const written = await write(request).then(
			(known) => ({ known: new Set(known) }),
			(error: unknown): Failed => ({ error }),
		);
		if (!('error' in written)) {
			broken.delete(name);
			return { ...written, took: Date.now() - begun, retried: attempt > 0 };
		}
		const wait = broken.has(name) || isFinal(written.error) ? undefined : waits[attempt];
		if (wait === undefined) {
			broken.add(name);
			return written;
		}
		await sleep(wait * (1 + Math.random() / 2));
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

/** Whether retries cannot help: the row holds another kind of values, or the workflow was never saved. */
function isFinal(error: unknown): boolean {
	return isOccupied(error) || (error as { code?: unknown } | undefined)?.code === 'ERR_ASSERTION';
}

/** Whether the row is used by Remove Duplicates with another kind of values. */
function isOccupied(error: unknown): boolean {
	return String(error).includes('incompatible setting');
}
