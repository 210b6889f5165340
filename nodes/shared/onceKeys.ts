import { sleep } from 'n8n-workflow';
import { takingOut, type SharedStore } from './sharedStore';

/*
 * What is kept in the row of the node:
 *
 * - A key for each value of Call Once Per: the newest 10,000. One that is met again is recorded anew,
 *   since n8n leaves a known value at its place and cuts off the oldest.
 * - A guard for each key that is being recorded anew: it stands for the key while that is missing. If
 *   n8n is killed then, guards stay; a sign in the row of the workflow says that there are some.
 * - A release for each key that is being given back, where other processes write to the row, too.
 */

/** How many keys are kept, and how many other values may be among them. */
const keepKeys = 10_000;
const spare = 1_000;

/** How long another process may take to undo a claim, in ms: a lost key does harm by itself. */
const settle = 1_000;

/** How many keys are recorded anew with one write: n8n looks for each of them in the whole row. */
const slice = 500;

/** How often to look whether a key is still being given back. */
const patience = 5;

/** By the sign for them, for how many reasons there may be guards. */
const guarded = new Map<string, number>();

/** The newest keys that this process has given back, and nobody in it has claimed since. */
const givenBack = new Set<string>();

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

	constructor(
		private readonly store: SharedStore,
		nodeId: string,
	) {
		this.sign = `guarded/${nodeId}`;
	}

	/** @throws what n8n's database says, where it cannot be written */
	async claim(keys: readonly string[]): Promise<ClaimedKeys> {
		const taken = new Set<string>();
		const doubtful = new Set<string>();
		if (keys.length === 0) return { taken, doubtful };
		const isGuarded = !this.store.alone || (await this.countGuarded()) > 0;
		if (isGuarded) await this.waitForReleases(keys);
		for (const key of keys) givenBack.delete(this.idOf(key));
		const { known, mayBeOurs, mayBeOvertaken } = await this.store.hold('node', keys.map(toName), {
			settle,
			keep: keepKeys + spare,
			...(isGuarded ? { otherName } : {}),
		});
		for (const key of keys) {
			const isKnown = known.has(toName(key));
			if (isKnown ? mayBeOurs : mayBeOvertaken) doubtful.add(key);
			else if (isKnown) {
				taken.add(key);
				this.met.add(key);
			}
		}
		return { taken, doubtful };
	}

	/**
	 * Gives keys back. What is taken out of the row comes back where another process had read it before.
	 * So it is taken out several times, while releases keep everybody else from claiming it.
	 */
	async giveBack(keys: readonly string[]): Promise<void> {
		for (const key of keys) this.remember(key);
		const names = keys.flatMap((key) => [toName(key), toGuard(key)]);
		if (this.store.alone) return await this.store.remove('node', names);
		const releases = keys.map(toRelease);
		await this.whileGuarded(async () => {
			await this.store.hold('node', releases, { again: () => releases });
			await this.store.takeOut('node', () => names);
			await this.store.takeOut('node', () => releases);
		});
	}

	/** Makes the keys that were met again the newest. At any moment, each of them or its guard is there. */
	async renew(): Promise<void> {
		const met = [...this.met];
		this.met.clear();
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
		// Whoever had claimed them may have given them back.
		const known = await this.store.find('node', met.map(toName));
		const keys = met.filter((key) => known.has(toName(key)));
		await this.store.hold('node', keys.map(toGuard));
		await this.store.remove('node', keys.map(toName));
		await this.store.hold('node', keys.map(toName), { keep: keepKeys + spare });
		const freed = keys.filter((key) => givenBack.has(this.idOf(key)));
		await this.store.remove('node', [...keys.map(toGuard), ...freed.map(toName)]);
	}

	/** Waits for keys that are just being given back. Whoever takes longer than that has died. */
	private async waitForReleases(keys: readonly string[]): Promise<void> {
		const releases = keys.map(toRelease);
		let known = await this.store.find('node', releases);
		for (let count = 0; known.size > 0 && count < patience; count += 1) {
			await sleep(2 * takingOut);
			known = await this.store.find('node', releases);
		}
		await this.store.remove('node', [...known]);
	}

	/** For how many reasons keys may be missing for which there are guards. */
	private async countGuarded(): Promise<number> {
		const count = guarded.get(this.sign);
		if (count !== undefined) return count;
		// A process that died while it recorded keys anew has left some.
		const { known } = await this.store.record('workflow', [this.sign]);
		if (known.size === 0) await this.store.remove('workflow', [this.sign]);
		guarded.set(this.sign, known.size);
		return known.size;
	}

	/** Does something that guards are for. If it fails, they are left behind. */
	private async whileGuarded(work: () => Promise<void>): Promise<void> {
		const change = (by: number) => guarded.set(this.sign, (guarded.get(this.sign) ?? 0) + by);
		await this.countGuarded();
		change(1);
		await work();
		change(-1);
	}

	private remember(key: string): void {
		givenBack.add(this.idOf(key));
		const [oldest] = givenBack;
		if (givenBack.size > keepKeys && oldest !== undefined) givenBack.delete(oldest);
	}

	/** A key of this node, among those of all nodes of the process. */
	private idOf(key: string): string {
		return `${this.sign}/${key}`;
	}
}

const toName = (key: string) => `key/${key}`;
const toGuard = (key: string) => otherName(toName(key));
const otherName = (name: string) => `guard/${name}`;
const toRelease = (key: string) => `release/${key}`;
