import { sleep } from 'n8n-workflow';
import { blockSize, type Claim } from './claims';

/** What decides how many blocks are claimed next. */
export interface Situation {
	/** How many items each of the next blocks has. */
	sizes: readonly number[];
	/** How many items of these are to be called now. */
	waiting: number;
	/** How many calls are placed at the same time. */
	inFlight: number;
	/** How many items to claim ahead. */
	ahead: number;
	/** How many more items this process may claim before it calls one. */
	room: number;
	/** Whether other lists are being called by this process. */
	shared: boolean;
	/** Whether no room was made for a while. */
	stuck: boolean;
}

/** How many blocks to claim now. */
export function blocksToClaim(situation: Situation): number {
	const { sizes, waiting, inFlight, ahead, room, shared, stuck } = situation;
	const mostAhead = Math.min(waiting + ahead, shared ? room - blockSize : room);
	let [blocks, items] = [0, 0];
	for (const size of sizes) {
		if (items + size > (items < waiting ? room : mostAhead)) break;
		blocks += 1;
		items += size;
	}
	if (waiting === 0) return blocks > 1 || blocks === sizes.length ? blocks : 0;
	const [first] = sizes;
	if (blocks > 0 || first === undefined || !stuck) return blocks;
	// Other lists have taken all the room, and their calls take long. This block is called at once as
	// far as it can be, and so needs room for a moment only.
	return waiting >= Math.min(first, inFlight) ? 1 : 0;
}

export interface ClaimQueueSettings {
	/** The items to be called, by the number of their block, in order. */
	blocks: ReadonlyMap<number, readonly unknown[]>;
	/** How many calls are placed at the same time. */
	inFlight: number;
	/** How many items this process may have claimed and not yet called. */
	limit: number;
	/** Claims blocks. Never rejects; undefined where the store could not be asked. */
	claim: (blocks: number[]) => Promise<Claim | undefined>;
}

/** How many items are claimed ahead at once. */
const stride = 2 * blockSize;

/** Claims hold up calls that take less than this each, in ms. */
const fast = 5;

/** How long to wait for room that others take, in ms, if nothing is claimed or called meanwhile. */
const patience = 100;

interface Block {
	number: number;
	size: number;
	claim: Promise<Claim | undefined>;
	resolve: (claim: Claim | undefined) => void;
}

/** What all lists of this process share: they die together. */
const inProcess = {
	/** How many items are claimed and not yet called. */
	reserved: 0,
	/** How many claims are being made. */
	claiming: 0,
	/** How many lists there are. */
	lists: 0,
	/** How often an item was called, or a claim was made. */
	moves: 0,
	/** The lists that wait for room, the longest waiting first. */
	held: new Set<() => void>(),
};

/**
 * Claims the blocks of a list one after the other, as its items come to be called. Whoever is claimed
 * and not yet called when n8n dies is not called any more: so little is claimed at once, and ahead only
 * where claims would hold up the calls.
 */
export class ClaimQueue {
	private readonly blocks: Block[] = [];

	private readonly byNumber = new Map<number, Block>();

	/** How many blocks are claimed, or being claimed. */
	private started = 0;

	/** How many items these have. */
	private claimed = 0;

	/** How many items have entered, and how many of them have left. */
	private entered = 0;

	private left = 0;

	private newest: Promise<unknown> = Promise.resolve();

	private claiming = false;

	private holding = false;

	/** How long the newest claim took, in ms. */
	private claimTime = 0;

	private startedAt?: number;

	/** How many calls have been placed since. */
	private placed = 0;

	constructor(private readonly settings: ClaimQueueSettings) {
		inProcess.lists += 1;
		for (const [number, { length: size }] of settings.blocks) {
			let resolve: Block['resolve'] = () => {};
			const claim = new Promise<Claim | undefined>((done) => (resolve = done));
			const block: Block = { number, size, claim, resolve };
			this.blocks.push(block);
			this.byNumber.set(number, block);
		}
	}

	/** The claim of a block, for its next item: they enter in order. `leave` must follow for it. */
	async enter(number: number): Promise<Claim | undefined> {
		this.entered += 1;
		this.claimMore();
		return await this.byNumber.get(number)?.claim;
	}

	/** An item that has entered is called now, or is not to be called. */
	leave(): void {
		this.startedAt ??= Date.now();
		this.release(Math.min(1, this.claimed - this.left));
		this.claimMore();
	}

	/** A call was placed. */
	count(): void {
		this.placed += 1;
	}

	/** To be called at the end. Resolves once nothing is being claimed any more. */
	async close(): Promise<void> {
		this.started = this.blocks.length;
		await this.newest;
		inProcess.lists -= 1;
		this.release(this.claimed - this.left);
	}

	private readonly claimMore = (stuck = false): void => {
		inProcess.held.delete(this.claimMore);
		if (this.claiming || this.started === this.blocks.length) return;
		const { inFlight, limit } = this.settings;
		const waiting = Math.max(0, this.entered - this.claimed);
		const count = blocksToClaim({
			sizes: this.blocks.slice(this.started, this.started + limit).map(({ size }) => size),
			// At first, as many are to be called as can be.
			waiting: this.started === 0 ? inFlight : waiting,
			inFlight,
			ahead: this.isShort() ? stride : 0,
			room: limit - inProcess.reserved,
			shared: inProcess.lists > 1,
			stuck,
		});
		if (count > 0) {
			this.newest = this.claimBlocks(count);
		} else if (waiting > 0) {
			inProcess.held.add(this.claimMore);
			void this.hold();
		}
	};

	/** Whether the calls are placed so fast that the next claim might come too late for them. */
	private isShort(): boolean {
		if (this.startedAt === undefined || this.placed < blockSize) return false;
		const perCall = (Date.now() - this.startedAt) / this.placed;
		if (perCall >= Math.max(fast, this.claimTime / 3)) return false;
		return this.claimed - this.left <= Math.min(stride, (2 * this.claimTime) / perCall);
	}

	/** Waits for room, but not for calls that take long. */
	private async hold(): Promise<void> {
		if (this.holding) return;
		this.holding = true;
		while (inProcess.held.has(this.claimMore)) {
			const { moves } = inProcess;
			await sleep(patience);
			const isStuck = moves === inProcess.moves && inProcess.claiming === 0;
			if (inProcess.held.has(this.claimMore)) this.claimMore(isStuck);
		}
		this.holding = false;
	}

	private async claimBlocks(count: number): Promise<void> {
		const blocks = this.blocks.slice(this.started, this.started + count);
		this.started += count;
		this.claiming = true;
		inProcess.claiming += 1;
		const items = blocks.reduce((sum, { size }) => sum + size, 0);
		this.claimed += items;
		inProcess.reserved += items;
		const begun = Date.now();
		const claim = await this.settings.claim(blocks.map(({ number }) => number));
		this.claimTime = Date.now() - begun;
		this.claiming = false;
		inProcess.claiming -= 1;
		for (const { resolve } of blocks) resolve(claim);
		this.release(0);
		this.claimMore();
	}

	private release(count: number): void {
		this.left += count;
		inProcess.reserved -= count;
		inProcess.moves += 1;
		for (const claimMore of [...inProcess.held]) claimMore();
	}
}
