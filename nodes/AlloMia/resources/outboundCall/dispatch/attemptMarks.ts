import { createHash } from 'crypto';
import { sleep, type IExecuteFunctions } from 'n8n-workflow';
import type { CallBody } from './callRequest';
import { Origin } from './executionOrigin';
import { DeduplicationStore, retryInBackground, type Row } from './deduplicationStore';
import { StoredExecution } from './storedExecution';

/*
 * The values in the de-duplication store, and how long they stay:
 *
 * - A mark for each call that is attempted, which identifies who is called for what, until the execution has ended and
 *   n8n has stored the results. If the process is killed before, its marks remain: a retry that finds one knows that
 *   the call may have been placed.
 *   Marks are recorded in the node's row, and moved to the workflow's row in bulk, since n8n writes a row as a
 *   whole and the node's is written with each claim. With Call Once Per they are recorded in the workflow's row,
 *   since the node's evicts old values.
 * - An intent for each call whose key of Call Once Per is about to be claimed, until the call is marked: a retry
 *   that finds it, and the key taken, cannot tell who claimed the key.
 * - In queue mode, a job per execution and run, which detects executions that are delivered twice.
 */

/** The number of marks in the node's row from which they are moved. */
const fewMarks = 200;

/** The same in a retry: the repeated execution may still be running, and must find them in the node's row. */
const manyMarks = 2_000;

/** The number of latest marks that are written again with each claim, in case that another process has undone them. */
const repeated = 100;

/** How long another process may take between reading and writing a row, in ms, when marks are released. */
const settle = 100;

/** The number of values to remove with one write: n8n searches the whole row for each of them. */
const slice = 500;

/** The maximum number of values in the workflow's row, including those that killed processes left. */
const mostMarks = 300_000;

/** The length of a call's short name, which is unique within an execution. */
const shortName = 6;

/** The name of what is stored in the node's context, with these. */
export const contextKey = 'alloMiaLedger';

/** What is stored in the execution about its marks, when it ends or waits. */
export interface MarksMemory {
	/** How often the node has begun to call, to tell whether the latest is stored. */
	attempts?: number;
	/** The short names of all calls of earlier runs of the node, concatenated. */
	earlier?: string;
	/** The marks of earlier runs whose calls were put off, so that the next run uses them: short names with numbers. */
	free?: string[];
	/** The last run, the short names of its calls with new marks, and the marks that are free after it. */
	newest?: { run: string; calls: string; free?: string[] };
	/** Whether queue mode has delivered the execution twice. */
	redelivered?: boolean;
}

/** A hash of who is called for what, or of the key of Call Once Per. Identifies a call. */
export function nameCall(body: CallBody, onceKey?: string): string {
	const { phoneNumber, assistantId, customerName, dynamicVariables = {} } = body;
	// Items that come back from Outside Hours have `callAt`, also where whole items are sent as variables.
	const variables = Object.entries(dynamicVariables)
		.filter(([name]) => name !== 'callAt')
		.sort(([a], [b]) => (a < b ? -1 : 1));
	const call = onceKey ?? [phoneNumber, assistantId, customerName, variables];
	return createHash('sha256').update(JSON.stringify(call)).digest('base64url');
}

/** When to check whether n8n has stored an ended execution, in ms after the last check: it may be about to. */
const checkAfter = [0, 2_000, 20_000];

/** Checks of ended executions, one after the other, since n8n reads all items of each. */
let lastCheck: Promise<unknown> = Promise.resolve();

/** The marks of the executions in this process, by an object of n8n's with the same lifetime. */
const ofExecution = new WeakMap<object, Marks>();

/** Signals the end of an execution: n8n then releases that object. */
const executions = new FinalizationRegistry<Marks>((marks) => void marks.forget());

/** The state shared by instances that were established at the same time, such as the rounds of a loop that waits. */
interface Shared {
	/** The number of instances in this process. */
	lives: number;
	/** The IDs of their executions. */
	executions: Set<string>;
	/** The prefix of the marks in the store, once it is known. */
	prefix?: string;
	/** The marks that were made, by row. */
	made: Record<Row, Set<string>>;
	/** The marks that are held, if nothing relates them to their execution. */
	held: Set<string>;
	jobs: Set<string>;
	/** Whether a retry may need the marks. */
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

/** By node and time. */
const sharing = new Map<string, Shared>();

/** The number of holders of a mark that nothing relates to its execution, by its full name. */
const holders = new Map<string, number>();

/** Such marks that other processes left: who finds them has not made them. */
const foreigners = new Set<string>();

/** Such marks that are being removed, unless they are held again. */
const leaving = new Set<string>();

/**
 * The marks of a node in one execution and process. They are recorded before calls are placed, and remain if the
 * process is killed, unlike what is stored in the execution.
 */
export class Marks {
	readonly store: DeduplicationStore;

	/** Relates the execution to its retries. */
	private readonly origin: Origin;

	/** Identifies the node and the time at which the execution was established. */
	private readonly name: string;

	private readonly nodeId: string;

	private readonly job: string;

	/** Whether an unknown process may have placed calls: in a retry, or a second delivery. */
	private careful: boolean;

	/** Whether the execution is known to be stopped. */
	isStopped: boolean;

	private readonly stored: StoredExecution;

	/** The last run that has begun. */
	private begun?: string;

	private readonly shared: Shared;

	/** How often each call was planned in earlier runs of the node, by short name. */
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
		// Only without workers does n8n's main process run published workflows itself.
		const alone = context.getWorkflow().active && ['webhook', 'trigger'].includes(mode);
		this.store = new DeduplicationStore(context, alone);
		this.stored = new StoredExecution(context);
		// A retry has the same marks as the execution that it repeats, but only removes its own.
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

	/** Whether this process has run the execution before. */
	static isKnown(context: IExecuteFunctions): boolean {
		return ofExecution.has(context.getContext('node'));
	}

	/** The marks of an execution, for an attempt at a run. A resumed execution has a new instance. */
	static of(context: IExecuteFunctions, memory: MarksMemory): Marks {
		const lifetime = context.getContext('node');
		let marks = ofExecution.get(lifetime);
		if (!marks) {
			marks = new Marks(context, memory);
			ofExecution.set(lifetime, marks);
			executions.register(lifetime, marks);
		}
		marks.memory.attempts = (marks.memory.attempts ?? 0) + 1;
		return marks;
	}

	/** Whether an unknown process may have placed calls. */
	get isRerun(): boolean {
		return this.careful;
	}

	/** The maximum number of calls of this process that are claimed and not yet placed. */
	get limit(): number {
		// Several processes may be killed together.
		return this.store.alone ? 20 : 10;
	}

	/**
	 * The marks for a run's calls. Identical calls are numbered, across runs of the node, since loops are not
	 * retries.
	 * @param calls the calls' names: see `nameCall`
	 */
	plan(run: string, calls: readonly string[]): string[] {
		const { newest } = this.memory;
		if (newest && newest.run !== run) {
			this.count(newest.calls);
			this.memory.earlier = (this.memory.earlier ?? '') + newest.calls;
			this.memory.free = newest.free;
		}
		const free = new Set(this.memory.free);
		const numbers = numbersOf(free);
		const planned = new Map<string, number>();
		let fresh = '';
		const marks = calls.map((call) => {
			const name = toShort(call);
			const freed = numbers.get(name)?.shift();
			if (freed !== undefined) {
				free.delete(`${name}/${freed}`);
				return `${call}/${freed}`;
			}
			const nth = planned.get(call) ?? this.planned.get(name) ?? 0;
			planned.set(call, nth + 1);
			fresh += name;
			return `${call}/${nth}`;
		});
		this.memory.newest = { run, calls: fresh, ...(free.size > 0 ? { free: [...free] } : {}) };
		return marks;
	}

	/**
	 * Frees marks of the newest run, whose calls were put off. When they come again, they have the same marks, as in a
	 * retry that starts from the beginning.
	 */
	free(marks: readonly string[]): void {
		const { newest } = this.memory;
		if (!newest || marks.length === 0) return;
		const freed = marks.map((mark) => toShort(mark) + mark.slice(mark.lastIndexOf('/')));
		newest.free = [...(newest.free ?? []), ...freed];
	}

	/** Must be called before the first request to the store. Determines whether this is a retry. */
	async begin(run: string): Promise<void> {
		if (this.begun === run) return;
		if (!this.store.alone) {
			const job = `${this.job}/${run}`;
			const { known, mayBeOurs } = await this.store.hold('workflow', [job], { undo: true });
			// Another process had the same job, and was killed or is still running.
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
	 * @returns the marks of calls that an unknown process has attempted
	 * @throws n8n's error if its database cannot be written
	 */
	async make(marks: readonly string[], keyed: boolean): Promise<ReadonlySet<string>> {
		if (marks.length === 0) return new Set();
		await this.identify();
		// Decided now: a stop meanwhile does not make these marks another process's.
		if (this.careful) return await this.makeAgain(marks, keyed);
		const row = keyed ? 'workflow' : 'node';
		const shared = this.keep(marks);
		const held = this.hold(row, marks);
		// If it fails, they may be recorded all the same, and the calls are placed.
		void held.catch(() => this.add(row, marks));
		const found = await held;
		const isForeign = (mark: string) =>
			!this.isMade(mark) && (!shared.has(mark) || foreigners.has(this.nameOf(mark)));
		const foreign = new Set([...found].filter(isForeign));
		this.drop(foreign, true);
		this.add(row, marks, foreign);
		// Not before: a retry that starts after this check finds the marks; one that overtook them is found here.
		await this.checkStopped(found.size > 0);
		if (row === 'node' && !this.isStopped) await this.move(fewMarks);
		return new Set();
	}

	/** Determines the prefix. If nothing relates the execution to its retries, these find the marks of all. */
	private async identify(): Promise<void> {
		const isStored = this.shared.prefix === undefined && (await this.origin.isStored());
		this.shared.prefix ??= isStored ? this.byTime : this.byNothing;
	}

	/**
	 * Records that the calls' keys are about to be claimed. If the process is killed before the calls are marked,
	 * this tells who claimed the keys.
	 * @returns a function that removes the intents, once the calls are marked or will not be
	 * @throws n8n's error if its database cannot be written
	 */
	async intend(marks: readonly string[]): Promise<() => Promise<void>> {
		if (marks.length === 0) return async () => undefined;
		await this.identify();
		const values = this.valuesOf('intent', marks);
		const { known } = await this.store.hold('workflow', values, { keep: mostMarks });
		// Intents of other processes are not removed.
		const ours = values.filter((value) => !known.has(value));
		return async () =>
			await retryInBackground(async () => {
				// The second removal takes a moment, since other processes may undo the first one.
				if (!this.store.alone) await this.store.remove('workflow', ours);
				await this.store.takeOut('workflow', () => ours);
			});
	}

	/**
	 * Finds the marks of calls whose keys may have been claimed by a process that was killed or stopped.
	 * @throws n8n's error if its database cannot be written
	 */
	async findIntents(marks: readonly string[]): Promise<ReadonlySet<string>> {
		const found = new Set<string>();
		for (const prefix of this.allPrefixes) {
			const known = await this.store.find('workflow', this.valuesOf('intent', marks, prefix));
			this.knownOf('intent', marks, known, prefix).forEach((mark) => found.add(mark));
		}
		return found;
	}

	/** Marks calls that another process may have attempted before, or may be attempting now. */
	private async makeAgain(marks: readonly string[], keyed: boolean): Promise<ReadonlySet<string>> {
		const shared = this.keep(marks);
		// The node's row first: the other attempt may move its marks to the workflow's row meanwhile.
		const there = keyed ? await this.find('node', marks) : await this.record('node', marks);
		const moved = await this.hold('workflow', marks);
		const found = new Set([...there, ...moved, ...(await this.findElsewhere(marks))]);
		const others = [...found].filter((mark) => !this.isMade(mark));
		this.drop(others.filter((mark) => shared.has(mark)));
		this.drop(others, true);
		this.add('workflow', marks, found);
		if (!keyed) {
			this.add('node', marks, found);
			// One row is enough.
			const twice = [...moved].filter((mark) => !there.has(mark));
			await this.store.remove('node', this.valuesOf('node', twice));
			await this.move(manyMarks);
		}
		await this.checkStopped();
		return found;
	}

	/** @returns the marks that had been recorded before */
	private async hold(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		const again = () => this.recent(row);
		const values = this.valuesOf(row, marks);
		const { known } = await this.store.hold(row, values, { again, keep: mostMarks });
		return this.knownOf(row, marks, known);
	}

	/** Like `hold`, but with a single write: if it is undone, a later claim repeats it. */
	private async record(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		const values = [...this.valuesOf(row, marks), ...this.recent(row)];
		const { known } = await this.store.record(row, values, mostMarks);
		return this.knownOf(row, marks, known);
	}

	/** Finds the marks that are recorded. */
	private async find(row: Row, marks: readonly string[]): Promise<ReadonlySet<string>> {
		return this.knownOf(row, marks, await this.store.find(row, this.valuesOf(row, marks)));
	}

	/** Finds the marks that an attempt has recorded with another prefix. */
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

	/** Adds marks to those made here. Marks of other processes are not added, so that they are not removed. */
	private add(row: Row, marks: readonly string[], found?: ReadonlySet<string>): void {
		const made = marks.filter((mark) => !found?.has(mark));
		this.keep(made);
		for (const mark of made) {
			this.made[row].add(mark);
			foreigners.delete(this.nameOf(mark));
		}
	}

	/**
	 * Counts the holders of marks that nothing relates to their execution: several executions may have the same
	 * ones, which are removed with the last one of this process.
	 * @returns the marks that others in this process hold as well
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
	 * Removes marks from those made here.
	 * @param isForeign whether they were found in the store, and no execution in this process has made them
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

	/** Whether no execution in this process has made or holds a mark. */
	private isFree(mark: string): boolean {
		return !this.isMade(mark) && !holders.has(this.nameOf(mark));
	}

	private isMade(mark: string): boolean {
		return rows.some((row) => this.made[row].has(mark));
	}

	/**
	 * Checks whether the execution was stopped without n8n notifying this process.
	 * @param isUrgent whether to check even if a recent check was slow
	 */
	async checkStopped(isUrgent = false): Promise<boolean> {
		const { stored, isStopped } = this;
		// Where this process has started the execution itself, n8n notifies it of a stop.
		const isDue = !this.store.alone && (isUrgent || stored.dueIn === 0);
		if (!isStopped && isDue && (await stored.wasStopped())) this.stop();
		return this.isStopped;
	}

	/** Removes the marks of calls that AlloMia certainly did not accept. */
	async release(marks: readonly string[]): Promise<void> {
		// Moved marks may have come back to the node's row. In the workflow's row, there may be those of a retry.
		const ours = {
			node: marks.filter((mark) => this.isMade(mark)),
			workflow: marks.filter((mark) => this.made.workflow.has(mark)),
		};
		this.drop(ours.node);
		if (this.isShared) return;
		const names = this.isAnybodys ? ours.node.map((mark) => this.nameOf(mark)) : [];
		names.forEach((name) => leaving.add(name));
		// Another attempt or execution may make them again meanwhile.
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

	/** Must be called at the end of each attempt. */
	async close(): Promise<void> {
		if (this.store.alone) return;
		for (const row of rows) {
			const recent = this.recent(row);
			if (recent.length > 0) await this.store.record(row, recent);
			await this.store.clean(row);
		}
	}

	/** Removes the marks from the store, unless a retry may need them. */
	async forget(): Promise<void> {
		const { shared } = this;
		// Another instance may decide meanwhile that they are kept.
		if (this.careful || (this.isNeeded && !(await this.hasResults()))) shared.isKept = true;
		shared.lives -= 1;
		if (shared.lives > 0) return;
		if (sharing.get(this.name) === shared) sharing.delete(this.name);
		if (shared.isKept) {
			// Others that hold the same marks, or are removing them, must leave them.
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
			// Remaining marks only take up space.
		} finally {
			names.forEach((name) => leaving.delete(name));
		}
	}

	/** Whether there is anything that a retry could need. */
	private get isNeeded(): boolean {
		return [...Object.values(this.made), this.shared.held].some(({ size }) => size > 0);
	}

	/** Whether n8n has stored the results of the ended execution, which tell of its calls. */
	private async hasResults(): Promise<boolean> {
		const isThere = ({ [contextKey]: stored }: Record<string, unknown>) =>
			((stored as MarksMemory | undefined)?.attempts ?? 0) >= (this.memory.attempts ?? 0);
		for (const wait of checkAfter) {
			await sleep(wait);
			const check = lastCheck.then(async () => await this.stored.hasResults(isThere));
			lastCheck = check;
			if (await check) return true;
		}
		return false;
	}

	/** n8n stores a stopped execution without its results, so that only the marks tell of its calls. */
	private stop(): void {
		this.isStopped = true;
		this.careful = true;
	}

	/** Moves marks to the workflow's row, to keep the node's row short. */
	private async move(most: number): Promise<void> {
		const marks = [...this.made.node];
		if (marks.length < most) return;
		const fresh = marks.filter((mark) => !this.made.workflow.has(mark));
		// Even if it fails, they may be recorded.
		this.add('workflow', marks);
		const values = this.valuesOf('workflow', marks);
		const { known } = await this.store.hold('workflow', values, { keep: mostMarks });
		// Marks that a killed process left are not removed.
		const isLeft = (mark: string) => this.isAnybodys && holders.get(this.nameOf(mark)) === 1;
		const left = new Set([...this.knownOf('workflow', fresh, known)].filter(isLeft));
		left.forEach((mark) => this.made.workflow.delete(mark));
		await this.store.remove('node', this.valuesOf('node', marks));
		// Some were released meanwhile.
		const released = marks.filter((mark) => !this.made.node.delete(mark));
		this.add('workflow', marks, left);
		if (released.length > 0) await this.release(released);
	}

	private get made(): Shared['made'] {
		return this.shared.made;
	}

	/** Whether another execution was established in the same millisecond, and may have the same marks. */
	private get isShared(): boolean {
		return this.shared.executions.size > 1;
	}

	private count(calls: string): void {
		for (let at = 0; at < calls.length; at += shortName) {
			const name = calls.slice(at, at + shortName);
			this.planned.set(name, (this.planned.get(name) ?? 0) + 1);
		}
	}

	/** Whether nothing relates the marks to their execution. */
	private get isAnybodys(): boolean {
		return this.shared.prefix === this.byNothing;
	}

	private get byTime(): string {
		return `mark/${this.nodeId}/${this.origin.established}`;
	}

	private get byNothing(): string {
		return `mark/${this.nodeId}/any`;
	}

	/** All prefixes that marks of this execution may have, from any attempt. */
	private get allPrefixes(): string[] {
		const { mayBeKnownByTime, mayBeKnownByNothing } = this.origin;
		return [
			...(mayBeKnownByTime ? [this.byTime] : []),
			...(mayBeKnownByNothing ? [this.byNothing] : []),
		];
	}

	private nameOf(mark: string): string {
		return `${this.store.node}/${mark}`;
	}

	/** The values for marks or intents. They differ by row, since one row may replace the other. */
	private valuesOf(
		kind: Row | 'intent',
		marks: readonly string[],
		prefix: string | undefined = this.shared.prefix,
	): string[] {
		return marks.map((mark) => `${kind}/${prefix}/${mark}`);
	}

	/** The marks whose values are in `known`. */
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

/** The numbers of free marks in ascending order, by short name. */
function numbersOf(free: Iterable<string>): Map<string, number[]> {
	const numbers = new Map<string, number[]>();
	for (const mark of free) {
		const name = toShort(mark);
		numbers.set(name, [...(numbers.get(name) ?? []), Number(mark.slice(shortName + 1))]);
	}
	for (const some of numbers.values()) some.sort((a, b) => a - b);
	return numbers;
}
