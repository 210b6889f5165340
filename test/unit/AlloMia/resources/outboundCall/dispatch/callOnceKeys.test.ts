import { randomUUID } from 'node:crypto';
import { OnceKeys } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/callOnceKeys';
import type {
	HoldOptions,
	DeduplicationStore,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/deduplicationStore';

type Row = 'node' | 'workflow';
type Work = 'hold' | 'record' | 'remove' | 'takeOut' | 'count';

interface Asked {
	work: Work;
	row: Row;
	values: string[];
	options: object;
	/** In ms, since the test began. */
	at: number;
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** The rows of n8n's shared store, and what is asked of them. */
class Rows {
	readonly asked: Asked[] = [];

	readonly rows: Record<Row, string[]> = { node: [], workflow: [] };

	/** How many values there are in the node's row, if not those. */
	size?: number;

	/** What the store is not sure of. */
	unsure = { mayBeOurs: false, mayBeOvertaken: false };

	/** How long each request takes, in ms, or what it fails with. */
	slow = 0;

	broken?: (work: Work, row: Row) => boolean;

	private readonly begun = Date.now();

	constructor(
		readonly alone: boolean,
		readonly node = `w/${randomUUID()}`,
	) {}

	/** The keys of a node, as an execution of it has them. */
	open(): OnceKeys {
		return new OnceKeys(this as unknown as DeduplicationStore, 'n');
	}

	async hold(row: Row, values: readonly string[], options: HoldOptions = {}) {
		const { again, otherName, ...rest } = options;
		const other = otherName ? { other: otherName('x') } : {};
		const seen = { ...rest, ...other, ...(again ? { again: again() } : {}) };
		await this.ask('hold', row, values, seen);
		const isKnown = (value: string) =>
			this.rows[row].includes(value) || (otherName && this.rows[row].includes(otherName(value)));
		const known = new Set(values.filter(isKnown));
		this.rows[row].push(...values.filter((value) => !isKnown(value)));
		return { known, ...this.unsure };
	}

	async record(row: Row, values: readonly string[]) {
		await this.ask('record', row, values);
		const known = new Set(values.filter((it) => this.rows[row].includes(it)));
		this.rows[row].push(...values.filter((it) => !known.has(it)));
		return { known };
	}

	async remove(row: Row, values: readonly string[]) {
		await this.ask('remove', row, values);
		this.rows[row] = this.rows[row].filter((it) => !values.includes(it));
	}

	async takeOut(row: Row, values: () => readonly string[], options: object) {
		await this.ask('takeOut', row, [], options);
		const out = values();
		this.asked.at(-1)?.values.push(...out);
		this.rows[row] = this.rows[row].filter((it) => !out.includes(it));
	}

	async count(row: Row) {
		await this.ask('count', row, []);
		return this.size ?? this.rows[row].length;
	}

	/** What was asked since the last time, each as `work row values`. */
	said(): string[] {
		return this.asked.splice(0).map(({ work, row, values }) => [work, row, ...values].join(' '));
	}

	private async ask(work: Work, row: Row, values: readonly string[], options: object = {}) {
		this.asked.push({ work, row, values: [...values], options, at: Date.now() - this.begun });
		if (this.slow > 0) await new Promise((resolve) => setTimeout(resolve, this.slow));
		if (this.broken?.(work, row)) throw new Error('SQLITE_BUSY');
	}
}

const pass = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

/** Lets time pass, as much as a request takes, until it is done. */
async function after<T>(work: Promise<T>, ms = 10_000): Promise<T> {
	work.catch(() => undefined);
	await pass(ms);
	return await work;
}

const claimed = async (keys: OnceKeys, ...names: string[]) => {
	const { taken, doubtful } = await keys.claim(names);
	return { taken: [...taken], doubtful: [...doubtful] };
};

const free = { taken: [], doubtful: [] };
const names = (count: number, from = 0) =>
	Array.from({ length: count }, (_, index) => `${from + index}`);

describe.each([true, false])('keys, where a process is alone with the store: %s', (alone) => {
	it('are claimed, and found taken by all that come later', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		expect(await claimed(keys, 'a', 'b')).toEqual(free);
		expect(await claimed(keys, 'b', 'c')).toEqual({ taken: ['b'], doubtful: [] });
		expect(await claimed(rows.open(), 'c')).toEqual({ taken: ['c'], doubtful: [] });
		expect(rows.rows.node).toEqual(['key/a', 'key/b', 'key/c']);
	});

	it('are doubtful where an answer got lost, or somebody may have overtaken', async () => {
		const rows = new Rows(alone);
		rows.rows.node = ['key/a'];
		rows.unsure = { mayBeOurs: true, mayBeOvertaken: false };
		expect(await claimed(rows.open(), 'a', 'b')).toEqual({ taken: [], doubtful: ['a'] });
		rows.rows.node = ['key/a'];
		rows.unsure = { mayBeOurs: false, mayBeOvertaken: true };
		expect(await claimed(rows.open(), 'a', 'b')).toEqual({ taken: ['a'], doubtful: ['b'] });
	});

	it('cost nothing where there are none', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		expect(await claimed(keys)).toEqual(free);
		await keys.giveBack([]);
		await keys.close();
		expect(rows.asked).toEqual([]);
	});

	it('say what is wrong where the database cannot be written', async () => {
		const rows = new Rows(alone);
		rows.broken = () => true;
		await expect(rows.open().claim(['a'])).rejects.toThrow('SQLITE_BUSY');
	});
});

describe('a claim', () => {
	const kept = { settle: 1_000, keep: 11_000, undo: true, again: [] };

	it('asks first whether there are guards, once, where the process is alone', async () => {
		const rows = new Rows(true);
		const keys = rows.open();
		await keys.claim(['a']);
		await keys.claim(['b']);
		expect(rows.asked.at(-1)?.options).toEqual(kept);
		expect(rows.said()).toEqual([
			'record workflow guarded/n',
			'remove workflow guarded/n',
			'hold node key/a',
			'hold node key/b',
		]);
	});

	it('looks for guards where a process that died has left some', async () => {
		const rows = new Rows(true);
		rows.rows.workflow = ['guarded/n'];
		rows.rows.node = ['guard/key/a'];
		expect(await claimed(rows.open(), 'a', 'b')).toEqual({ taken: ['a'], doubtful: [] });
		expect(rows.asked.at(-1)?.options).toEqual({ ...kept, other: 'guard/x' });
		expect(rows.said()).toEqual(['record workflow guarded/n', 'hold node key/a key/b']);
		await rows.open().claim(['c']);
		expect(rows.said()).toEqual(['hold node key/c']);
	});

	it('asks again where the database did not answer', async () => {
		const rows = new Rows(true);
		rows.broken = (_, row) => row === 'workflow';
		await expect(rows.open().claim(['a'])).rejects.toThrow('SQLITE_BUSY');
		rows.broken = undefined;
		expect(await claimed(rows.open(), 'a')).toEqual(free);
	});

	it('that comes while another one asks finds out by itself', async () => {
		const rows = new Rows(true);
		rows.slow = 5;
		await after(Promise.all([rows.open().claim(['a']), rows.open().claim(['b'])]));
		rows.said();
		await after(rows.open().claim(['c']));
		expect(rows.asked.at(-1)?.options).toEqual(kept);
		expect(rows.said()).toEqual(['hold node key/c']);
	});

	it('always looks for guards where there are other processes', async () => {
		const rows = new Rows(false);
		await rows.open().claim(['a']);
		expect(rows.asked.at(-1)?.options).toEqual({ ...kept, other: 'guard/x' });
		expect(rows.said()).toEqual(['hold node key/a']);
	});

	it('writes the 50 newest of this process again, where others may have undone them', async () => {
		const rows = new Rows(false);
		await rows.open().claim(names(30));
		const keys = rows.open();
		await keys.claim(names(20, 30));
		await keys.claim(['new']);
		expect(rows.asked.at(-1)?.options).toMatchObject({ again: names(50).map((it) => `key/${it}`) });
		await keys.claim(['newer']);
		const { again } = rows.asked.at(-1)?.options as { again: string[] };
		expect(again).toEqual([...names(49, 1), 'new'].map((it) => `key/${it}`));
		await keys.close();
		expect(rows.asked.at(-1)?.values).toHaveLength(50);
	});

	it('does not write again what is another’s', async () => {
		const rows = new Rows(false);
		rows.rows.node = ['key/a'];
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		rows.unsure = { mayBeOurs: false, mayBeOvertaken: true };
		await keys.claim(['c']);
		await keys.claim(['d']);
		expect(rows.asked.at(-1)?.options).toMatchObject({ again: ['key/b'] });
	});
});

describe('the end of an attempt', () => {
	/** One that has claimed a key. */
	const attempt = async (alone: boolean) => {
		const rows = new Rows(alone);
		const keys = rows.open();
		await keys.claim(['a']);
		rows.said();
		return { rows, keys };
	};

	it('writes the newest keys again, and once more five seconds later', async () => {
		const { rows, keys } = await attempt(false);
		await keys.close();
		expect(rows.said()).toEqual(['record node key/a']);
		await pass(3_000);
		await keys.claim(['b']);
		await keys.close();
		rows.said();
		await pass(4_999);
		expect(rows.said()).toEqual([]);
		await pass(1);
		expect(rows.said()).toEqual(['record node key/a key/b']);
		await pass(60_000);
		expect(rows.said()).toEqual([]);
		await keys.close();
		await pass(5_000);
		expect(rows.said()).toHaveLength(2);
	});

	it('does so even if the database is away for a moment', async () => {
		const { rows, keys } = await attempt(false);
		await keys.close();
		rows.broken = () => true;
		await pass(5_000);
		rows.broken = undefined;
		rows.rows.node = [];
		await pass(1_000);
		expect(rows.rows.node).toEqual(['key/a']);
	});

	it('writes nothing again where the process is alone', async () => {
		const { rows, keys } = await attempt(true);
		await keys.close();
		await pass(10_000);
		expect(rows.said()).toEqual([]);
	});
});

describe('keys that are met again', () => {
	/** A row so full that they would be cut off one day. */
	const full = (alone: boolean, ...known: string[]) => {
		const rows = new Rows(alone);
		rows.size = 1_001;
		rows.rows.node = known.map((it) => `key/${it}`);
		return rows;
	};

	it('become the newest at the end, with a guard for each while it is missing', async () => {
		const rows = full(true, 'a', 'b', 'c');
		const keys = rows.open();
		await keys.claim(['a', 'b', 'new']);
		rows.said();
		await keys.close();
		expect(rows.asked.find(({ values }) => values.length === 4)?.options).toEqual({ undo: true });
		expect(
			rows.asked.find(({ values, work }) => work === 'hold' && values.length === 2)?.options,
		).toEqual({ keep: 11_000 });
		expect(rows.said()).toEqual([
			'count node',
			'hold workflow guarded/n',
			'hold node guard/key/a key/a guard/key/b key/b',
			'remove node key/a key/b',
			'hold node key/a key/b',
			'remove node guard/key/a guard/key/b',
			'remove workflow guarded/n',
		]);
		expect(rows.rows).toEqual({ node: ['key/c', 'key/new', 'key/a', 'key/b'], workflow: [] });
		await keys.close();
		expect(rows.said()).toEqual([]);
	});

	it.each([
		[1_000, 1],
		[1_001, 7],
	])('stay where they are in a row of %d: it is asked %d times', async (size, times) => {
		const rows = full(true, 'a');
		rows.size = size;
		const keys = rows.open();
		await keys.claim(['a']);
		rows.said();
		await keys.close();
		expect(rows.said()).toHaveLength(times);
	});

	it('do so whenever 500 were claimed, before the next ones push them out', async () => {
		const rows = full(true, ...names(500));
		const keys = rows.open();
		await keys.claim(names(499));
		rows.said();
		await keys.claim(['499']);
		expect(rows.said().map((it) => it.split(' ', 2).join(' '))).toEqual([
			'count node',
			'hold workflow',
			'hold node',
			'remove node',
			'hold node',
			'remove node',
			'remove workflow',
			'hold node',
		]);
		expect(rows.rows.node.slice(0, 2)).toEqual(['key/499', 'key/0']);
		await keys.claim(names(498));
		expect(rows.said()).toHaveLength(1);
	});

	it('do so 500 at a time', async () => {
		const rows = full(true, ...names(501));
		const keys = rows.open();
		await keys.claim(names(501));
		rows.said();
		await keys.close();
		const removed = rows.asked.filter(({ work, row }) => work === 'remove' && row === 'node');
		expect(removed.map(({ values }) => values.length)).toEqual([500, 500, 1, 1]);
	});

	it('leave their guards behind where the database goes away, and those are looked for then', async () => {
		const rows = full(true, 'a');
		const keys = rows.open();
		await keys.claim(['a']);
		rows.broken = (work, row) => work === 'remove' && row === 'node';
		await expect(keys.close()).rejects.toThrow('SQLITE_BUSY');
		rows.broken = undefined;
		rows.said();
		await rows.open().claim(['b']);
		expect(rows.asked.at(-1)?.options).toMatchObject({ other: 'guard/x' });
		// The sign stays for processes to come.
		const again = rows.open();
		await again.claim(['a']);
		await again.close();
		expect(rows.rows.workflow).toEqual(['guarded/n']);
	});

	it('leave the sign to another execution that is not done', async () => {
		const rows = full(true, 'a', 'b');
		const [one, two] = [rows.open(), rows.open()];
		await one.claim(['a']);
		await two.claim(['b']);
		rows.said();
		rows.slow = 10;
		const first = one.close();
		await pass(25);
		rows.slow = 30;
		await after(Promise.all([first, two.close()]));
		expect(rows.said().filter((it) => it.startsWith('remove workflow'))).toHaveLength(1);
		expect(rows.rows).toEqual({ node: ['key/a', 'key/b'], workflow: [] });
	});

	it('are not touched where another execution of this process is at them', async () => {
		const rows = full(true, 'a');
		const [one, two] = [rows.open(), rows.open()];
		await one.claim(['a']);
		await two.claim(['a']);
		rows.said();
		rows.slow = 10;
		await after(Promise.all([one.close(), two.close()]));
		expect(rows.said().filter((it) => it === 'remove node key/a')).toHaveLength(1);
		expect(rows.rows.node).toEqual(['key/a']);
	});

	it('are not touched where another process is at them, for a minute', async () => {
		const rows = full(false, 'a');
		const meet = async () => {
			const keys = rows.open();
			await keys.claim(['a']);
			rows.said();
			await keys.close();
			return rows.said().some((it) => it === 'remove node key/a');
		};
		rows.rows.node.push('guard/key/a');
		expect(await meet()).toBe(false);
		await pass(60_000);
		expect(await meet()).toBe(false);
		await pass(1);
		expect(await meet()).toBe(true);
		expect(rows.rows.node).toEqual(['key/a']);
		rows.rows.node.push('guard/key/a');
		expect(await meet()).toBe(false);
	});

	it('are ours to record where the guard may be, too', async () => {
		const rows = full(false, 'a');
		const keys = rows.open();
		await keys.claim(['a']);
		rows.rows.node.push('guard/key/a');
		rows.unsure = { mayBeOurs: true, mayBeOvertaken: false };
		await keys.close();
		expect(rows.rows.node).toEqual(['key/a']);
	});

	it('are recorded anew where only a guard is left of them', async () => {
		const rows = full(false, 'a');
		const keys = rows.open();
		await keys.claim(['a']);
		rows.rows.node = ['guard/key/a'];
		rows.unsure = { mayBeOurs: true, mayBeOvertaken: false };
		await keys.close();
		expect(rows.rows.node).toEqual(['key/a']);
	});
});

describe.each([true, false])('keys that are given back, where a process is alone: %s', (alone) => {
	it('are there for others, with all the time that another process may need', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		await pass(400);
		rows.said();
		const given = keys.giveBack(['a']);
		await pass(1_099);
		expect(rows.asked.map(({ at }) => at)).toEqual(alone ? [400] : []);
		await after(given);
		expect(rows.asked.at(-1)).toMatchObject({
			work: 'takeOut',
			values: ['key/a', 'guard/key/a'],
			options: { settle: 1_000, within: 1_000 },
			at: alone ? 400 : 1_500,
		});
		expect(rows.said()).toHaveLength(alone ? 1 : 2);
		expect(await claimed(rows.open(), 'a', 'b')).toEqual({ taken: ['b'], doubtful: [] });
	});

	it('are not written again', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		await after(keys.giveBack(['a']), 3_000);
		await keys.close();
		await pass(10_000);
		expect(rows.rows.node).toEqual(['key/b']);
	});

	it('stay where they are claimed anew meanwhile', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		rows.slow = 100;
		const given = keys.giveBack(['a', 'b']);
		await pass(0);
		// The claim is answered first, and finds the key of a process that is alone still there.
		rows.slow = 50;
		if (!alone) rows.rows.node = ['key/b'];
		expect(await after(claimed(rows.open(), 'a'), 1_000)).toEqual(free);
		await after(given);
		expect(rows.rows.node.filter((it) => it.startsWith('key/'))).toEqual(['key/a']);
	});

	it('are given back later where the database does not answer', async () => {
		const rows = new Rows(alone);
		const keys = rows.open();
		await keys.claim(['a']);
		rows.broken = () => true;
		await after(keys.giveBack(['a']), 2_000);
		rows.broken = undefined;
		await pass(10_000);
		expect(rows.rows.node).toEqual([]);
	});
});

describe('keys that are given back', () => {
	it('are given back again where the claim in between has failed', async () => {
		const rows = new Rows(true);
		const keys = rows.open();
		await keys.claim(['a']);
		rows.slow = 100;
		const given = keys.giveBack(['a']);
		rows.broken = (work) => work === 'hold';
		await expect(after(rows.open().claim(['a']))).rejects.toThrow('SQLITE_BUSY');
		await given;
		expect(rows.rows.node).toEqual([]);
	});

	it('are another’s where that is in another process', async () => {
		const rows = new Rows(false);
		const keys = rows.open();
		await keys.claim(['a']);
		const given = keys.giveBack(['a']);
		expect(await claimed(rows.open(), 'a')).toEqual({ taken: ['a'], doubtful: [] });
		await after(given);
		expect(rows.rows.node).toEqual([]);
	});

	it('wait for another process that records them anew, a second and a half at most', async () => {
		const rows = new Rows(false);
		const keys = rows.open();
		await keys.claim(['a', 'b', 'c']);
		rows.rows.node.push('guard/key/a', 'guard/key/b');
		rows.said();
		const given = keys.giveBack(['a', 'b', 'c']);
		await pass(2_000);
		rows.rows.node = rows.rows.node.filter((it) => it !== 'guard/key/b');
		await after(given);
		const out = rows.asked.filter(({ work }) => work === 'takeOut');
		expect(out.map(({ at, values }) => [at, values[0]])).toEqual([
			[1_500, 'key/c'],
			[2_100, 'key/b'],
			[3_000, 'key/a'],
		]);
		const looks = rows.asked.filter(({ work }) => work === 'hold');
		expect(looks.map(({ at, values, options }) => [at, values.length, options])).toEqual([
			[1_500, 3, { undo: true }],
			[1_800, 2, { undo: true }],
			[2_100, 2, { undo: true }],
			[2_400, 1, { undo: true }],
			[2_700, 1, { undo: true }],
		]);
	});

	/** An execution that has met a key again, and records it anew. */
	const renewing = async (alone: boolean) => {
		const rows = new Rows(alone);
		rows.size = 1_001;
		rows.rows.node = ['key/a', 'key/b'];
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		rows.slow = 100;
		const closed = keys.close();
		await pass(alone ? 250 : 450);
		expect(rows.asked.at(-1)?.values).toContain('guard/key/a');
		return { rows, keys, closed };
	};

	it.each([true, false])(
		'while this process records them anew are free after that (alone: %s)',
		async (alone) => {
			const { rows, keys, closed } = await renewing(alone);
			const given = keys.giveBack(['a']);
			await after(Promise.all([closed, given]));
			expect(rows.rows.node).toEqual(['key/b']);
		},
	);

	it('are free, too, where recording them anew fails', async () => {
		const { rows, keys, closed } = await renewing(true);
		const given = keys.giveBack(['a']);
		rows.broken = (work) => work === 'hold';
		await expect(after(closed)).rejects.toThrow('SQLITE_BUSY');
		await given;
		expect(rows.rows.node).not.toContain('key/a');
		expect(rows.rows.node).toContain('key/b');
	});

	it('are not recorded anew where they had been given back before', async () => {
		const rows = new Rows(true);
		rows.size = 1_001;
		rows.rows.node = ['key/a', 'key/b'];
		const keys = rows.open();
		await keys.claim(['a', 'b']);
		rows.rows.node = ['key/b'];
		await after(keys.close());
		expect(rows.rows.node).toEqual(['key/b']);
	});
});
