import { createHash } from 'crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { CallBody } from './callRequest';
import { Origin } from './origin';
import { DeduplicationStore, retryInBackground, type Row } from './deduplicationStore';
import { StoredExecution } from './storedExecution';

/*
 * What is kept in n8n's shared store, and for how long:
 *
 * - A mark for each call that was attempted, which says who is called for what, until the execution is
 *   over: n8n then has what the node remembers by itself. If the process dies before, the marks stay. A
 *   mark that a re-run finds says that somebody died holding it.
 *   Marks are recorded in the row of the node and move to that of the workflow in bulk: n8n writes a row
 *   whole, and the node's is written with each claim. With Call Once Per they are in the row of the
 *   workflow at once: the node's keeps the newest keys only.
 * - An intent for each call whose key of Call Once Per is about to be claimed, until the call is marked: a
 *   re-run that finds it, and the key taken, does not know who has taken it.
 * - Where other processes write to the store, one value for each execution: it tells a job that queue
 *   mode has delivered twice.
 */

/** How many marks there are in the node's row before they move. */
const fewMarks = 200;

/** How many of them stay there in a re-run: an execution that is not stopped yet is to find them. */
const manyMarks = 2_000;

/** How many of the newest marks are written again with each claim, in case they were undone. */
const repeated = 100;

/** How long another process may take to write what it has read, in ms, so that what is released stays out. */
const settle = 100;

/** How many values are taken out with one write: n8n looks for each of them in the whole row. */
const slice = 500;

/** How many values stay in the row of the workflow at most: what processes left that died. */
const mostMarks = 300_000;

/** How much of a call's name tells it from others of the same execution. */
const shortName = 6;

/** What an execution remembers by itself of its marks. n8n stores it when the execution ends or waits. */
export interface MarksMemory {
	/** The short names of all calls of earlier runs of the node, one after the other. */
	earlier?: string;
	/** The newest run, and the short names of its calls. */
	newest?: { run: string; calls: string };
	/** Whether queue mode has delivered it twice. */
	redelivered?: boolean;
}

/** Who is called for what, or for which key of Call Once Per, as a short text: it tells one call from another. */
export function nameCall(body: CallBody, onceKey?: string): string {
	const { phoneNumber, assistantId, customerName, dynamicVariables = {} } = body;
	const variables = Object.entries(dynamicVariables).sort(([a], [b]) => (a < b ? -1 : 1));
	const call = onceKey ?? [phoneNumber, assistantId, customerName, variables];
	return createHash('sha256').update(JSON.stringify(call)).digest('base64url');
}

/** Of many executions that end, one after the other is looked at: n8n reads all items of each. */
let lastCheck: Promise<unknown> = Promise.resolve();

/** The marks of executions in this process, by an object of n8n's that lives as long as they do. */
const ofExecution = new WeakMap<object, Marks>();

/** Once an execution is over, n8n lets go of that object. */
const executions = new FinalizationRegistry<Marks>((marks) => void marks.forget());

/** What those have in common that began at the same moment: the rounds of a loop that waits, as a rule. */
interface Shared {
	/** How many there are in this process. */
	lives: number;
	/** The executions that they belong to. */
	executions: Set<string>;
	/** What the names of the marks begin with in the store, once that is known. */
	prefix?: string;
	/** The marks that were made, by the row that they are in. */
	made: Record<Row, Set<string>>;
	/** Those that are held, in an n8n that tells not whose they are. */
	held: Set<string>;
	jobs: Set<string>;
	/** Whether a re-run may have to find the marks. */
	isKept: boolean;
}

const newShared = (): Shared => ({
	lives: 0,
	executions: new Set(),
	made: { node: new Set(), workflow: new Set() },
	held: new Set(),
	jobs: new Set(),
	isKept: false,
});

/** By the node and the moment. */
const sharing = new Map<string, Shared>();

/** How many of them hold a mark of which nothing tells whose it is, by its full name. */
const holders = new Map<string, number>();

/** Those of them that somebody else has left: whoever meets them does not have them. */
const foreigners = new Set<string>();

/** Those that are being taken out, and stay if somebody holds them again. */
const leaving = new Set<string>();

/**
 * The marks of a node in one execution and process. They are made before calls are placed, and outlive a
 * process that dies in the middle, which what an execution remembers by itself does not.
 */
export class Marks {
	readonly store: DeduplicationStore;

	/** What the execution has in common with its re-run. */
	private readonly origin: Origin;

	/** The moment at which it was established, among those of all nodes. */
	private readonly name: string;

	private readonly nodeId: string;

	private readonly job: string;

	/** Whether a process that this one knows nothing of may have called: in a re-run, or a second delivery. */
	private careful: boolean;

	/** Whether the execution was stopped, as far as is known. */
	isStopped: boolean;

	/** Where n8n may not tell of a stop. */
	private readonly stored?: StoredExecution;

	/** The newest run that has begun. */
	private begun?: string;

	private readonly shared: Shared;

	/** How often each call was planned by earlier runs of this node. */
	private readonly planned = new Map<string, number>();

	private constructor(
		context: IExecuteFunctions,
		private readonly memory: MarksMemory,
	) {
		const id = context.getExecutionId();
		this.nodeId = context.getNode().id;
		const mode = context.getMode();
		this.origin = new Origin(context);
		this.job = `job/${this.nodeId}/${id}`;
		// n8n's main process runs published workflows by itself only where there are no workers.
		const alone = context.getWorkflow().active && ['webhook', 'trigger'].includes(mode);
		this.store = new DeduplicationStore(context, alone);
		if (!alone) this.stored = new StoredExecution(context);
		// A re-run has its marks in common with what it repeats, but takes out its own only.
		this.name = `${this.store.node}/${this.origin.established ?? id}`;
		this.shared = mode === 'retry' ? newShared() : (sharing.get(this.name) ?? newShared());
		this.shared.lives += 1;
		this.shared.executions.add(id);
		if (mode !== 'retry') sharing.set(this.name, this.shared);
		this.count(memory.earlier ?? '');
		this.careful = mode === 'retry' || memory.redelivered === true;
		const signal = context.getExecutionCancelSignal();
		this.isStopped = signal?.aborted ?? false;
		signal?.addEventListener('abort', () => this.stop(), { once: true });
	}

	/** Whether this process has been at the execution before. */
	static isKnown(context: IExecuteFunctions): boolean {
		return ofExecution.has(context.getContext('node'));
	}

	/** The marks of this execution. One that n8n takes up again has others. */
	static of(context: IExecuteFunctions, memory: MarksMemory): Marks {
		const lifetime = context.getContext('node');
		const known = ofExecution.get(lifetime);
		if (known) return known;
		const marks = new Marks(context, memory);
		ofExecution.set(lifetime, marks);
		executions.register(lifetime, marks);
		return marks;
	}

	/** Whether it matters what a process did that this one knows nothing of. */
	get isRerun(): boolean {
		return this.careful;
	}

	/** How many calls this process may have claimed and not yet placed. */
	get limit(): number {
		// Where there are several processes, they may be killed together.
		return this.store.alone ? 20 : 10;
	}

	/**
	 * The marks of a run's calls. Equal ones are told apart by which of them they are, those of earlier
	 * runs of the node included: loops are no retries.
	 * @param calls what `nameCall` gives for each
	 */
	plan(run: string, calls: readonly string[]): string[] {
		const { newest } = this.memory;
		if (newest && newest.run !== run) {
			this.count(newest.calls);
			this.memory.earlier = (this.memory.earlier ?? '') + newest.calls;
		}
		this.memory.newest = { run, calls: calls.map(toShort).join('') };
		const planned = new Map<string, number>();
		return calls.map((call) => {
			const nth = planned.get(call) ?? this.planned.get(toShort(call)) ?? 0;
			planned.set(call, nth + 1);
			return `${call}/${nth}`;
		});
	}

	/** To be called before anything else is asked of the store. It says whether this is a re-run. */
	async begin(run: string): Promise<void> {
		if (this.begun === run) return;
		if (!this.store.alone) {
			const job = `${this.job}/${run}`;
			const { known, mayBeOurs } = await this.store.hold('workflow', [job], { undo: true });
			// A process that died had the same job, or another one is still at it.
			if (known.has(job)) {
				this.careful = true;
				if (!mayBeOurs) this.memory.redelivered = true;
			}
			this.shared.jobs.add(job);
		}
		this.begun = run;
	}

	/**
	 * Marks calls as attempted.
	 * @returns those that had been attempted by a process of which this one knows nothing
	 * @throws what n8n's database says, where it cannot be written
	 */
	async make(marks: readonly string[], keyed: boolean): Promise<ReadonlySet<string>> {
		if (marks.length === 0) return new Set();
		await this.identify();
		// A stop meanwhile does not make what is recorded here that of somebody else.
		if (this.careful) return await this.makeAgain(marks, keyed);
		const row = keyed ? 'workflow' : 'node';
		const shared = this.keep(marks);
		const held = this.hold(row, marks);
		// They may be there all the same, and the calls are placed.
		void held.catch(() => this.add(row, marks));
		const found = await held;
		const isForeign = (mark: string) =>
			!this.isMade(mark) && (!shared.has(mark) || foreigners.has(this.nameOf(mark)));
		const foreign = new Set([...found].filter(isForeign));
		this.drop(foreign, true);
		this.add(row, marks, foreign);
		// Not before: a re-run that begins after the look finds the marks. One that has overtaken is found here.
		await this.checkStopped(found.size > 0);
		if (row === 'node' && !this.isStopped) await this.move(fewMarks);
		return new Set();
	}

	/** Where nothing ties an execution to its re-run, that finds the marks of all. */
	private async identify(): Promise<void> {
		const isStored = this.shared.prefix === undefined && (await this.origin.isStored());
		this.shared.prefix ??= isStored ? this.byMoment : this.byNothing;
	}

	/**
	 * Records that the keys of calls are about to be claimed. If the process dies before it has made the
	 * marks, this tells whose the keys are.
	 * @returns what takes it back, once the marks are made or are not to be made
	 * @throws what n8n's database says, where it cannot be written
	 */
	async intend(marks: readonly string[]): Promise<() => Promise<void>> {
		if (marks.length === 0) return async () => undefined;
		await this.identify();
		const values = this.valuesOf('intent', marks);
		const { known } = await this.store.hold('workflow', values, { keep: mostMarks });
		// What somebody else has recorded is not ours to take out.
		const ours = values.filter((value) => !known.has(value));
		return async () =>
			await retryInBackground(async () => {
				// To be sure takes a moment where others write, too: they are out before, as a rule.
				if (!this.store.alone) await this.store.remove('workflow', ours);
				await this.store.takeOut('workflow', () => ours);
			});
	}

	/**
	 * Those of the marks whose keys a process that died, or was stopped, may have claimed.
	 * @throws what n8n's database says, where it cannot be written
	 */
	async findIntents(marks: readonly string[]): Promise<ReadonlySet<string>> {
		const found = new Set<string>();
		for (const prefix of this.allPrefixes) {
			const known = await this.store.find('workflow', this.valuesOf('intent', marks, prefix));
			this.knownOf('intent', marks, known, prefix).forEach((mark) => found.add(mark));
		}
		return found;
	}

	/** Marks calls that may have been attempted before, or are being attempted now. */
	private async makeAgain(marks: readonly string[], keyed: boolean): Promise<ReadonlySet<string>> {
		const shared = this.keep(marks);
		// Here first: what the other attempt has marked moves to the row of the workflow meanwhile.
		const there = keyed ? await this.find('node', marks) : await this.record('node', marks);
		const moved = await this.hold('workflow', marks);
		const found = new Set([...there, ...moved, ...(await this.findElsewhere(marks))]);
		const others = [...found].filter((mark) => !this.isMade(mark));
		this.drop(others.filter((mark) => shared.has(mark)));
		this.drop(others, true);
		this.add('workflow', marks, found);
		if (!keyed) {
			this.add('node', marks, found);
			// In one row they are enough.
			const twice = [...moved].filter((mark) => !there.has(mark));
			await this.store.remove('node', this.valuesOf('node', twice));
			await this.move(manyMarks);
		}
		await this.checkStopped();
		return found;
	}

	/** @returns those that had been recorded before */
	private async hold(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		const again = () => this.recent(row);
		const values = this.valuesOf(row, marks);
		const { known } = await this.store.hold(row, values, { again, keep: mostMarks });
		return this.knownOf(row, marks, known);
	}

	/** The same, in one go: it may be undone, and is then repeated with a later claim. */
	private async record(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		const values = [...this.valuesOf(row, marks), ...this.recent(row)];
		const { known } = await this.store.record(row, values, mostMarks);
		return this.knownOf(row, marks, known);
	}

	/** Those that are recorded. */
	private async find(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		return this.knownOf(row, marks, await this.store.find(row, this.valuesOf(row, marks)));
	}

	/** Those that an attempt has recorded when it was known in another way. */
	private async findElsewhere(marks: readonly string[]): Promise<string[]> {
		const found: string[] = [];
		for (const prefix of this.allPrefixes) {
			if (prefix === this.shared.prefix) continue;
			for (const row of rows) {
				const known = await this.store.find(row, this.valuesOf(row, marks, prefix));
				found.push(...this.knownOf(row, marks, known, prefix));
			}
		}
		return found;
	}

	/** Takes marks for made here: what somebody else has left is not ours to take out. */
	private add(row: Row, marks: readonly string[], found?: ReadonlySet<string>): void {
		const made = marks.filter((mark) => !found?.has(mark));
		this.keep(made);
		for (const mark of made) {
			this.made[row].add(mark);
			foreigners.delete(this.nameOf(mark));
		}
	}

	/**
	 * In an n8n that tells not whose a mark is, several executions may have the same: it is taken out with
	 * the last one of this process.
	 * @returns those that others in this process have, too
	 */
	private keep(marks: readonly string[]): ReadonlySet<string> {
		const shared = new Set<string>();
		if (!this.isAnybodys) return shared;
		for (const mark of marks) {
			if (this.shared.held.has(mark)) continue;
			const name = this.nameOf(mark);
			const others = holders.get(name) ?? 0;
			if (others > 0 || leaving.has(name)) shared.add(mark);
			this.shared.held.add(mark);
			holders.set(name, others + 1);
		}
		return shared;
	}

	/**
	 * Takes marks for not made here any more.
	 * @param isForeign whether they were found, and nobody in this process has made them
	 */
	private drop(marks: Iterable<string>, isForeign = false): void {
		for (const mark of marks) {
			rows.forEach((row) => this.made[row].delete(mark));
			if (!this.shared.held.delete(mark)) continue;
			const name = this.nameOf(mark);
			const others = (holders.get(name) ?? 0) - 1;
			if (others > 0) holders.set(name, others);
			else holders.delete(name);
			if (others > 0 && isForeign) foreigners.add(name);
			else if (others <= 0) foreigners.delete(name);
		}
	}

	/** Whether nobody in this process has it. */
	private isFree(mark: string): boolean {
		return !this.isMade(mark) && !holders.has(this.nameOf(mark));
	}

	private isMade(mark: string): boolean {
		return rows.some((row) => this.made[row].has(mark));
	}

	/**
	 * Looks whether the execution was stopped without n8n's telling this process.
	 * @param isUrgent whether also if that took long a short time ago
	 */
	async checkStopped(isUrgent = false): Promise<boolean> {
		const { stored, isStopped } = this;
		const isDue = stored !== undefined && (isUrgent || stored.pause === 0);
		if (!isStopped && isDue && (await stored.wasStopped())) this.stop();
		return this.isStopped;
	}

	/** Takes back the marks of calls that AlloMia has surely not taken. */
	async release(marks: readonly string[]): Promise<void> {
		// What has moved may have come back where it was. In the workflow's row, others may be a re-run's.
		const ours = {
			node: marks.filter((mark) => this.isMade(mark)),
			workflow: marks.filter((mark) => this.made.workflow.has(mark)),
		};
		this.drop(ours.node);
		if (this.isShared) return;
		const names = this.isAnybodys ? ours.node.map((mark) => this.nameOf(mark)) : [];
		names.forEach((name) => leaving.add(name));
		// Another attempt, or another execution, may make them again meanwhile.
		const stillOut = (mark: string) => this.isFree(mark);
		await Promise.all(
			rows.map(async (row) => {
				if (ours[row].length === 0) return;
				const left = () => this.valuesOf(row, ours[row].filter(stillOut));
				await retryInBackground(async () => await this.store.takeOut(row, left, { settle }));
			}),
		);
		names.forEach((name) => leaving.delete(name));
	}

	/** To be called at the end of each attempt. */
	async close(): Promise<void> {
		if (this.store.alone) return;
		for (const row of rows) {
			const recent = this.recent(row);
			if (recent.length > 0) await this.store.record(row, recent);
			await this.store.clean(row);
		}
	}

	/** Takes the marks out of the store, unless a re-run may have to find them. */
	async forget(): Promise<void> {
		const { shared } = this;
		// Meanwhile, another may say that they are to be kept.
		if (this.careful || (await this.mayBeStopped())) shared.isKept = true;
		shared.lives -= 1;
		if (shared.lives > 0) return;
		if (sharing.get(this.name) === shared) sharing.delete(this.name);
		if (shared.isKept) {
			// Whoever has the same, still, or is just taking it out, is to leave it.
			const isOnlyOurs = (name: string) => holders.get(name) === 1 && !leaving.has(name);
			this.drop([...shared.held].filter((mark) => isOnlyOurs(this.nameOf(mark))));
			return;
		}
		const made = { node: [...this.made.node], workflow: [...this.made.workflow] };
		const names = this.isAnybodys ? [...shared.held].map((mark) => this.nameOf(mark)) : [];
		names.forEach((name) => leaving.add(name));
		this.drop([...made.node, ...made.workflow, ...shared.held]);
		try {
			await this.store.remove('workflow', [...shared.jobs]);
			for (const row of rows) {
				for (let at = 0; at < made[row].length; at += slice) {
					const free = made[row].slice(at, at + slice).filter((mark) => this.isFree(mark));
					await this.store.remove(row, this.valuesOf(row, free));
				}
			}
		} catch {
			// They do no harm, but for the room that they take.
		} finally {
			names.forEach((name) => leaving.delete(name));
		}
	}

	/** Whether n8n may have stored that the execution was stopped, and nothing else of it. */
	private async mayBeStopped(): Promise<boolean> {
		const { stored } = this;
		if (!stored) return false;
		const look = lastCheck.then(async () => await stored.wasStopped());
		lastCheck = look;
		return (await look) !== false;
	}

	/** n8n stores a stopped execution without what became of its calls: then only the marks tell. */
	private stop(): void {
		this.isStopped = true;
		this.careful = true;
	}

	/** Keeps the node's row short. */
	private async move(most: number): Promise<void> {
		const marks = [...this.made.node];
		if (marks.length < most) return;
		const fresh = marks.filter((mark) => !this.made.workflow.has(mark));
		// They may be there all the same.
		this.add('workflow', marks);
		const values = this.valuesOf('workflow', marks);
		const { known } = await this.store.hold('workflow', values, { keep: mostMarks });
		// What a process has left that died is not ours to take out.
		const isLeft = (mark: string) => this.isAnybodys && holders.get(this.nameOf(mark)) === 1;
		const left = new Set([...this.knownOf('workflow', fresh, known)].filter(isLeft));
		left.forEach((mark) => this.made.workflow.delete(mark));
		await this.store.remove('node', this.valuesOf('node', marks));
		// Some may have been released meanwhile.
		const released = marks.filter((mark) => !this.made.node.delete(mark));
		this.add('workflow', marks, left);
		if (released.length > 0) await this.release(released);
	}

	private get made(): Shared['made'] {
		return this.shared.made;
	}

	/** Whether another execution began in the same millisecond: its marks may be the same. */
	private get isShared(): boolean {
		return this.shared.executions.size > 1;
	}

	private count(calls: string): void {
		for (let at = 0; at < calls.length; at += shortName) {
			const name = calls.slice(at, at + shortName);
			this.planned.set(name, (this.planned.get(name) ?? 0) + 1);
		}
	}

	/** Whether a mark may be that of any execution of the node. */
	private get isAnybodys(): boolean {
		return this.shared.prefix === this.byNothing;
	}

	private get byMoment(): string {
		return `mark/${this.nodeId}/${this.origin.established}`;
	}

	private get byNothing(): string {
		return `mark/${this.nodeId}/any`;
	}

	/** What a mark of this execution may begin with, by whichever attempt it was made. */
	private get allPrefixes(): string[] {
		const { mayBeKnownByMoment, mayBeKnownByNothing } = this.origin;
		return [
			...(mayBeKnownByMoment ? [this.byMoment] : []),
			...(mayBeKnownByNothing ? [this.byNothing] : []),
		];
	}

	private nameOf(mark: string): string {
		return `${this.store.node}/${mark}`;
	}

	/** Marks as they are recorded, or intents: where one row has to serve for all, they differ. */
	private valuesOf(
		kind: Row | 'intent',
		marks: readonly string[],
		prefix: string | undefined = this.shared.prefix,
	): string[] {
		return marks.map((mark) => `${kind}/${prefix}/${mark}`);
	}

	/** The marks whose values are known. */
	private knownOf(
		kind: Row | 'intent',
		marks: readonly string[],
		known: ReadonlySet<string>,
		prefix: string | undefined = this.shared.prefix,
	): Set<string> {
		return new Set(marks.filter((mark) => known.has(`${kind}/${prefix}/${mark}`)));
	}

	private recent(row: Row): string[] {
		return this.store.alone ? [] : this.valuesOf(row, [...this.made[row]].slice(-repeated));
	}
}

const rows = ['node', 'workflow'] as const satisfies Row[];

const toShort = (call: string) => call.slice(0, shortName);
