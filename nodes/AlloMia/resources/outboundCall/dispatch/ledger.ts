import type { IExecuteFunctions } from 'n8n-workflow';
import { isAgentTool, readToolRun, type ToolRun } from '../../../../shared/n8n/agentTool';
import type { CallBody } from './callRequest';
import { ClaimQueue } from './claimQueue';
import { lookItUp, type Failure } from '../../../../shared/api/failure';
import { Marks, nameCall, type MarksMemory } from './marks';
import { OnceKeys } from './onceKeys';
import type { DispatchResponse } from '../../../../shared/api/schemas';

/** What the execution itself remembers of an item that was sent to AlloMia. */
export type LedgerEntry =
	| { kind: 'answered'; answer: DispatchResponse }
	| { kind: 'uncertain'; failure: Failure };

/** All that is known of an item that is about to be called. */
export interface Known {
	/** What the execution remembers, from an earlier attempt of this run. */
	entry?: LedgerEntry;
	/** Whether an attempt of which it knows nothing may have called. */
	attempted?: boolean;
	/** Whether that is unknown, since the shared store could not be asked. */
	attemptedUnknown?: boolean;
	/** The item's key: whether it had been claimed, by a call of this run perhaps, or why that is not known. */
	key?: 'free' | 'taken' | 'takenHere' | 'perhapsOurs' | 'doubtful' | 'unknown';
}

/** What is to be done with an item. Only `dial` places a call. */
export type Decision =
	| { kind: 'dial' }
	| { kind: 'answered'; answer: DispatchResponse }
	| { kind: 'uncertain'; failure: Failure }
	/** The store could not be asked. It is not remembered: the next attempt asks again. */
	| { kind: 'notKnown'; failure: Failure }
	/** Nobody knows who has claimed its key: Redial on Uncertain does not call it. */
	| { kind: 'uncertainKey'; failure: Failure }
	| { kind: 'alreadyCalled' }
	| { kind: 'skipped' }
	| { kind: 'refused'; failure: Failure };

/** The item of a call that is to be placed. */
export interface PlannedCall {
	itemIndex: number;
	body: CallBody;
	onceKey?: string;
}

export interface LedgerSettings {
	/** Whether to call again where an earlier attempt may have called. */
	redialOnUncertain: boolean;
	/** Whether the node has a key for its items, even if none of these has one. */
	keyed: boolean;
}

const cutOff: Failure = {
	kind: 'uncertain',
	message: 'An earlier attempt at this call was cut off',
	description: `n8n ended while it was placing this call. ${lookItUp}`,
};

const notKnown: Failure = {
	kind: 'uncertain',
	message: 'n8n’s database does not tell whether this call was placed before',
	description: `This is a re-run, and n8n’s database could not be read. Run this execution again once n8n is well: it asks then. ${lookItUp}`,
};

const doubtfulKey: Failure = {
	kind: 'uncertain',
	message: 'It is not sure that nobody else calls for this key of Call Once Per',
	description: `n8n’s database took too long, and another execution may be calling for the same key. ${lookItUp}`,
};

const perhapsOurKey: Failure = {
	kind: 'uncertain',
	message: 'It is not known who has claimed this key of Call Once Per',
	description: `An earlier attempt was cut off while it claimed it, or another execution had called for it before. ${lookItUp} If nobody was called, start a new execution with this item only, with another key: Redial on Uncertain does not call it.`,
};

const unknownKey: Failure = {
	kind: 'refused',
	message: 'n8n’s database could not be written, so Call Once Per cannot be kept',
	description:
		'Nobody was called for this item. Save the workflow, or try again in some minutes. If the item is passed over as already called then, its key was kept all the same: give it another one.',
};

/** What to do with an item, by all that is known of it. */
export function decide(known: Known, redialOnUncertain: boolean): Decision {
	const { entry, attempted, attemptedUnknown, key } = known;
	if (entry?.kind === 'answered') return entry;
	if (!redialOnUncertain) {
		if (entry) return entry;
		if (attempted) return { kind: 'uncertain', failure: cutOff };
		if (attemptedUnknown) return { kind: 'notKnown', failure: notKnown };
	} else if (entry || attempted) {
		// Its key was claimed by the attempt that is now repeated, perhaps for several items.
		return { kind: key === 'takenHere' ? 'alreadyCalled' : 'dial' };
	}
	switch (key) {
		case 'taken':
		case 'takenHere':
			return { kind: 'alreadyCalled' };
		case 'perhapsOurs':
			return { kind: 'uncertainKey', failure: perhapsOurKey };
		case 'doubtful':
			return { kind: 'uncertain', failure: doubtfulKey };
		case 'unknown':
			return { kind: 'refused', failure: unknownKey };
		default:
			return { kind: 'dial' };
	}
}

/** What an execution remembers of one run of the node. n8n stores it with the execution. */
interface LedgerRun {
	/** By the item's position; in an agent's tool, which n8n runs several times at the same, by the call too. */
	entries: Record<string, LedgerEntry>;
	/** Of a tool that n8n runs as a node: the run of its agent. */
	agentRun?: string;
}

interface LedgerMemory extends MarksMemory {
	/**
	 * The run index of the node's first run. Not always 0: where n8n was killed, it puts a run that
	 * never was into the execution, and a re-run counts on from there.
	 */
	first: number;
	/**
	 * By the number of the run, from 0 on: loops are no retries. Of a tool that an agent runs by itself, by
	 * the run of the agent.
	 */
	runs: Record<string, LedgerRun>;
	/** The number of the newest run, unless it has ended well. */
	open?: string;
}

const contextKey = 'alloMiaLedger';

/**
 * The place of a tool's call in what the execution remembers. A model may ask for the same call again: it is
 * placed again, unless nobody knows whether it was placed before.
 * @param place its item, and who is called for what
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

/** A key within one run: several items may have it, and then take turns. */
interface KeyState {
	/** How many items with it are not settled. */
	open: number;
	/** Settles with the newest item that was admitted with it. */
	turn: Promise<void>;
	/** Whether this run has claimed it, and may be wrong about that. */
	claimed?: 'sure' | 'doubtful';
	/** Whether a call for it was placed, or may have been. */
	called: boolean;
	/** Whether this run has placed it, in this attempt or an earlier one. */
	calledHere?: boolean;
	/** Whether an attempt that was cut off may have claimed it, without calling. */
	isIntended?: boolean;
	/** The marks of items that were not called: as long as the key is claimed, they tell by whom. */
	marks: string[];
}

const newKey = (): KeyState => ({ open: 0, turn: Promise.resolve(), called: false, marks: [] });

/** An item as the ledger has it. */
interface LedgerItem {
	itemIndex: number;
	/** Who is called for what: see `Marks`. */
	mark: string;
	onceKey?: string;
	/** Its place in what the execution remembers. */
	entry: string;
	endTurn?: () => void;
}

/**
 * Who has been called in this run of this execution, in two layers: what the execution remembers by
 * itself (Retry On Fail, a re-run of a failed execution), and claims in n8n's shared store for what
 * dies with a process, and for keys that hold across executions.
 */
export class Ledger {
	private readonly items: ReadonlyMap<number, LedgerItem>;

	private readonly keys = new Map<string, KeyState>();

	private readonly queue: ClaimQueue<LedgerItem>;

	/** The marks of calls that a dead process had attempted, or that could not be asked about. */
	private readonly attempted = new Set<string>();

	private readonly unasked = new Set<string>();

	private readonly releases: Array<Promise<unknown>> = [];

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
		this.queue = new ClaimQueue(plan, marks.limit, async (some) => await this.claimAll(some));
	}

	/** @param calls what is to be called, in the order of the items */
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
		// A re-run goes on with the run that failed, whatever n8n's count of runs is by then.
		if (isFresh && marks.isRerun && memory.open !== undefined) {
			memory.first = runIndex - Number(memory.open);
		}
		const name = String(runIndex - memory.first);
		memory.open = name;
		const tool = isTool ? readToolRun(context) : undefined;
		// An agent that is tried or run again asks for the same once more, and n8n counts its tool's runs on.
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

	/** Whether the execution was stopped, as far as is known: nobody is to be called any more. */
	get isStopped(): boolean {
		return this.marks.isStopped;
	}

	/** Looks whether the execution was stopped without n8n's telling this process: once for all who ask. */
	async checkStopped(): Promise<boolean> {
		this.checking ??= this.marks.checkStopped().finally(() => (this.checking = undefined));
		return await this.checking;
	}

	/**
	 * What to do with an item, claimed before it says `dial`. To be asked in the order of the items;
	 * after `dial` comes `settle`.
	 * @param mayCall whether anybody is still to be called: to claim takes a moment, or a second
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
		const isWanted = mayCall();
		// What is to be given back counts as claimed until then.
		if (!isWanted) await this.endItem(item, 'skipped');
		this.queue.leave();
		if (!isWanted) return { kind: 'skipped' };
		await turn;
		const known: Known = {
			entry: this.run.entries[item.entry],
			attempted: this.attempted.has(item.mark),
			attemptedUnknown: this.unasked.has(item.mark),
			key: this.keyOf(item),
		};
		const decision = decide(known, this.settings.redialOnUncertain);
		if (decision.kind === 'uncertain') this.run.entries[item.entry] = decision;
		if (decision.kind !== 'dial') await this.endItem(item, decision.kind);
		return decision;
	}

	/** Keeps what became of a dial; undefined where AlloMia has surely not taken the call. */
	async settle({ itemIndex }: Pick<PlannedCall, 'itemIndex'>, entry?: LedgerEntry): Promise<void> {
		const item = this.itemAt(itemIndex);
		if (entry) {
			this.run.entries[item.entry] = entry;
			const key = this.keyStateOf(item);
			if (key) key.calledHere = true;
		}
		await this.endItem(item, entry?.kind ?? 'refused');
	}

	/**
	 * To be called at the end of an attempt: gives back the claims of those who were not called.
	 * @param isLast whether n8n will surely not attempt this run again
	 * @param isFailed whether the node fails with it
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
		await this.attempt(async () => await this.onceKeys.close());
		await this.attempt(async () => await this.marks.close());
		if (!isFailed) this.endRun(isLast);
	}

	private itemAt(itemIndex: number): LedgerItem {
		const item = this.items.get(itemIndex);

		if (!item) throw new Error(`The ledger does not know item ${itemIndex}`);
		return item;
	}

	/** What the execution remembers, unless the user wants to call again. */
	private recall({ entry }: LedgerItem): LedgerEntry | undefined {
		const known = this.run.entries[entry];
		return known?.kind === 'uncertain' && this.settings.redialOnUncertain ? undefined : known;
	}

	private async claimAll(items: readonly LedgerItem[]): Promise<void> {
		if (this.isStopped) return;
		const begun = await this.attempt(async () => {
			await this.marks.begin(this.name);
			return true;
		});
		// Whom a re-run leaves alone needs no key, and who had been called before needs no mark.
		const keyed = items.filter(({ onceKey }) => onceKey !== undefined).map(({ mark }) => mark);
		if (this.marks.isRerun) {
			// Before the marks: these are made while there are intents.
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

	/** @returns whether the store has them */
	private async mark(items: readonly LedgerItem[]): Promise<boolean> {
		const marks = items.map(({ mark }) => mark);
		const { keyed } = this.settings;
		const attempted = await this.attempt(async () => await this.marks.make(marks, keyed));
		attempted?.forEach((mark) => this.attempted.add(mark));
		// Without an answer, calls are placed all the same: what the execution remembers still holds.
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

	/** Resolves once the items before this one with the same key are settled. */
	private async takeTurn(item: LedgerItem): Promise<void> {
		const key = this.keyStateOf(item);
		if (!key) return;
		const before = key.turn;
		key.turn = new Promise((resolve) => (item.endTurn = resolve));
		await before;
	}

	private async endItem(item: LedgerItem, kind: Decision['kind']): Promise<void> {
		const { mark, onceKey } = item;
		const isCalled = kind === 'answered' || kind === 'uncertain';
		const marks = isCalled ? [] : [mark];
		const key = this.keyStateOf(item);
		if (!key || onceKey === undefined) return this.release(marks, []);
		key.called ||= isCalled;
		key.open -= 1;
		item.endTurn?.();
		// A doubtful one may be another's.
		const isFree = key.open === 0 && key.claimed === 'sure' && !key.called;
		if (isFree) key.claimed = undefined;
		key.marks.push(...marks);
		if (key.claimed === 'sure' && !key.called) return;
		this.release(key.marks.splice(0), isFree ? [onceKey] : []);
	}

	/** Nobody waits for it but the end of the attempt, and calls that are to be claimed. */
	private release(marks: readonly string[], keys: readonly string[]): void {
		const count = Math.max(marks.length, keys.length);
		if (count === 0) return;
		// The other way round, a re-run would find a key taken and nobody who may have been called.
		const released = this.attempt(async () => await this.onceKeys.giveBack(keys)).then(
			async () => await this.attempt(async () => await this.marks.release(marks)),
		);
		this.releases.push(this.queue.whileGivenBack(count, released));
	}

	/** What the store says, or undefined where n8n's database cannot be written. */
	private async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
		try {
			return await work();
		} catch (error) {
			this.context.logger.warn('AlloMia: the dispatch ledger could not be written', { error });
			return undefined;
		}
	}
}
