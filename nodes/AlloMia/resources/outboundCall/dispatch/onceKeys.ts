import { sleep } from 'n8n-workflow';
import { retryInBackground, type DeduplicationStore } from './deduplicationStore';

/*
 * What is kept in the row of the node:
 *
 * - A key for each value of Call Once Per: the newest 10,000. One that is met again is recorded anew,
 *   since n8n leaves a known value at its place and cuts off the oldest.
 * - A guard for each key that is being recorded anew: it stands for the key while that is missing. If
 *   n8n is killed then, guards stay; a sign in the row of the workflow says that there are some.
 */

/** How many keys are kept, and how many other values may be among them. */
const keepKeys = 10_000;
const spare = 1_000;

/** How long another process may take to undo a claim, in ms: a lost key does harm by itself. */
const settle = 1_000;

/** How long a process that is very busy may take to write what it has read, in ms. */
const longestStall = 5_000;

/** How many keys are recorded anew with one write: n8n looks for each of them in the whole row. */
const slice = 500;

/** How many of the newest keys are written again with each claim. */
const repeated = 50;

/** How often to try whether another process has recorded a key anew by now, and when, in ms. */
const patience = 5;
const patienceWait = 300;

/** How long it takes at most to record them anew, in ms. */
const renewal = 60_000;

/** By the node, for how many reasons there may be guards. */
const guarded = new Map<string, number>();

/** The nodes for which that is being asked. */
const counting = new Map<string, Promise<number>>();

/** The keys that this process records anew, and whether they were given back meanwhile. */
const renewing = new Map<string, { isFree: boolean }>();

/** The newest keys that this process has claimed, by the node. */
const recentOf = new Map<string, Set<string>>();

/** When the newest keys of a node are to be written again, in ms since 1970. */
const rewriting = new Map<string, number>();

/**
 * The keys that this process gives back, and by which request. Where no other process writes to the row,
 * whoever claims one of them has it.
 */
const leaving = new Map<string, { alone: boolean }>();

/** Since when the guards of other processes are known, that were met. */
const othersGuards = new Map<string, number>();

export interface ClaimedKeys {
	/** The keys that had been claimed before. */
	taken: ReadonlySet<string>;
	/** The keys of which it is not known who has claimed them. */
	doubtful: ReadonlySet<string>;
}

/** The keys of Call Once Per, in n8n's shared store: they hold across executions. */
export class OnceKeys {
	private readonly sign: string;

	/** The keys that were met again: they are recorded anew at the end. */
	private readonly met = new Set<string>();

	/** Written again with each claim, and later, in case that they were undone. */
	private readonly recent: Set<string>;

	/** How many were claimed since the last time that keys were recorded anew. */
	private claimed = 0;

	/** When the newest claim was made. */
	private claimedAt = 0;

	constructor(
		private readonly store: DeduplicationStore,
		nodeId: string,
	) {
		this.sign = `guarded/${nodeId}`;
		this.recent = (store.alone ? undefined : recentOf.get(store.node)) ?? new Set();
		if (!store.alone) recentOf.set(store.node, this.recent);
	}

	/** @throws what n8n's database says, where it cannot be written */
	async claim(keys: readonly string[]): Promise<ClaimedKeys> {
		const taken = new Set<string>();
		const doubtful = new Set<string>();
		if (keys.length === 0) return { taken, doubtful };
		// New ones push out the oldest.
		this.claimed += keys.length;
		if (this.claimed >= slice) await this.renew();
		const { alone } = this.store;
		const isGuarded = !alone || (await this.countGuarded()) > 0;
		// From here on, nothing else is asked of the row before.
		const returned = keys.filter((key) => {
			const id = this.idOf(key);
			return leaving.get(id)?.alone && leaving.delete(id);
		});
		const held = this.store.hold('node', keys.map(toName), {
			settle,
			keep: keepKeys + spare,
			again: () => [...this.recent].map(toName),
			undo: true,
			...(isGuarded ? { otherName } : {}),
		});
		void held.catch(async () => await this.giveBack(returned));
		const { known, mayBeOurs, mayBeOvertaken } = await held;
		this.claimedAt = Date.now();
		for (const key of keys) {
			const isKnown = known.has(toName(key)) && !returned.includes(key);
			if (!isKnown) leaving.delete(this.idOf(key));
			if (isKnown ? mayBeOurs : mayBeOvertaken) {
				doubtful.add(key);
			} else if (isKnown) {
				taken.add(key);
				this.met.add(key);
			} else if (!alone) {
				this.recent.add(key);
				const [oldest] = this.recent;
				if (this.recent.size > repeated && oldest !== undefined) this.recent.delete(oldest);
			}
		}
		return { taken, doubtful };
	}

	/** Gives keys back, later if n8n's database does not answer. */
	async giveBack(keys: readonly string[]): Promise<void> {
		if (keys.length === 0) return;
		for (const key of keys) this.recent.delete(key);
		const ours = { alone: this.store.alone };
		const isLeaving = (key: string) => leaving.get(this.idOf(key)) === ours;
		for (const key of keys) leaving.set(this.idOf(key), ours);
		let left = keys;
		await retryInBackground(async () => {
			// Whoever has claimed the same in that moment is to find that it is taken.
			if (!this.store.alone) await sleep(Math.max(0, this.claimedAt + 1.5 * settle - Date.now()));
			for (let count = 0; left.length > 0; count += 1) {
				if (count > 0) await sleep(patienceWait);
				left = left.filter(isLeaving);
				const free = await this.unguarded(left, count < patience);
				await this.takeOut(free, isLeaving);
				for (const key of free.filter(isLeaving)) leaving.delete(this.idOf(key));
				left = left.filter((key) => !free.includes(key));
			}
		});
	}

	/** Those of the keys that no other process is recording anew. */
	private async unguarded(keys: readonly string[], isPatient: boolean): Promise<readonly string[]> {
		// Whoever takes too long must have died.
		if (this.store.alone || !isPatient || keys.length === 0) return keys;
		const { known } = await this.store.hold('node', keys.map(toGuard), { undo: true });
		return keys.filter((key) => !known.has(toGuard(key)));
	}

	/** @param isLeaving whether a key is still to be taken out */
	private async takeOut(
		keys: readonly string[],
		isLeaving: (key: string) => boolean,
	): Promise<void> {
		if (keys.length === 0) return;
		const names = () => {
			const left = keys.filter(isLeaving);
			// Whoever records a key anew in this process takes it out as well.
			const others = left.filter((key) => {
				const renewal = renewing.get(this.idOf(key));
				if (renewal) renewal.isFree = leaving.delete(this.idOf(key));
				return renewal;
			});
			return left.filter((key) => !others.includes(key)).flatMap(toNames);
		};
		await this.store.takeOut('node', names, { settle, within: settle });
	}

	/** To be called at the end of each attempt. */
	async close(): Promise<void> {
		if (this.recent.size > 0) {
			void this.rewriteLater();
			await this.rewrite();
		}
		await this.renew();
	}

	private async rewrite(): Promise<void> {
		await this.store.record('node', [...this.recent].map(toName));
	}

	/** Once more, after the longest that another process may have stalled between reading and writing. */
	private async rewriteLater(): Promise<void> {
		const { node } = this.store;
		const isWaiting = rewriting.has(node);
		rewriting.set(node, Date.now() + longestStall);
		if (isWaiting) return;
		for (let at = 0; at !== rewriting.get(node); ) {
			at = rewriting.get(node) ?? 0;
			await sleep(at - Date.now());
		}
		rewriting.delete(node);
		await retryInBackground(async () => await this.rewrite());
	}

	/** Makes the keys that were met again the newest. At any moment, each of them or its guard is there. */
	private async renew(): Promise<void> {
		const met = [...this.met];
		this.met.clear();
		this.claimed = 0;
		if (met.length === 0 || (await this.store.count('node')) <= spare) return;
		await this.whileGuarded(async () => {
			await this.store.hold('workflow', [this.sign]);
			for (let at = 0; at < met.length; at += slice) {
				await this.renewSome(met.slice(at, at + slice));
			}
		});
		if ((await this.countGuarded()) === 0) await this.store.remove('workflow', [this.sign]);
	}

	private async renewSome(met: readonly string[]): Promise<void> {
		const idle = met.filter((key) => !renewing.has(this.idOf(key)));
		const begun = new Map(idle.map((key) => [key, { isFree: false }]));
		for (const [key, renewal] of begun) renewing.set(this.idOf(key), renewal);
		const end = () => {
			const ended = [...begun].filter(([key, renewal]) => {
				const id = this.idOf(key);
				return renewing.get(id) === renewal && renewing.delete(id);
			});
			return ended.flatMap(([key, { isFree }]) => (isFree ? [key] : []));
		};
		const renewed = this.renewIdle(begun, end);
		void renewed.catch(async () => await this.giveBack(end()));
		await renewed;
	}

	/** @param end ends that they are recorded anew, and tells those that were given back meanwhile */
	private async renewIdle(
		begun: ReadonlyMap<string, { isFree: boolean }>,
		end: () => string[],
	): Promise<void> {
		const idle = [...begun.keys()];
		const names = idle.flatMap((key) => [toGuard(key), toName(key)]);
		const { known, mayBeOurs } = await this.store.hold('node', names, { undo: true });
		const isGuarded = (key: string) => known.has(toGuard(key));
		// What has a guard is being recorded anew by another process.
		const ours = idle.filter((key) => !isGuarded(key) || mayBeOurs || this.isLeftBehind(key));
		const isThere = (key: string) => isGuarded(key) || known.has(toName(key));
		// Some had been given back before, some are meanwhile.
		for (const key of ours) {
			const renewal = begun.get(key);
			if (renewal && !isThere(key)) renewal.isFree = true;
		}
		const keys = ours.filter(isThere).map(toName);
		await this.store.remove('node', keys);
		await this.store.hold('node', keys, { keep: keepKeys + spare });
		const free = end();
		for (const key of ours) othersGuards.delete(this.idOf(key));
		const kept = ours.filter((key) => !free.includes(key));
		await Promise.all([this.store.remove('node', kept.map(toGuard)), this.giveBack(free)]);
	}

	/** Whether the one whose guard it is must have died. */
	private isLeftBehind(key: string): boolean {
		const id = this.idOf(key);
		const since = othersGuards.get(id) ?? Date.now();
		othersGuards.set(id, since);
		const [oldest] = othersGuards.keys();
		if (othersGuards.size > keepKeys && oldest !== undefined) othersGuards.delete(oldest);
		return Date.now() - since > renewal;
	}

	/** For how many reasons keys may be missing for which there are guards. */
	private async countGuarded(): Promise<number> {
		const { node } = this.store;
		const count = guarded.get(node);
		if (count !== undefined) return count;
		const counted = counting.get(node) ?? this.lookForSign().finally(() => counting.delete(node));
		counting.set(node, counted);
		return await counted;
	}

	/** A process that died while it recorded keys anew has left guards. */
	private async lookForSign(): Promise<number> {
		const { known } = await this.store.record('workflow', [this.sign]);
		if (known.size === 0) await this.store.remove('workflow', [this.sign]);
		guarded.set(this.store.node, known.size);
		return known.size;
	}

	/** Does something that guards are for. If it fails, they are left behind. */
	private async whileGuarded(work: () => Promise<void>): Promise<void> {
		const change = (by: number) =>
			guarded.set(this.store.node, (guarded.get(this.store.node) ?? 0) + by);
		await this.countGuarded();
		change(1);
		await work();
		change(-1);
	}

	/** A key of this node, among those of all nodes of the process. */
	private idOf(key: string): string {
		return `${this.store.node}/${key}`;
	}
}

const toName = (key: string) => `key/${key}`;
const toGuard = (key: string) => otherName(toName(key));
const otherName = (name: string) => `guard/${name}`;
const toNames = (key: string) => [toName(key), toGuard(key)];
