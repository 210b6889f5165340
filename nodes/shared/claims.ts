import { sleep, type IExecuteFunctions } from 'n8n-workflow';
import { record, remove } from './sharedStore';

/** How many items are claimed together. */
export const blockSize = 5;

/** How many marks the store keeps at least, or keys where the node has them: the newest. */
const keepMarks = 1_000;
const keepKeys = 10_000;

/**
 * How long to wait until a write of another process would have undone ours, in ms; longer where our
 * own write took long. A lost mark does harm only if n8n dies as well, a lost key by itself.
 */
const settleMarks = 25;
const settleKeys = 1_000;

/** How many of the newest values are written again with each claim, in case they were undone. */
const repeated = 100;

/** How often a claim that was undone is made again. */
const tries = 20;

/** What an execution remembers by itself of its claims in one run of the node. */
export interface ClaimsMemory {
	/** The number of its next attempt. */
	generation: number;
	/** Attempts of which it knows nothing: of a process that died. */
	foreign: number[];
	/** The blocks that it has claimed, with the attempt that did. */
	blocks: Record<string, number>;
}

export interface Claim {
	/** The blocks that an attempt of which the execution knows nothing had claimed. */
	attempted: ReadonlySet<number>;
	/** The keys that had been claimed before. */
	taken: ReadonlySet<string>;
	/** Whether another process may have claimed the same keys without this being seen. */
	doubtful: boolean;
}

/**
 * Claims in n8n's shared store, made before calls are placed. They outlive a process that dies in
 * the middle, which what an execution remembers by itself does not.
 *
 * - A mark for each block of items, by the moment at which the execution was established: that is
 *   all that it has in common with its re-run. Since two executions may share it, only a re-run asks.
 * - A token for each claim, by the execution's id, where other processes write to the store too: it
 *   tells whether our write is still there, and whether the job was delivered before.
 * - A key for each item that has one.
 *
 * Attempts have numbers. Each marks its block 0 first, which is how a re-run finds out which there
 * have been; it then asks for the marks of all that its execution does not remember.
 *
 * In n8n's queue mode several processes write to the store, and each may undo what another has just
 * written. So a claim counts only if it is still there after a while.
 */
export class Claims {
	private readonly namespace: string;

	private readonly execution: string;

	/** Whether no other process can write to the store. */
	private readonly alone: boolean;

	private readonly keep: number;

	private generation: number;

	/** Whether another attempt may have made the same claims: in a re-run, or a second delivery. */
	private careful: boolean;

	private begun = false;

	/** All that this attempt has claimed. */
	private readonly claimed = new Set<string>();

	/**
	 * @param run tells the node's runs within one execution apart: loops are no retries
	 * @param keyed whether the node has a key for its items
	 */
	constructor(
		private readonly context: IExecuteFunctions,
		run: string,
		keyed: boolean,
		private readonly memory: ClaimsMemory,
	) {
		const id = context.getExecutionId();
		this.namespace = `mark/${context.getExecutionContext?.()?.establishedAt ?? id}/${run}`;
		this.execution = `token/${id}/${run}`;
		const mode = context.getMode();
		// n8n's main process runs published workflows by itself only where there are no workers.
		this.alone = context.getWorkflow().active && ['webhook', 'trigger'].includes(mode);
		this.careful = mode === 'retry';
		// One call may come with a mark, and with a token where there are other processes.
		this.keep = keyed ? keepKeys * (this.alone ? 2 : 3) : keepMarks;
		this.generation = memory.generation;
	}

	/** Whether it matters what an attempt did of which the execution knows nothing. */
	get isRerun(): boolean {
		return this.careful;
	}

	/** How many items this process may have claimed and not yet called. */
	get limit(): number {
		// Where there are several processes, they may be killed together.
		return this.alone ? 20 : 10;
	}

	/**
	 * Claims blocks of items and their keys with one request. To be called again only once it is done.
	 * @throws what n8n's database says, where it cannot be written
	 */
	async claim(blocks: readonly number[], keys: readonly string[]): Promise<Claim> {
		if (!this.begun && this.careful) await this.chooseGeneration(this.generation);
		const isFirst = !this.begun;
		const { generation } = this;
		const own = blocks.map((block) => this.mark(block));
		const ownBefore = new Set(own.filter((mark) => this.claimed.has(mark)));
		const foreign = new Map(blocks.map((block) => [block, this.foreignMarks(block)]));
		const token = this.token(isFirst ? 0 : (blocks[0] ?? 0));
		const values = [
			...(this.alone ? [] : [token]),
			...(isFirst ? [this.mark(0)] : []),
			...own,
			...[...foreign.values()].flat(),
			...keys.map(toValue),
		];
		const settle = keys.length > 0 ? settleKeys : settleMarks;
		const { known, before, doubtful } = await this.hold(values, token, settle);
		this.begun = true;

		const twice = isFirst && !this.careful && before.has(token);
		if (twice) {
			// The same job has been delivered before, and perhaps to a process that is still at it.
			this.careful = true;
			this.memory.foreign.push(generation);
			await this.chooseGeneration(generation + 1);
			const marks = blocks.map((block) => this.mark(block));
			await this.hold([this.token(0), ...marks], this.token(0), settleMarks);
		}
		const isAttempted = (block: number): boolean => {
			const mark = this.mark(block, generation);
			if (twice) return before.has(mark);
			const byOther = foreign.get(block)?.some((it) => known.has(it)) ?? false;
			return byOther || (this.careful && known.has(mark) && !ownBefore.has(mark));
		};
		const attempted = new Set(blocks.filter(isAttempted));
		for (const block of blocks) this.memory.blocks[block] = this.generation;
		this.memory.generation = this.generation + 1;
		return { attempted, taken: new Set(keys.filter((key) => known.has(toValue(key)))), doubtful };
	}

	/** Gives back keys for which AlloMia has surely not taken a call. */
	async release(keys: readonly string[]): Promise<void> {
		keys.forEach((key) => this.claimed.delete(toValue(key)));
		await remove(this.context, keys.map(toValue));
	}

	/** Makes sure that what was claimed is still there. */
	async confirm(): Promise<void> {
		if (!this.alone && this.claimed.size > 0) {
			await record(this.context, [...this.claimed], this.keep);
		}
	}

	/** Takes the first number from this on that no attempt has had; those before it are foreign. */
	private async chooseGeneration(from: number): Promise<void> {
		for (this.generation = from; ; this.generation += 1) {
			const { known } = await this.hold([this.token(0), this.mark(0)], this.token(0), settleKeys);
			if (!known.has(this.mark(0))) return;
			this.memory.foreign.push(this.generation);
		}
	}

	/**
	 * Records values until they stay.
	 * @param token one of them that nobody else records
	 * @returns what the write that stayed found there, and what the first did
	 */
	private async hold(values: readonly string[], token: string, settle: number) {
		const write = async () => {
			const recent = this.alone ? [] : [...this.claimed].slice(-repeated);
			return await record(this.context, [...values, ...recent], this.keep);
		};
		const first = await write();
		let last = first;
		for (let attempt = 1; !this.alone; attempt += 1) {
			await sleep(Math.max(settle, 2 * last.took) * (1 + Math.random() / 4));
			const again = await write();
			if (again.known.has(token)) break;
			// Another process, which had read before we wrote, has undone it.
			if (attempt === tries) throw new Error('Other processes keep undoing what was written');
			last = again;
		}
		for (const value of values) {
			// A key that another has is his to give back.
			if (!isKey(value) || !last.known.has(value)) this.claimed.add(value);
		}
		// Whoever takes that long may have undone what another process was sure of.
		return { known: last.known, before: first.known, doubtful: !this.alone && last.took > settle };
	}

	/** The marks of attempts that may have called this block since the execution itself claimed it. */
	private foreignMarks(block: number): string[] {
		const since = this.memory.blocks[block] ?? -1;
		return this.memory.foreign
			.filter((generation) => generation > since)
			.map((generation) => this.mark(block, generation));
	}

	private mark(block: number, generation = this.generation): string {
		return `${this.namespace}/${generation}/${block}`;
	}

	private token(block: number): string {
		return `${this.execution}/${this.generation}/${block}`;
	}
}

function toValue(key: string): string {
	return `key/${key}`;
}

function isKey(value: string): boolean {
	return value.startsWith('key/');
}
