import { randomUUID } from 'crypto';
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

/** What n8n's database says where it cannot be written. */
interface Failed {
	error: unknown;
}

type Helpers = Pick<
	IExecuteFunctions['helpers'],
	'checkProcessedAndRecord' | 'getProcessedDataCount' | 'removeProcessed'
>;

export interface HoldOptions {
	/** How long another process may take to undo what was written, in ms; longer if a write is slow. */
	settle?: number;
	/** How many of the newest values stay in the row. */
	keep?: number;
	/** Another name by which a value may be known. It is looked for only. */
	otherName?: (value: string) => string;
	/** Values that are written again along with it, in case that they were undone. */
	again?: () => readonly string[];
	/** Whether to take out again what was recorded, if it is not sure that it stays. */
	undo?: boolean;
}

export interface Held {
	/** The values that had been in the row before. */
	known: ReadonlySet<string>;
	/** Whether these may be what we wrote ourselves, since an answer of the database got lost. */
	mayBeOurs: boolean;
	/** Whether another process may have recorded the same without our seeing it. */
	mayBeOvertaken: boolean;
}

/** Values that are taken out together. */
interface Batch {
	values: Array<() => readonly string[]>;
	/** The longest of those that are asked for: see `takeOut`. */
	settle: number;
	within: number;
	done: Promise<void>;
}

interface Request {
	work: 'record' | 'remove' | 'find';
	helpers: Helpers;
	row: Row;
	values: readonly string[];
	/** How many of the newest values stay in the row. */
	keep: number;
	resolve: (outcome: Recorded | Failed) => void;
}

/** The waits between the tries of a write, in ms: a database that is busy, or starts again, comes back. */
const waits = [25, 50, 100, 200, 400, 800, 1_600];

/** How long to wait until a write of another process would have undone ours, unless more is asked for. */
const shortly = 25;

/** How many values that are not needed any more may be in a row. */
const muchLitter = 20;

/** How often what was undone is written again. */
const rewrites = 20;

/** The longest wait before what failed is tried again, in ms; the first is a second, each later one four times as long. */
const longestWait = 300_000;

/** How many witnesses there are for the tries that fail. */
const spares = 5;

/** How often to look whether another process has undone it that values were taken out. */
const checks = 5;

/** The requests that wait for their turn, by the row that they are for. */
const queues = new Map<string, Request[]>();

/** The rows that could not be written. They are tried once only, until that succeeds. */
const broken = new Set<string>();

/** The workflows whose row holds dates or numbers of n8n's Remove Duplicates. */
const occupied = new Set<string>();

/**
 * n8n's de-duplication store: sets of values that outlive a process and are shared by all processes.
 * n8n reads and writes a row whole and without a lock; so this process does one thing at a time with it,
 * and what came together is done together. Where other processes write to it at the same time, each may
 * undo what another has just written: `hold` writes until it stays.
 *
 * The row of the workflow belongs to all of its nodes. Where it is occupied, the node's own row serves
 * for both.
 */
export class DeduplicationStore {
	private readonly helpers: Helpers;

	private readonly workflow: string;

	/** The name of the node's row: nodes of several workflows may have the same ID. */
	readonly node: string;

	/** What is not needed any more, and is to be taken out of the rows soon. */
	private readonly litter: Record<Row, string[]> = { node: [], workflow: [] };

	/** What is to be taken out next, and what takes out something now. */
	private readonly leaving: Partial<Record<Row, Batch>> = {};

	private readonly takingOut = { node: Promise.resolve(), workflow: Promise.resolve() };

	/**
	 * Keeps only what is needed of the context: a store may outlive its execution.
	 * @param alone whether no other process writes to it
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

	/**
	 * Those of the values that are in the row. n8n cannot be asked without recording them: another
	 * process finds them there for a moment.
	 * @throws what n8n's database says, where it cannot be written
	 */
	async find(row: Row, values: readonly string[]): Promise<ReadonlySet<string>> {
		if (values.length === 0) return new Set();
		return (await this.request('find', row, values, Infinity)).known;
	}

	/**
	 * Records values until they stay.
	 * @throws what n8n's database says where it cannot be written, or that others keep undoing it
	 */
	async hold(row: Row, values: readonly string[], options: HoldOptions = {}): Promise<Held> {
		const { settle = shortly, keep, otherName, again, undo = false } = options;
		const known = new Set<string>();
		const fresh = () => values.filter((value) => !known.has(value));
		// Nobody else records them: they tell whether our write is still there.
		const tokens = this.alone ? [] : unique('token', undo ? spares : 1);
		const [token] = tokens;
		const temporary = new Set(tokens);
		/** Writes all but what another has recorded, which is not ours to write again. */
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
			// Others may be waiting to write the names of what is known for good.
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
				// What is there may be what the try has written whose answer got lost.
				isUnsure ||= next.isThere;
				// Another process, which had read before we wrote, has undone it.
				({ took } = next);
			}
			return false;
		};
		let isSettled = false;
		try {
			isSettled = await settled();
		} finally {
			if (!isSettled && undo) {
				// Only where it is there still: another may have claimed it since.
				await this.takeOutBy(row, tokens, () => [...fresh(), ...temporary], 1, settle);
			} else {
				this.litter[row].push(...temporary);
				// A token alone can wait for more of them.
				const { length } = this.litter[row];
				if (temporary.size > 1 || length > muchLitter) await this.clean(row);
			}
		}
		if (!isSettled) throw new Error('Other processes keep undoing what was written');
		return {
			known,
			mayBeOurs: this.alone ? first.retried : first.isThere,
			// Whoever takes that long may have undone what another process was sure of.
			mayBeOvertaken: isUnsure || (!this.alone && took > settle),
		};
	}

	/**
	 * Takes values out until they stay out. What another process had read before comes back, and
	 * witnesses along with it: by these it is told from what somebody has recorded since.
	 * @param values what is still to be out, asked each time
	 * @param settle how long another process may take to undo that witnesses were recorded, in ms
	 * @param within how long another process may take to bring it back, in ms
	 */
	async takeOut(
		row: Row,
		values: () => readonly string[],
		{ settle = shortly, within = 300 } = {},
	): Promise<void> {
		if (this.alone) return await this.remove(row, values());
		// Those that come while others are taken out go together, next.
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
	 * Takes values out where a witness that was recorded along with them is still there, or has come back.
	 * Where the database does not answer, it goes on later, with the witnesses that are left.
	 * @param times how often no witness has to be there
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
				// It may be what the earlier try has recorded.
				else if (!retried) await this.remove(row, values());
			}
			await this.remove(row, witnesses);
		});
	}

	/** Takes out what is not needed any more, later if n8n's database does not answer. */
	async clean(row: Row): Promise<void> {
		const values = this.litter[row].splice(0);
		await retryInBackground(async () => await this.remove(row, values));
	}

	/** How many values are in a row. */
	async count(row: Row): Promise<number> {
		return await this.helpers.getProcessedDataCount(row, { mode: 'entries' });
	}

	private async request(
		work: Request['work'],
		wanted: Row,
		values: readonly string[],
		keep: number,
	): Promise<Recorded> {
		const row = occupied.has(this.workflow) ? 'node' : wanted;
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
		return await this.request(work, wanted, values, keep);
	}
}

/** Does something; if it fails, goes on trying, for some minutes, and nobody waits for that. */
export async function retryInBackground(work: () => Promise<void>): Promise<void> {
	await work().catch(() => void insist(work));
}

async function insist(work: () => Promise<void>): Promise<void> {
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

/** Serves a row until nothing more is asked of it. */
async function serve(name: string): Promise<void> {
	const waiting = queues.get(name) ?? [];
	for (;;) {
		const [first] = waiting;
		if (!first) break;
		const end = waiting.findIndex(({ work }) => work !== first.work);
		const batch = waiting.splice(0, end < 0 ? waiting.length : end);
		const values = [...new Set(batch.flatMap((request) => request.values))];
		const keep = Math.max(...batch.map((request) => request.keep));
		// Whatever it is that goes wrong: whoever waits is told, and the row is served on.
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
			// Of two that came together to record the same value, the first has it.
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

/** Whether trying again cannot help: the row is of another kind, or the workflow was never saved. */
function isFinal(error: unknown): boolean {
	return isOccupied(error) || (error as { code?: unknown } | undefined)?.code === 'ERR_ASSERTION';
}

/** Whether Remove Duplicates keeps something else than values in the row. */
function isOccupied(error: unknown): boolean {
	return String(error).includes('incompatible setting');
}
