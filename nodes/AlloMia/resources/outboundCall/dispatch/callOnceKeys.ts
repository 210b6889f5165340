import { sleep } from 'n8n-workflow';
import { retryInBackground, type DeduplicationStore } from './deduplicationStore';

/*
 * The values in the node's row:
 *
 * - A key for each value of Call Once Per: the latest 10,000. A key that is used again is renewed, that is,
 *   removed and recorded again, since n8n does not move known values and evicts the oldest.
 * - A guard for each key that is being renewed: it stands in for the key while that is missing. If n8n is killed
 *   meanwhile, guards remain; a flag in the workflow's row tells that there are some.
 */

/** The number of keys to keep, and of other values that may be among them. */
const keepKeys = 10_000;
const spare = 1_000;

/** How long another process may take to undo a claim, in ms. Longer than for marks, since a lost key is harmful by itself. */
const settle = 1_000;

/** How long a very busy process may take between reading and writing a row, in ms. */
const longestStall = 5_000;

/** The number of keys to renew with one write: n8n searches the whole row for each of them. */
const slice = 500;

/** The number of latest keys that are written again with each claim. */
const repeated = 50;

/** How often, and at which interval in ms, to check whether another process has finished renewing a key. */
const maxChecks = 5;
const checkInterval = 300;

/** The maximum duration of a renewal, in ms. */
const renewal = 60_000;

/** The number of reasons why there may be guards, by node. */
const guarded = new Map<string, number>();

/** Lookups of that number in progress, by node. */
const counting = new Map<string, Promise<number>>();

/** The keys that this process is renewing, and whether they were released meanwhile. */
const renewing = new Map<string, { isFree: boolean }>();

/** The latest keys that this process has claimed, by node. */
const recentOf = new Map<string, Set<string>>();

/** When to write the latest keys of a node again, in ms since 1970. */
const rewriting = new Map<string, number>();

/**
 * The keys that this process is releasing, and for which request. If no other process writes to the row, they
 * can be claimed already.
 */
const leaving = new Map<string, { alone: boolean }>();

/** When a guard of another process was first seen, in ms since 1970. */
const othersGuards = new Map<string, number>();

/** The result of claiming keys. */
export interface ClaimedKeys {
	/** The keys that had been claimed before. */
	taken: ReadonlySet<string>;
	/** The keys of which it is uncertain who claimed them. */
	doubtful: ReadonlySet<string>;
}

/** The keys of Call Once Per in the de-duplication store. They are shared by all executions of a workflow. */
export class OnceKeys {
	private readonly flag: string;

	/** The keys that were used again, and are renewed at the end. */
	private readonly met = new Set<string>();

	/** Keys that are written again with each claim, and later, in case that another process has undone them. */
	private readonly recent: Set<string>;

	/** The number of keys claimed since the last renewal. */
	private claimed = 0;

	/** When the last claim was made. */
	private claimedAt = 0;

	constructor(
		private readonly store: DeduplicationStore,
		nodeId: string,
	) {
		this.flag = `guarded/${nodeId}`;
		this.recent = (store.alone ? undefined : recentOf.get(store.node)) ?? new Set();
		if (!store.alone) recentOf.set(store.node, this.recent);
	}

	/**
	 * Claims keys.
	 * @throws n8n's error if its database cannot be written
	 */
	async claim(keys: readonly string[]): Promise<ClaimedKeys> {
		const taken = new Set<string>();
		const doubtful = new Set<string>();
		if (keys.length === 0) return { taken, doubtful };
		// New keys evict the oldest.
		this.claimed += keys.length;
		if (this.claimed >= slice) await this.renew();
		const { alone } = this.store;
		const isGuarded = !alone || (await this.countGuarded()) > 0;
		// No other request to the row may come in between from here on.
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

	/** Releases keys; in the background if n8n's database fails. */
	async giveBack(keys: readonly string[]): Promise<void> {
		if (keys.length === 0) return;
		for (const key of keys) this.recent.delete(key);
		const ours = { alone: this.store.alone };
		const isLeaving = (key: string) => leaving.get(this.idOf(key)) === ours;
		for (const key of keys) leaving.set(this.idOf(key), ours);
		let left = keys;
		await retryInBackground(async () => {
			// An execution that claims the same key at this moment must find it taken.
			if (!this.store.alone) await sleep(Math.max(0, this.claimedAt + 1.5 * settle - Date.now()));
			for (let count = 0; left.length > 0; count += 1) {
				if (count > 0) await sleep(checkInterval);
				left = left.filter(isLeaving);
				const free = await this.unguarded(left, count < maxChecks);
				await this.takeOut(free, isLeaving);
				for (const key of free.filter(isLeaving)) leaving.delete(this.idOf(key));
				left = left.filter((key) => !free.includes(key));
			}
		});
	}

	/** The keys that no other process is renewing. */
	private async unguarded(keys: readonly string[], waits: boolean): Promise<readonly string[]> {
		// A process that takes too long must have been killed.
		if (this.store.alone || !waits || keys.length === 0) return keys;
		const { known } = await this.store.hold('node', keys.map(toGuard), { undo: true });
		return keys.filter((key) => !known.has(toGuard(key)));
	}

	/** @param isLeaving whether a key is still to be removed */
	private async takeOut(
		keys: readonly string[],
		isLeaving: (key: string) => boolean,
	): Promise<void> {
		if (keys.length === 0) return;
		const names = () => {
			const left = keys.filter(isLeaving);
			// A renewal in this process removes its keys itself.
			const others = left.filter((key) => {
				const renewal = renewing.get(this.idOf(key));
				if (renewal) renewal.isFree = leaving.delete(this.idOf(key));
				return renewal;
			});
			return left.filter((key) => !others.includes(key)).flatMap(toNames);
		};
		await this.store.takeOut('node', names, { settle, within: settle });
	}

	/** Must be called at the end of each attempt. */
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

	/** Writes the latest keys again after the longest time that another process may take to undo them. */
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

	/** Makes the keys that were used again the latest. Each of them or its guard is recorded at any time. */
	private async renew(): Promise<void> {
		const met = [...this.met];
		this.met.clear();
		this.claimed = 0;
		if (met.length === 0 || (await this.store.count('node')) <= spare) return;
		await this.whileGuarded(async () => {
			await this.store.hold('workflow', [this.flag]);
			for (let at = 0; at < met.length; at += slice) {
				await this.renewSome(met.slice(at, at + slice));
			}
		});
		if ((await this.countGuarded()) === 0) await this.store.remove('workflow', [this.flag]);
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

	/** @param end ends the renewal, and returns the keys that were released meanwhile */
	private async renewIdle(
		begun: ReadonlyMap<string, { isFree: boolean }>,
		end: () => string[],
	): Promise<void> {
		const idle = [...begun.keys()];
		const names = idle.flatMap((key) => [toGuard(key), toName(key)]);
		const { known, mayBeOurs } = await this.store.hold('node', names, { undo: true });
		const isGuarded = (key: string) => known.has(toGuard(key));
		// A key with a guard is being renewed by another process.
		const ours = idle.filter((key) => !isGuarded(key) || mayBeOurs || this.isLeftBehind(key));
		const isThere = (key: string) => isGuarded(key) || known.has(toName(key));
		// Some had been released before.
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

	/** Whether the process that left a guard must have been killed. */
	private isLeftBehind(key: string): boolean {
		const id = this.idOf(key);
		const since = othersGuards.get(id) ?? Date.now();
		othersGuards.set(id, since);
		const [oldest] = othersGuards.keys();
		if (othersGuards.size > keepKeys && oldest !== undefined) othersGuards.delete(oldest);
		return Date.now() - since > renewal;
	}

	/** The number of reasons why keys may be missing while they have guards. */
	private async countGuarded(): Promise<number> {
		const { node } = this.store;
		const count = guarded.get(node);
		if (count !== undefined) return count;
		const counted = counting.get(node) ?? this.readFlag().finally(() => counting.delete(node));
		counting.set(node, counted);
		return await counted;
	}

	/** Checks whether a process was killed during a renewal and left guards. */
	private async readFlag(): Promise<number> {
		const { known } = await this.store.record('workflow', [this.flag]);
		if (known.size === 0) await this.store.remove('workflow', [this.flag]);
		guarded.set(this.store.node, known.size);
		return known.size;
	}

	/** Does work during which keys may be missing. If it fails, guards remain. */
	private async whileGuarded(work: () => Promise<void>): Promise<void> {
		const change = (by: number) =>
			guarded.set(this.store.node, (guarded.get(this.store.node) ?? 0) + by);
		await this.countGuarded();
		change(1);
		await work();
		change(-1);
	}

	/** Identifies a key of this node among those of all nodes. */
	private idOf(key: string): string {
		return `${this.store.node}/${key}`;
	}
}

const toName = (key: string) => `key/${key}`;
const toGuard = (key: string) => otherName(toName(key));
const otherName = (name: string) => `guard/${name}`;
const toNames = (key: string) => [toName(key), toGuard(key)];
