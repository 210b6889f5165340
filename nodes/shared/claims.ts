import { createHash, randomUUID } from 'crypto';
import { sleep, type IExecuteFunctions } from 'n8n-workflow';
import type { CallBody } from './callRequest';
import { SharedStore, type Row } from './sharedStore';

/*
 * What is kept in n8n's de-duplication store, where, and for how long:
 *
 * - A key for each value of Call Once Per, in the row of the node: the newest 10,000 values. Each has two
 *   names there. A value that is met again is taken out and recorded anew under the first name, which
 *   makes it the newest; meanwhile the second one stands for it.
 * - A mark for each call that was attempted (who is called for what), until the execution is over: n8n
 *   then has what the node remembers by itself. If the process dies before, the marks stay. A mark that
 *   is found by a re-run says that somebody died holding it.
 *   New marks are in the row of the node, and move to that of the workflow in bulk: n8n writes a row
 *   whole, and the node's is written with each claim. With Call Once Per they are in the row of the
 *   workflow at once, since the node's keeps the newest values only.
 * - A token for each claim, as long as it is being made, where other processes write to the store too:
 *   it tells whether our write is still there.
 * - A token for each execution, likewise: it tells a job that queue mode has delivered twice.
 */

/** How many values are kept, each under two names, and room for tokens. */
const keepKeys = 2 * 10_000 + 1_000;

/** How many marks are kept in the node's row at most. */
const fewMarks = 200;

const rows = ['node', 'workflow'] as const satisfies Row[];

/** How many values are taken out, or recorded anew, with one write. */
const slice = 500;

/**
 * How long to wait until a write of another process would have undone ours, in ms; longer where our
 * own write took long. A lost mark does harm only if n8n dies as well, a lost key by itself.
 */
const settleMarks = 25;
const settleKeys = 1_000;

/** When a key that was given back is taken out again, in case that was undone, in ms. */
const again = [150, 150];

/** How many of the newest marks are written again with each claim, in case they were undone. */
const repeated = 100;

/** How often a claim that was undone is made again. */
const tries = 20;

/** What an execution remembers by itself of its claims. n8n stores it when the execution ends or waits. */
export interface ClaimsMemory {
	/** How often the execution was taken up again with what it remembers. */
	generation?: number;
}

/** A call that is to be claimed. */
export interface Claimant {
	mark: string;
	onceKey?: string;
}

export interface Claim {
	/** The marks that a process left which died, or has the same job. */
	attempted: ReadonlySet<string>;
	/** Whether the store could not be asked about them. */
	attemptedUnknown: boolean;
	/** The keys that had been claimed before. */
	taken: ReadonlySet<string>;
	/** The keys of which it is not known who has claimed them. */
	doubtful: ReadonlySet<string>;
}

/** Who is called for what, as a short text: it tells one call from another. */
export function nameCall(body: CallBody, onceKey?: string): string {
	const { phoneNumber, assistantId, customerName, dynamicVariables = {} } = body;
	const variables = Object.entries(dynamicVariables).sort(([a], [b]) => (a < b ? -1 : 1));
	return createHash('sha256')
		.update(JSON.stringify([phoneNumber, assistantId, customerName, variables, onceKey]))
		.digest('base64url');
}

/** The claims of executions in this process, by an object of n8n's that lives as long as they do. */
const ofExecution = new WeakMap<object, Claims>();

/** Once an execution is over, n8n lets go of that object. */
const executions = new FinalizationRegistry<Claims>((claims) => void claims.forget());

/**
 * The claims of a node in one execution and process, in n8n's shared store. They are made before calls
 * are placed, and outlive a process that dies in the middle, which what an execution remembers by itself
 * does not.
 *
 * In n8n's queue mode several processes write to the store, and each may undo what another has just
 * written. So a claim counts only if it is still there after a while.
 */
export class Claims {
	private readonly store: SharedStore;

	private readonly prefix: string;

	private readonly job: string;

	/** Whether no other process can write to the store. */
	private readonly alone: boolean;

	/** Whether another process may have made the same claims: in a re-run, or a second delivery. */
	private careful: boolean;

	private begun = false;

	/** The marks that are in the node's row, and those that are in the workflow's. */
	private readonly marks = { node: new Set<string>(), workflow: new Set<string>() };

	/** The keys that were found to be known: they are renewed at the end. */
	private readonly met = new Set<string>();

	/** How often each call was planned by earlier runs of this node, and by the newest. */
	private readonly planned = new Map<string, number>();

	private newest = { run: '', planned: new Map<string, number>() };

	private constructor(context: IExecuteFunctions, memory: ClaimsMemory) {
		const id = context.getExecutionId();
		const generation = memory.generation ?? 0;
		memory.generation = generation + 1;
		const established = context.getExecutionContext?.()?.establishedAt ?? id;
		this.prefix = `mark/${context.getNode().id}/${established}/${generation}`;
		this.job = `job/${context.getNode().id}/${id}/${generation}`;
		this.store = new SharedStore(context);
		const mode = context.getMode();
		// n8n's main process runs published workflows by itself only where there are no workers.
		this.alone = context.getWorkflow().active && ['webhook', 'trigger'].includes(mode);
		this.careful = mode === 'retry';
	}

	/** The claims of this execution. Executions that n8n takes up again have others. */
	static of(context: IExecuteFunctions, memory: ClaimsMemory): Claims {
		const lifetime = context.getContext('node');
		const known = ofExecution.get(lifetime);
		if (known) return known;
		const claims = new Claims(context, memory);
		ofExecution.set(lifetime, claims);
		executions.register(lifetime, claims);
		return claims;
	}

	/** Whether it matters what a process did that this one knows nothing of. */
	get isRerun(): boolean {
		return this.careful;
	}

	/** How many calls this process may have claimed and not yet placed. */
	get limit(): number {
		// Where there are several processes, they may be killed together.
		return this.alone ? 20 : 10;
	}

	/**
	 * The marks of a run's calls. Equal ones are told apart by which of them they are, those of earlier
	 * runs of the node included: loops are no retries.
	 * @param calls what `nameCall` gives for each
	 */
	marksOf(run: string, calls: readonly string[]): string[] {
		if (run !== this.newest.run) {
			for (const [call, count] of this.newest.planned) {
				this.planned.set(call, (this.planned.get(call) ?? 0) + count);
			}
		}
		this.newest = { run, planned: new Map() };
		return calls.map((call) => {
			const nth = this.newest.planned.get(call) ?? 0;
			this.newest.planned.set(call, nth + 1);
			return `${this.prefix}/${call}/${(this.planned.get(call) ?? 0) + nth}`;
		});
	}

	/**
	 * Claims calls and their keys. To be called again only once it is done.
	 * @param keys those of the calls that this run has not claimed yet
	 * @throws what n8n's database says, where a key cannot be claimed
	 */
	async claim(calls: readonly Claimant[], keys: readonly string[], keyed: boolean): Promise<Claim> {
		if (!this.begun) await this.begin();
		const { taken, doubtful } = await this.claimKeys(keys);
		// Whoever is not called needs no mark; but a re-run asks what became of all.
		const wanted = calls.filter(
			({ onceKey }) => this.careful || onceKey === undefined || !taken.has(onceKey),
		);
		try {
			const attempted = await this.mark(
				wanted.map(({ mark }) => mark),
				keyed,
			);
			return { attempted, attemptedUnknown: false, taken, doubtful };
		} catch {
			// Calls are placed all the same: what the execution remembers still holds.
			return { attempted: new Set(), attemptedUnknown: this.careful, taken, doubtful };
		}
	}

	/** Gives back the claims of calls that AlloMia has surely not taken. */
	async release(marks: readonly string[], keys: readonly string[]): Promise<void> {
		for (const row of rows) {
			const ours = marks.filter((mark) => this.marks[row].delete(mark));
			await this.store.remove(row, valuesOf(row, ours));
		}
		if (keys.length === 0) return;
		const names = keys.flatMap(namesOf);
		await this.store.remove('node', names);
		if (!this.alone) void this.releaseAgain(names);
	}

	/**
	 * To be called at the end of each attempt.
	 * @param lost whether n8n may store the execution without what became of its calls
	 */
	async close(lost: boolean): Promise<void> {
		// Then only the marks tell.
		this.careful ||= lost;
		const met = [...this.met];
		this.met.clear();
		for (let at = 0; at < met.length; at += slice) {
			const names = met.slice(at, at + slice).map((key) => namesOf(key)[0]);
			await this.store.remove('node', names);
			await this.store.record('node', names, keepKeys);
		}
		if (this.alone) return;
		for (const row of rows) {
			const recent = this.recent(row);
			if (recent.length > 0) await this.store.record(row, recent);
		}
	}

	/** Takes the marks out of the store, unless a re-run may have to find them. */
	async forget(): Promise<void> {
		if (this.careful) return;
		try {
			if (!this.alone) await this.store.remove('node', [this.job]);
			for (const row of rows) {
				const values = valuesOf(row, [...this.marks[row]]);
				for (let at = 0; at < values.length; at += slice) {
					await this.store.remove(row, values.slice(at, at + slice));
				}
			}
		} catch {
			// They do no harm, but for the room that they take.
		}
	}

	private async begin(): Promise<void> {
		if (!this.alone) {
			const { known } = await this.store.record('node', [this.job]);
			// A process that died had the same job, or another one is still at it.
			this.careful ||= known.has(this.job);
		}
		this.begun = true;
	}

	private async claimKeys(keys: readonly string[]): Promise<Pick<Claim, 'taken' | 'doubtful'>> {
		if (keys.length === 0) return { taken: new Set(), doubtful: new Set() };
		const names = keys.flatMap(namesOf);
		for (const name of names) givenBack.delete(name);
		const { known, mayBeOurs, overtaken } = await this.hold('node', names, settleKeys, keepKeys);
		const isKnown = (key: string) => namesOf(key).some((name) => known.has(name));
		const taken = keys.filter((key) => isKnown(key) && !mayBeOurs);
		taken.forEach((key) => this.met.add(key));
		const doubtful = keys.filter((key) => (isKnown(key) ? mayBeOurs : overtaken));
		return { taken: new Set(taken), doubtful: new Set(doubtful) };
	}

	/** Marks calls as attempted; those of them that had been. */
	private async mark(marks: readonly string[], keyed: boolean): Promise<Set<string>> {
		const attempted = new Set<string>();
		const asked = this.careful ? rows : [keyed ? rows[1] : rows[0]];
		for (const row of asked) {
			const values = valuesOf(row, marks);
			const { known } = await this.hold(row, values, settleMarks);
			marks.forEach((mark, index) => {
				if (this.careful && known.has(values[index] ?? '')) attempted.add(mark);
				this.marks[row].add(mark);
			});
		}
		await this.moveMarks();
		return attempted;
	}

	private async moveMarks(): Promise<void> {
		const marks = [...this.marks.node];
		if (marks.length < fewMarks) return;
		if (!this.careful) await this.hold('workflow', valuesOf('workflow', marks), settleMarks);
		await this.store.remove('node', valuesOf('node', marks));
		// Some may have been given back meanwhile.
		const released = marks.filter((mark) => !this.marks.node.delete(mark));
		marks.forEach((mark) => this.marks.workflow.add(mark));
		if (released.length > 0) await this.release(released, []);
	}

	/**
	 * Records values until they stay.
	 * @returns what was known before; whether that may be what we wrote ourselves, and whether another
	 *   process may have recorded the same without our seeing it
	 * @throws what n8n's database says, with nothing left of what was recorded where that can be had
	 */
	private async hold(row: Row, values: readonly string[], settle: number, keep?: number) {
		if (this.alone) {
			const { known, retried } = await this.store.record(row, values, keep);
			return { known, mayBeOurs: retried, overtaken: false };
		}
		const token = `token/${randomUUID()}`;
		let last = await this.store.record(row, [token, ...values], keep);
		const mayBeOurs = last.known.has(token);
		const settled = (async () => {
			for (let attempt = 1; attempt < tries; attempt += 1) {
				await sleep(Math.max(settle, 2 * last.took) * (1 + Math.random() / 4));
				const recent = keep === undefined ? this.recent(row) : [];
				const next = await this.store.record(row, [token, ...values, ...recent], keep);
				if (next.known.has(token)) return;
				// Another process, which had read before we wrote, has undone it.
				last = next;
			}
			throw new Error('Other processes keep undoing what was written');
		})();
		const isSettled = await settled.then(
			() => true,
			() => false,
		);
		const { known, took } = last;
		const fresh = isSettled ? [] : values.filter((value) => !known.has(value));
		// A token that stays behind does no harm.
		await this.store.remove(row, [token, ...fresh]).catch(() => {});
		await settled;
		// Whoever takes that long may have undone what another process was sure of.
		return { known, mayBeOurs, overtaken: took > settle };
	}

	private recent(row: Row): string[] {
		return valuesOf(row, [...this.marks[row]].slice(-repeated));
	}

	private async releaseAgain(names: readonly string[]): Promise<void> {
		names.forEach((name) => givenBack.add(name));
		try {
			for (const wait of again) {
				const begun = Date.now();
				await sleep(wait);
				// Later, somebody else may rely on a claim of his.
				if (Date.now() - begun > 2 * wait) return;
				await this.store.remove(
					'node',
					names.filter((name) => givenBack.has(name)),
				);
			}
		} catch {
			// The first time, it was taken out.
		} finally {
			names.forEach((name) => givenBack.delete(name));
		}
	}
}

/** The names of keys that this process has given back, and nobody in it has claimed since. */
const givenBack = new Set<string>();

/** Marks as they are recorded: where one row serves for both, they differ. */
function valuesOf(row: Row, marks: readonly string[]): string[] {
	return marks.map((mark) => `${row}/${mark}`);
}

function namesOf(key: string): [string, string] {
	return [`key/${key}`, `again/${key}`];
}
