import type { IExecuteFunctions } from 'n8n-workflow';
import { isAgentTool, readToolRun, type ToolRun } from '../../../../shared/n8n/agentTool';
import type { CallingHours } from '../hours/callingHours';
import type { CallBody } from './callRequest';
import { ClaimQueue } from './claimQueue';
import { contextKey, Marks, nameCall, type MarksMemory } from './attemptMarks';
import { OnceKeys } from './callOnceKeys';
import { decide, type Decision, type Known, type LedgerEntry } from './decision';

/** A call that is to be placed. */
export interface PlannedCall {
	itemIndex: number;
	body: CallBody;
	onceKey?: string;
	/** When the person may be called; undefined for at any time. */
	hours?: CallingHours;
}

/** The settings of a ledger. */
export interface LedgerSettings {
	/** Whether to place a call again that an earlier attempt may have placed. */
	redialOnUncertain: boolean;
	/** Whether Call Once Per is set, even if no item has a key. */
	keyed: boolean;
	/** Whether to claim calls ahead of time, as by default: not if the next may have to wait for long. */
	claimsAhead?: boolean;
}

/** The results of one run of the node, stored in the execution. */
interface LedgerRun {
	/** By item index; for an agent's tool, which n8n runs several times with the same index, by call as well. */
	entries: Record<string, LedgerEntry>;
	/** The agent's run, for a tool that n8n runs as a node. */
	agentRun?: string;
}

/** What is stored in the execution: see docs/ledger.md. */
interface LedgerMemory extends MarksMemory {
	/**
	 * The run index of the node's first run. Not always 0: if n8n is killed, it adds a run that never happened,
	 * and a retry continues to count from there.
	 */
	first: number;
	/** By run number, starting at 0, since loops are not retries; by the agent's run for tools that it runs itself. */
	runs: Record<string, LedgerRun>;
	/** The number of the last run, unless it succeeded. */
	open?: string;
}

/**
 * The key of a tool's call in `LedgerRun.entries`. A model may request the same call again: it is placed again,
 * unless it is uncertain whether it was placed before.
 * @param place the item index and the call
 */
function toolEntry(
	place: string,
	memory: LedgerMemory,
	run: LedgerRun,
	{ agentRun, asked }: ToolRun,
): string {
	if (asked) {
		const last = asked.get(place) ?? 0;
		const isAnswered = asked.has(place) && run.entries[`${place} ${last}`]?.kind === 'answered';
		const nth = isAnswered ? last + 1 : last;
		asked.set(place, nth);
		return `${place} ${nth}`;
	}
	run.agentRun = agentRun;
	for (const other of Object.values(memory.runs)) {
		const known = other.agentRun === agentRun ? other.entries[place] : undefined;
		if (known?.kind === 'uncertain') run.entries[place] ??= known;
	}
	return place;
}

/** The state of a key within a run. Items with the same key take turns. */
interface KeyState {
	/** The number of items with it that are not settled. */
	open: number;
	/** Resolves when the last item that was claimed with it is settled. */
	turn: Promise<void>;
	/** Whether this run has claimed it, and is sure of that. */
	claimed?: 'sure' | 'doubtful';
	/** Whether a call with it was placed, or may have been. */
	called: boolean;
	/** Whether this run has placed that call, in this attempt or an earlier one. */
	calledHere?: boolean;
	/** Whether an interrupted attempt may have claimed it without placing a call. */
	isIntended?: boolean;
	/** The marks of items that were not called. They are kept while the key is claimed, to tell by whom. */
	marks: string[];
}

const newKey = (): KeyState => ({ open: 0, turn: Promise.resolve(), called: false, marks: [] });

/** An item in the ledger. */
interface LedgerItem {
	itemIndex: number;
	/** The call's mark: see `Marks`. */
	mark: string;
	onceKey?: string;
	/** Its key in `LedgerRun.entries`. */
	entry: string;
	endTurn?: () => void;
}

/**
 * The dispatch ledger: makes sure that each call is placed once. Results are stored in the execution, for Retry
 * On Fail and retries of failed executions; marks and keys in n8n's de-duplication store, for kills and across
 * executions. docs/ledger.md explains it.
 */
export class Ledger {
	private readonly items: ReadonlyMap<number, LedgerItem>;

	private readonly keys = new Map<string, KeyState>();

	private readonly queue: ClaimQueue<LedgerItem>;

	/** The marks of calls that a killed process had attempted, or that could not be looked up. */
	private readonly attempted = new Set<string>();

	private readonly unasked = new Set<string>();

	private readonly releases: Array<Promise<unknown>> = [];

	/** The marks of the calls that are not to be placed in this run. */
	private readonly postponed: string[] = [];

	private checking?: Promise<boolean>;

	private constructor(
		private readonly context: IExecuteFunctions,
		private readonly marks: Marks,
		private readonly onceKeys: OnceKeys,
		private readonly name: string,
		private readonly run: LedgerRun,
		private readonly endRun: (isLast: boolean) => void,
		items: readonly LedgerItem[],
		private readonly settings: LedgerSettings,
	) {
		const plan = items.filter((item) => !this.recall(item));
		for (const item of items) {
			const { onceKey } = item;
			if (onceKey === undefined) continue;
			const key = this.keys.get(onceKey) ?? newKey();
			this.keys.set(onceKey, key);
			const recalled = this.recall(item);
			if (!recalled) key.open += 1;
			if (recalled?.kind === 'answered') key.called = key.calledHere = true;
		}
		this.items = new Map(items.map((item) => [item.itemIndex, item]));
		this.queue = new ClaimQueue(
			plan,
			marks.limit,
			async (some) => await this.claimAll(some),
			settings.claimsAhead,
		);
	}

	/**
	 * Opens the ledger for an attempt at a run.
	 * @param calls in the order of the items
	 */
	static open(
		context: IExecuteFunctions,
		calls: readonly PlannedCall[],
		settings: LedgerSettings,
	): Ledger {
		const runIndex = Number(context.evaluateExpression('{{ $runIndex }}', 0));
		const node = context.getContext('node');
		const memory = (node[contextKey] ??= { first: runIndex, runs: {} }) as LedgerMemory;
		const isFresh = !Marks.isKnown(context);
		const marks = Marks.of(context, memory);
		const isTool = isAgentTool(context);
		// A retry continues the run that failed, whatever n8n's run index is by then.
		if (isFresh && marks.isRerun && memory.open !== undefined) {
			memory.first = runIndex - Number(memory.open);
		}
		const name = String(runIndex - memory.first);
		memory.open = name;
		const tool = isTool ? readToolRun(context) : undefined;
		// A retried agent requests the same calls again, while n8n continues to count its tool's runs.
		const run = (memory.runs[tool?.asked ? tool.agentRun : name] ??= { entries: {} });
		const people = calls.map(({ body, onceKey }) => nameCall(body, onceKey));
		const names = marks.plan(name, people);
		const onceKeys = new OnceKeys(marks.store, context.getNode().id);
		const items = calls.map(({ itemIndex, onceKey }, index) => ({
			itemIndex,
			onceKey,
			mark: names[index] ?? '',
			entry: tool
				? toolEntry(`${itemIndex} ${people[index]}`, memory, run, tool)
				: String(itemIndex),
		}));
		return new Ledger(
			context,
			marks,
			onceKeys,
			name,
			run,
			(isLast) => {
				memory.open = undefined;
				if (isLast && !tool?.asked) delete memory.runs[name];
			},
			items,
			settings,
		);
	}

	/** Whether the execution is known to be stopped, so that no more calls are placed. */
	get isStopped(): boolean {
		return this.marks.isStopped;
	}

	/** Checks whether the execution was stopped without n8n notifying this process. Concurrent checks share one. */
	async checkStopped(): Promise<boolean> {
		this.checking ??= this.marks.checkStopped().finally(() => (this.checking = undefined));
		return await this.checking;
	}

	/** The stored result of an earlier attempt, if there is one: `claim` returns it. */
	recalled({ itemIndex }: Pick<PlannedCall, 'itemIndex'>): LedgerEntry | undefined {
		return this.recall(this.itemAt(itemIndex));
	}

	/**
	 * Passes over a call that is not to be placed now. Must be called in the order of the items, like `claim`.
	 * @returns false if it must be claimed all the same: in a retry, an earlier attempt may have placed it
	 */
	async pass({ itemIndex }: Pick<PlannedCall, 'itemIndex'>): Promise<boolean> {
		const begun = await this.begin();
		if (!begun || this.marks.isRerun || !this.queue.pass()) return false;
		const item = this.itemAt(itemIndex);
		this.postponed.push(item.mark);
		this.finish(item, [], false);
		return true;
	}

	/** Releases a claimed call that is not to be placed now. */
	postpone({ itemIndex }: Pick<PlannedCall, 'itemIndex'>): void {
		const item = this.itemAt(itemIndex);
		this.postponed.push(item.mark);
		this.finish(item, [item.mark], false);
	}

	/**
	 * Claims a call, and decides how to go on with it. Must be called in the order of the items, and followed by
	 * `settle` if the decision is `dial`.
	 * @param mayCall whether calls may still be placed, checked again after claiming, which takes up to a second
	 */
	async claim(
		{ itemIndex }: Pick<PlannedCall, 'itemIndex'>,
		mayCall: () => boolean,
	): Promise<Decision> {
		const item = this.itemAt(itemIndex);
		const recalled = this.recall(item);
		if (recalled) return recalled;
		const turn = this.takeTurn(item);
		await this.queue.enter();
		const isNeeded = mayCall();
		// Until its claim is released, the call counts as claimed.
		if (!isNeeded) this.endItem(item, 'skipped');
		this.queue.leave();
		if (!isNeeded) return { kind: 'skipped' };
		await turn;
		const known: Known = {
			entry: this.run.entries[item.entry],
			attempted: this.attempted.has(item.mark),
			attemptedUnknown: this.unasked.has(item.mark),
			key: this.keyOf(item),
		};
		const decision = decide(known, this.settings.redialOnUncertain);
		if (decision.kind === 'uncertain') this.run.entries[item.entry] = decision;
		if (decision.kind !== 'dial') this.endItem(item, decision.kind);
		return decision;
	}

	/** Records the result of a call; undefined if AlloMia certainly did not accept it. */
	settle({ itemIndex }: Pick<PlannedCall, 'itemIndex'>, entry?: LedgerEntry): void {
		const item = this.itemAt(itemIndex);
		if (entry) {
			this.run.entries[item.entry] = entry;
			const key = this.keyStateOf(item);
			if (key) key.calledHere = true;
		}
		this.endItem(item, entry?.kind ?? 'refused');
	}

	/**
	 * Must be called at the end of an attempt. Releases the claims of calls that were not placed.
	 * @param isLast whether n8n certainly will not repeat this run
	 * @param isFailed whether the node fails
	 */
	async close(isLast: boolean, isFailed: boolean): Promise<void> {
		await this.queue.close((unused) => {
			const marks = unused.map(({ mark }) => mark).filter((mark) => !this.attempted.has(mark));
			const isUnused = ([, { claimed, called }]: [string, KeyState]) =>
				claimed === 'sure' && !called;
			const keys = [...this.keys].filter(isUnused);
			this.release(
				[...marks, ...keys.flatMap(([, key]) => key.marks)],
				keys.map(([name]) => name),
			);
		});
		await Promise.all(this.releases);
		this.marks.free(this.postponed);
		await this.attempt(async () => await this.onceKeys.close());
		await this.attempt(async () => await this.marks.close());
		if (!isFailed) this.endRun(isLast);
	}

	private itemAt(itemIndex: number): LedgerItem {
		const item = this.items.get(itemIndex);

		if (!item) throw new Error(`The ledger does not know item ${itemIndex}`);
		return item;
	}

	/** The stored result, unless it is uncertain and the user wants to call again. */
	private recall({ entry }: LedgerItem): LedgerEntry | undefined {
		const known = this.run.entries[entry];
		return known?.kind === 'uncertain' && this.settings.redialOnUncertain ? undefined : known;
	}

	private async claimAll(items: readonly LedgerItem[]): Promise<void> {
		if (this.isStopped) return;
		const begun = await this.begin();
		// In a retry, calls that are not placed need no key; otherwise, calls whose key is taken need no mark.
		const keyed = items.filter(({ onceKey }) => onceKey !== undefined).map(({ mark }) => mark);
		if (this.marks.isRerun) {
			// Before the marks, which are made while intents exist.
			const intended = await this.attempt(async () => await this.marks.findIntents(keyed));
			for (const item of items) {
				const key = this.keyStateOf(item);
				if (key) key.isIntended ||= intended?.has(item.mark) ?? true;
			}
			await this.mark(items);
			const { redialOnUncertain } = this.settings;
			const isOpen = ({ mark }: LedgerItem) => !this.attempted.has(mark) && !this.unasked.has(mark);
			if (begun) await this.claimKeys(redialOnUncertain ? items : items.filter(isOpen));
		} else {
			const endIntent = await this.attempt(async () => await this.marks.intend(keyed));
			if (begun) await this.claimKeys(items);
			const isMarked = await this.mark(items.filter((item) => this.keyOf(item) !== 'taken'));
			if (isMarked) this.releases.push(this.attempt(async () => await endIntent?.()));
		}
	}

	/** Determines whether this is a retry. Returns whether that is known. */
	private async begin(): Promise<boolean> {
		const begun = await this.attempt(async () => {
			await this.marks.begin(this.name);
			return true;
		});
		return begun ?? false;
	}

	private async claimKeys(items: readonly LedgerItem[]): Promise<void> {
		const asked = new Map<string, KeyState>();
		for (const item of items) {
			const key = this.keyStateOf(item);
			if (item.onceKey !== undefined && key && !key.called && !key.claimed) {
				asked.set(item.onceKey, key);
			}
		}
		const keys = await this.attempt(async () => await this.onceKeys.claim([...asked.keys()]));
		for (const [name, key] of keys ? asked : []) {
			if (keys?.taken.has(name)) key.called = true;
			else key.claimed = keys?.doubtful.has(name) ? 'doubtful' : 'sure';
		}
	}

	/** @returns whether they were recorded */
	private async mark(items: readonly LedgerItem[]): Promise<boolean> {
		const marks = items.map(({ mark }) => mark);
		const { keyed } = this.settings;
		const attempted = await this.attempt(async () => await this.marks.make(marks, keyed));
		attempted?.forEach((mark) => this.attempted.add(mark));
		// If the store fails, calls are placed all the same: the results stored in the execution still protect them.
		if (!attempted && this.marks.isRerun) marks.forEach((mark) => this.unasked.add(mark));
		return attempted !== undefined;
	}

	private keyStateOf({ onceKey }: LedgerItem): KeyState | undefined {
		return onceKey === undefined ? undefined : this.keys.get(onceKey);
	}

	private keyOf(item: LedgerItem): Known['key'] {
		const key = this.keyStateOf(item);
		if (!key) return undefined;
		if (key.calledHere) return 'takenHere';
		if (key.called) return !key.claimed && key.isIntended ? 'perhapsOurs' : 'taken';
		if (key.claimed === undefined) return 'unknown';
		return key.claimed === 'sure' ? 'free' : 'doubtful';
	}

	/** Resolves when the items before it with the same key are settled. */
	private async takeTurn(item: LedgerItem): Promise<void> {
		const key = this.keyStateOf(item);
		if (!key) return;
		const before = key.turn;
		key.turn = new Promise((resolve) => (item.endTurn = resolve));
		await before;
	}

	private endItem(item: LedgerItem, kind: Decision['kind']): void {
		const isCalled = kind === 'answered' || kind === 'uncertain';
		this.finish(item, isCalled ? [] : [item.mark], isCalled);
	}

	/** @param marks its marks to release */
	private finish({ onceKey, endTurn }: LedgerItem, marks: string[], isCalled: boolean): void {
		const key = onceKey === undefined ? undefined : this.keys.get(onceKey);
		if (!key || onceKey === undefined) return this.release(marks, []);
		key.called ||= isCalled;
		key.open -= 1;
		endTurn?.();
		// A doubtful key may be claimed by another execution.
		const isFree = key.open === 0 && key.claimed === 'sure' && !key.called;
		if (isFree) key.claimed = undefined;
		key.marks.push(...marks);
		if (key.claimed === 'sure' && !key.called) return;
		this.release(key.marks.splice(0), isFree ? [onceKey] : []);
	}

	/** Releases claims in the background: only `close` and further claims wait for it. */
	private release(marks: readonly string[], keys: readonly string[]): void {
		const count = Math.max(marks.length, keys.length);
		if (count === 0) return;
		// Keys first: otherwise, a retry could find a key taken without a mark that tells by whom.
		const released = this.attempt(async () => await this.onceKeys.giveBack(keys)).then(
			async () => await this.attempt(async () => await this.marks.release(marks)),
		);
		this.releases.push(this.queue.whileReleasing(count, released));
	}

	/** The result of `work`, or undefined if n8n's database fails. */
	private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
		try {
			return await work();
		} catch (error) {
			this.context.logger.warn('AlloMia: the dispatch ledger could not be written', { error });
			return undefined;
		}
	}
}
