import { sleep, type IExecuteFunctions } from 'n8n-workflow';
import { record, remove } from './sharedStore';

/** How many items are claimed with one request to the store. */
export const blockSize = 10;

/**
 * How many values the store keeps, the newest: one for each block of items, and, where the node has
 * a key for its items, the newest 10,000 of those with the two marks that each may come with.
 */
const keepMarks = 2_000;
const keepKeys = 30_000;

/** How long it takes until a write of another process would have undone ours, in ms. */
const settleMarks = 25;
const settleKeys = 400;

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
	/** Whether an attempt of which the execution knows nothing had claimed this block. */
	attempted: boolean;
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
 * - A token for each block, by the execution's id: tells a job that was delivered twice, and whether
 *   our write is still there.
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
	 * @param run the node's run index: loops are no retries
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
		this.keep = keyed ? keepKeys : keepMarks;
		this.generation = memory.generation;
	}

	/** Whether it matters what an attempt did of which the execution knows nothing. */
	get isRerun(): boolean {
		return this.careful;
	}

	/**
	 * Claims a block of items and their keys with one request. Blocks are claimed one after the other.
	 * @throws what n8n's database says, where it cannot be written
	 */
	async claim(block: number, keys: readonly string[]): Promise<Claim> {
		if (!this.begun && this.careful) await this.chooseGeneration(this.generation);
		const start = this.begun ? [] : [this.token(0), this.mark(0)];
		const own = this.mark(block);
		const ownBefore = this.claimed.has(own);
		const since = this.memory.blocks[block] ?? -1;
		const foreign = this.memory.foreign.filter((generation) => generation > since);
		const marks = foreign.map((generation) => this.mark(block, generation));
		const values = [...start, this.token(block), own, ...marks, ...keys.map(toValue)];
		const { known, before, doubtful } = await this.hold(
			this.alone && start.length === 0 ? values.slice(1) : values,
			this.token(block),
			keys.length > 0 ? settleKeys : settleMarks,
		);
		this.begun = true;
		const taken = new Set(keys.filter((key) => known.has(toValue(key))));
		let attempted =
			marks.some((mark) => known.has(mark)) || (this.careful && !ownBefore && known.has(own));

		if (start.length > 0 && !this.careful && before.has(this.token(0))) {
			// The same job has been delivered before, and perhaps to a process that is still at it.
			this.careful = true;
			attempted = before.has(own);
			this.memory.foreign.push(this.generation);
			await this.chooseGeneration(this.generation + 1);
			await this.hold([this.token(block), this.mark(block)], this.token(block), settleMarks);
		}
		this.memory.blocks[block] = this.generation;
		this.memory.generation = this.generation + 1;
		return { attempted, taken, doubtful };
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
		const first = await record(this.context, values, this.keep);
		let last = first;
		for (let attempt = 1; !this.alone; attempt += 1) {
			await sleep(settle * (1 + Math.random() / 4));
			const again = await record(this.context, values, this.keep);
			if (again.known.has(token)) break;
			// Another process, which had read before we wrote, has undone it.
			if (attempt === tries) throw new Error('Other processes keep undoing what was written');
			last = again;
		}
		values.forEach((value) => this.claimed.add(value));
		// Whoever takes that long may have undone what another process was sure of.
		return { known: last.known, before: first.known, doubtful: last.took > settle };
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
