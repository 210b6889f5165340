import type { IExecuteFunctions } from 'n8n-workflow';
import { ClaimQueue } from './claimQueue';
import { blockSize, Claims, type Claim, type ClaimsMemory } from './claims';
import { lookItUp, type Failure } from './failure';
import type { DispatchAnswer } from './schemas';

/** What the execution itself remembers of an item that was sent to AlloMia. */
export type LedgerEntry =
	| { kind: 'answered'; answer: DispatchAnswer }
	| { kind: 'uncertain'; failure: Failure };

/** All that is known of an item that is about to be called. */
export interface Known {
	/** What the execution remembers, from an earlier attempt of this run. */
	entry?: LedgerEntry;
	/** Whether an attempt of which it knows nothing may have called. */
	attempted?: boolean;
	/** Whether that is unknown, since the shared store cannot be asked. */
	attemptedUnknown?: boolean;
	/** The item's key: whether it had been claimed, or why that is not known. */
	key?: 'free' | 'taken' | 'doubtful' | 'unknown';
}

/** What is to be done with an item. Only `dial` places a call. */
export type Decision =
	| { kind: 'dial' }
	| { kind: 'answered'; answer: DispatchAnswer }
	| { kind: 'uncertain'; failure: Failure }
	| { kind: 'alreadyCalled' }
	| { kind: 'refused'; failure: Failure };

/** The item of a call that is to be placed. */
export interface PlannedCall {
	itemIndex: number;
	onceKey?: string;
}

export interface LedgerSettings {
	/** Whether to call again where an earlier attempt may have called. */
	redialOnUncertain: boolean;
	/** How many calls are placed at the same time. */
	inFlight: number;
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
	description: `This is a re-run, and n8n’s database could not be read. ${lookItUp}`,
};

const doubtfulKey: Failure = {
	kind: 'uncertain',
	message: 'It is not sure that nobody else calls for this key of Call Once Per',
	description: `n8n’s database took too long, and another execution may be calling for the same key. ${lookItUp}`,
};

const unknownKey: Failure = {
	kind: 'refused',
	message: 'n8n’s database could not be written, so Call Once Per cannot be kept',
	description: 'Nobody was called for this item. Save the workflow, or try again in some minutes.',
};

/** What to do with an item, by all that is known of it. */
export function decide(known: Known, redialOnUncertain: boolean): Decision {
	const { entry, attempted, attemptedUnknown, key } = known;
	if (entry?.kind === 'answered') return entry;
	if (!redialOnUncertain) {
		if (entry) return entry;
		if (attempted) return { kind: 'uncertain', failure: cutOff };
		if (attemptedUnknown) return { kind: 'uncertain', failure: notKnown };
	} else if (entry || attempted) {
		// Its key was claimed by the attempt that is now repeated.
		return { kind: 'dial' };
	}
	switch (key) {
		case 'taken':
			return { kind: 'alreadyCalled' };
		case 'doubtful':
			return { kind: 'uncertain', failure: doubtfulKey };
		case 'unknown':
			return { kind: 'refused', failure: unknownKey };
		default:
			return { kind: 'dial' };
	}
}

/** What an execution remembers of one run of the node. n8n stores it with the execution. */
interface LedgerRun extends ClaimsMemory {
	entries: Record<string, LedgerEntry>;
}

interface LedgerMemory {
	/**
	 * The run index of the node's first run. Not always 0: where n8n was killed, it puts a run that
	 * never was into the execution, and a re-run counts on from there.
	 */
	first: number;
	/** By the number of the run, from 0 on: loops are no retries. */
	runs: Record<string, LedgerRun>;
}

const contextKey = 'alloMiaLedger';

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
}

/**
 * Who has been called in this run of this execution, in two layers: what the execution remembers by
 * itself (Retry On Fail, a re-run of a failed execution), and claims in n8n's shared store for what
 * dies with a process, and for keys that hold across executions.
 */
export class Ledger {
	private readonly claims: Claims;

	/** The items to be called, by the number of their block. */
	private readonly plan = new Map<number, PlannedCall[]>();

	private readonly keys = new Map<string, KeyState>();

	private readonly queue: ClaimQueue;

	private readonly endTurn = new Map<number, () => void>();

	private readonly redialOnUncertain: boolean;

	private constructor(
		private readonly context: IExecuteFunctions,
		private readonly run: LedgerRun,
		private readonly forget: () => void,
		calls: readonly PlannedCall[],
		runName: string,
		{ redialOnUncertain, inFlight, keyed }: LedgerSettings,
	) {
		this.redialOnUncertain = redialOnUncertain;
		this.claims = new Claims(context, runName, keyed, run);
		for (const call of calls) {
			if (this.recall(call.itemIndex)) continue;
			const block = blockOf(call.itemIndex);
			const others = this.plan.get(block);
			if (others) others.push(call);
			else this.plan.set(block, [call]);
			if (call.onceKey === undefined) continue;
			const key = this.keys.get(call.onceKey);
			if (key) key.open += 1;
			else this.keys.set(call.onceKey, { open: 1, turn: Promise.resolve(), called: false });
		}
		this.queue = new ClaimQueue({
			blocks: this.plan,
			inFlight,
			limit: this.claims.limit,
			claim: async (blocks) => await this.attempt(async () => await this.claimNow(blocks)),
		});
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
		const name = String(runIndex - memory.first);
		const run = (memory.runs[name] ??= { generation: 0, foreign: [], blocks: {}, entries: {} });
		return new Ledger(context, run, () => delete memory.runs[name], calls, name, settings);
	}

	/**
	 * What to do with an item, claimed before it says `dial`. To be asked in the order of the items;
	 * after `dial` comes `settle`.
	 */
	async admit({ itemIndex, onceKey }: PlannedCall): Promise<Decision> {
		const recalled = this.recall(itemIndex);
		if (recalled) return recalled;
		const turn = this.takeTurn(itemIndex, onceKey);
		const block = blockOf(itemIndex);
		const claim = await this.queue.enter(block);
		this.queue.leave();
		await turn;
		const known: Known = {
			entry: this.run.entries[itemIndex],
			attempted: claim?.attempted.has(block),
			attemptedUnknown: claim === undefined && this.claims.isRerun,
			key: this.keyOf(onceKey),
		};
		const decision = decide(known, this.redialOnUncertain);
		if (decision.kind === 'uncertain') this.run.entries[itemIndex] = decision;
		if (decision.kind !== 'dial') await this.endItem(itemIndex, onceKey, decision.kind);
		return decision;
	}

	/** Keeps what became of a dial; undefined where AlloMia has surely not taken the call. */
	async settle({ itemIndex, onceKey }: PlannedCall, entry?: LedgerEntry): Promise<void> {
		this.queue.count();
		if (entry) this.run.entries[itemIndex] = entry;
		await this.endItem(itemIndex, onceKey, entry?.kind ?? 'refused');
	}

	/**
	 * To be called at the end of an attempt: gives back the keys of those who were not called.
	 * @param isLast whether n8n will surely not attempt this run again
	 */
	async close(isLast: boolean): Promise<void> {
		await this.queue.close();
		const unused = [...this.keys].filter(([, { claimed, called }]) => claimed && !called);
		await this.giveBack(unused.map(([key]) => key));
		await this.attempt(async () => await this.claims.confirm());
		if (isLast) this.forget();
	}

	/** What the execution remembers, unless the user wants to call again. */
	private recall(itemIndex: number): LedgerEntry | undefined {
		const entry = this.run.entries[itemIndex];
		return entry?.kind === 'uncertain' && this.redialOnUncertain ? undefined : entry;
	}

	private async claimNow(blocks: readonly number[]): Promise<Claim> {
		const asked = new Map<string, KeyState>();
		for (const { onceKey } of blocks.flatMap((block) => this.plan.get(block) ?? [])) {
			const key = onceKey === undefined ? undefined : this.keys.get(onceKey);
			if (onceKey !== undefined && key && !key.called && !key.claimed) asked.set(onceKey, key);
		}
		const claim = await this.claims.claim(blocks, [...asked.keys()]);
		for (const [name, key] of asked) {
			if (claim.taken.has(name)) key.called = true;
			else key.claimed = claim.doubtful ? 'doubtful' : 'sure';
		}
		return claim;
	}

	private keyOf(onceKey: string | undefined): Known['key'] {
		const key = onceKey === undefined ? undefined : this.keys.get(onceKey);
		if (!key) return undefined;
		if (key.called) return 'taken';
		if (key.claimed === undefined) return 'unknown';
		return key.claimed === 'sure' ? 'free' : 'doubtful';
	}

	/** Resolves once the items before this one with the same key are settled. */
	private async takeTurn(itemIndex: number, onceKey: string | undefined): Promise<void> {
		const key = onceKey === undefined ? undefined : this.keys.get(onceKey);
		if (!key) return;
		const before = key.turn;
		key.turn = new Promise((resolve) => this.endTurn.set(itemIndex, resolve));
		await before;
	}

	private async endItem(
		itemIndex: number,
		onceKey: string | undefined,
		kind: Decision['kind'],
	): Promise<void> {
		const key = onceKey === undefined ? undefined : this.keys.get(onceKey);
		if (!key || onceKey === undefined) return;
		key.called ||= kind !== 'refused';
		key.open -= 1;
		this.endTurn.get(itemIndex)?.();
		if (key.open === 0 && key.claimed && !key.called) {
			key.claimed = undefined;
			await this.giveBack([onceKey]);
		}
	}

	private async giveBack(keys: string[]): Promise<void> {
		if (keys.length > 0) await this.attempt(async () => await this.claims.release(keys));
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

function blockOf(itemIndex: number): number {
	return Math.floor(itemIndex / blockSize);
}
