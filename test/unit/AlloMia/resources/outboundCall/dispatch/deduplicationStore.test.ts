import { randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import {
	DeduplicationStore,
	retryInBackground,
	type Row,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/deduplicationStore';

beforeEach(() => {
	jest.useFakeTimers();
	jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

const pass = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

/** Lets time pass, as much as it may need, until it is done. */
async function done<T>(work: Promise<T>): Promise<T> {
	work.catch(() => undefined);
	await pass(120_000);
	return await work;
}

interface Asked {
	/** `record` or `remove`. */
	work: string;
	row: string;
	values: string[];
	options: object;
	/** In ms, since the test began. */
	at: number;
}

/** n8n's database, and what is asked of it. */
function database() {
	const rows: Record<string, string[]> = { node: [], workflow: [] };
	const asked: Asked[] = [];
	const begun = Date.now();
	const [workflowId, nodeId] = [randomUUID(), randomUUID()];
	const state: {
		/** How long each request takes, in ms. */
		slow: number;
		/** What the next ones fail with, if at all; whether they do what they were asked for all the same. */
		errors: Array<Error | undefined>;
		isDone: boolean;
		/** What another process does after each. */
		other?: (asked: Asked) => unknown;
	} = { slow: 0, errors: [], isDone: false };

	async function ask<T>(next: Omit<Asked, 'at'>, act: (row: string[]) => T): Promise<T> {
		const request = { ...next, at: Date.now() - begun };
		asked.push(request);
		if (state.slow > 0) await new Promise((resolve) => setTimeout(resolve, state.slow));
		const error = state.errors.shift();
		if (error && !state.isDone) throw error;
		const result = act((rows[next.row] ??= []));
		state.other?.(request);
		if (error) throw error;
		return result;
	}

	const helpers = {
		checkProcessedAndRecord: async (values: string[], row: string, options: object) =>
			await ask({ work: 'record', row, values, options }, (known) => {
				const processed = values.filter((it) => known.includes(it));
				known.push(...values.filter((it) => !processed.includes(it)));
				return { new: [], processed };
			}),
		removeProcessed: async (values: string[], row: string, options: object) =>
			await ask({ work: 'remove', row, values, options }, () => {
				rows[row] = (rows[row] ?? []).filter((it) => !values.includes(it));
			}),
		getProcessedDataCount: async (row: string, options: object) => {
			expect(options).toEqual({ mode: 'entries' });
			return rows[row]?.length;
		},
	};
	const context = {
		helpers,
		getWorkflow: () => ({ id: workflowId }),
		getNode: () => ({ id: nodeId }),
	} as unknown as IExecuteFunctions;
	const open = (alone = true) => new DeduplicationStore(context, alone);
	/** What was asked, but for the values that nobody else records. */
	const said = () =>
		asked
			.splice(0)
			.map(({ work, row, values }) =>
				[work, row, ...values.filter((it) => !/^(token|witness)\//.test(it))].join(' '),
			);
	const kept = (row: Row) => rows[row]?.filter((it) => !it.startsWith('token/'));
	return { rows, asked, said, kept, state, open, node: `${workflowId}/${nodeId}` };
}

const busy = () => new Error('SQLITE_BUSY: database is locked');
const occupied = () => new Error('Deduplication data was stored with an incompatible setting');

describe('a row', () => {
	it('holds what was recorded, and says what it had', async () => {
		const { open, rows, asked, node } = database();
		const store = open();
		expect(store.node).toBe(node);
		expect(await store.record('node', ['a', 'b'])).toEqual({
			known: new Set(),
			took: 0,
			retried: false,
		});
		expect((await store.record('node', ['b', 'c'], 7)).known).toEqual(new Set(['b']));
		expect((await store.record('workflow', ['b'])).known).toEqual(new Set());
		await store.remove('node', ['a']);
		expect(rows).toEqual({ node: ['b', 'c'], workflow: ['b'] });
		expect(await store.count('node')).toBe(2);
		expect(asked.map(({ options }) => options)).toEqual([
			{ mode: 'entries' },
			{ mode: 'entries', maxEntries: 7 },
			{ mode: 'entries' },
			{ mode: 'entries' },
		]);
	});

	it('is asked without leaving anything in it', async () => {
		const { open, rows, said } = database();
		rows.node = ['a'];
		const store = open();
		expect(await store.find('node', ['a', 'b'])).toEqual(new Set(['a']));
		expect(await store.find('node', ['a'])).toEqual(new Set(['a']));
		expect(rows.node).toEqual(['a']);
		expect(said()).toEqual(['record node a b', 'remove node b', 'record node a']);
	});

	it('is not asked about nothing', async () => {
		const { open, asked } = database();
		const store = open();
		expect(await store.find('node', [])).toEqual(new Set());
		await store.remove('node', []);
		expect(asked).toEqual([]);
	});

	it('says how long it took', async () => {
		const { open, state } = database();
		state.slow = 70;
		expect((await done(open().record('node', ['a']))).took).toBe(70);
	});

	it('is asked one thing at a time, and together what came together', async () => {
		const { open, asked, said, state } = database();
		const [one, two] = [open(), open()];
		state.slow = 10;
		const all = [
			one.record('node', ['a'], 5),
			one.record('node', ['b', 'c'], 8),
			two.record('node', ['c', 'a', 'd'], 6),
			two.remove('node', ['d']),
			two.find('node', ['d', 'e']),
			one.find('node', ['e', 'b']),
			one.record('workflow', ['a']),
		];
		const known = (await done(Promise.all<unknown>(all))).map((it) =>
			it instanceof Set ? it : (it as { known?: object } | undefined)?.known,
		);
		expect(known).toEqual([
			new Set(),
			new Set(),
			// Of two that came together to record the same value, the first has it.
			new Set(['c', 'a']),
			undefined,
			new Set(),
			new Set(['b']),
			new Set(),
		]);
		expect(asked.map(({ options }) => (options as { maxEntries?: number }).maxEntries)).toEqual([
			...[5, undefined, 8, undefined, undefined, undefined],
		]);
		expect(said()).toEqual([
			'record node a',
			'record workflow a',
			'record node b c a d',
			'remove node d',
			'record node d e b',
			'remove node d e',
		]);
	});
});

describe('a database that does not answer', () => {
	const waits = [0, 25, 75, 175, 375, 775, 1_575, 3_175];

	it('is asked again, ever later, and what it knows then may be our own', async () => {
		const { open, asked, state } = database();
		state.errors = Array<Error>(7).fill(busy());
		expect(await done(open().record('node', ['a']))).toMatchObject({ retried: true });
		expect(asked.map(({ at }) => at)).toEqual(waits);
	});

	it('is given up after that, and asked once only until it answers again', async () => {
		const { open, asked, state } = database();
		const store = open();
		state.errors = Array<Error>(9).fill(busy());
		const both = [store.record('node', ['a']), store.record('node', ['b'])];
		const given = await done(Promise.allSettled(both));
		expect(given).toMatchObject([{ reason: busy() }, { reason: busy() }]);
		expect(asked).toHaveLength(9);
		state.errors = [];
		await store.record('node', ['a']);
		state.errors = [busy()];
		expect((await done(store.record('node', ['b']))).retried).toBe(true);
	});

	it.each([
		['where the row is of another kind', occupied()],
		['where the workflow was never saved', Object.assign(new Error(), { code: 'ERR_ASSERTION' })],
	])('is not asked again %s', async (_, error) => {
		const { open, asked, state } = database();
		state.errors = [error];
		await expect(done(open().record('node', ['a']))).rejects.toBe(error);
		expect(asked).toHaveLength(1);
	});

	it('says so where it is lost between the two questions of a look', async () => {
		const { open, state } = database();
		state.errors = [undefined, ...Array<Error>(8).fill(busy())];
		await expect(done(open().find('node', ['a']))).rejects.toEqual(busy());
	});
});

it('the row of a node serves for both where Remove Duplicates has that of the workflow', async () => {
	const { open, state, said } = database();
	state.errors = [occupied()];
	await open().record('workflow', ['a']);
	expect((await open().record('workflow', ['a'])).known).toEqual(new Set(['a']));
	expect(said()).toEqual(['record workflow a', 'record node a', 'record node a']);
});

describe('what is held where no other process writes', () => {
	it('is recorded once', async () => {
		const { open, asked, said } = database();
		const store = open();
		expect(await store.hold('node', ['a', 'b'], { keep: 9, again: () => ['c'] })).toEqual({
			known: new Set(),
			mayBeOurs: false,
			mayBeOvertaken: false,
		});
		expect((await store.hold('node', ['c', 'd'])).known).toEqual(new Set(['c']));
		expect(asked.flatMap(({ values }) => values)).toEqual(['a', 'b', 'c', 'c', 'd']);
		expect(asked[0]?.options).toEqual({ mode: 'entries', maxEntries: 9 });
		expect(said()).toHaveLength(2);
	});

	it('may be our own where an answer got lost, and is not overtaken, however long it takes', async () => {
		const { open, state } = database();
		state.errors = [busy()];
		state.isDone = true;
		state.slow = 5_000;
		expect(await done(open().hold('node', ['a']))).toEqual({
			known: new Set(['a']),
			mayBeOurs: true,
			mayBeOvertaken: false,
		});
	});
});

describe('what is held where other processes write', () => {
	it('is looked at again, after the time that another may need', async () => {
		const { open, asked, kept } = database();
		const held = await done(open(false).hold('node', ['a'], { settle: 1_000 }));
		expect(held).toEqual({ known: new Set(), mayBeOurs: false, mayBeOvertaken: false });
		expect(asked.map(({ at }) => at)).toEqual([0, 1_000]);
		expect(kept('node')).toEqual(['a']);
	});

	it('is so after twice the time that a write takes, where that is longer', async () => {
		const { open, asked, state } = database();
		state.slow = 20;
		expect((await done(open(false).hold('node', ['a']))).mayBeOvertaken).toBe(false);
		state.slow = 26;
		expect((await done(open(false).hold('node', ['b']))).mayBeOvertaken).toBe(true);
		expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBe(60);
	});

	it('is not where all of it was known', async () => {
		const { open, rows, asked } = database();
		rows.node = ['a'];
		expect((await done(open(false).hold('node', ['a']))).known).toEqual(new Set(['a']));
		expect(asked).toHaveLength(1);
	});

	it('is written again where another has undone it, but for what that has recorded', async () => {
		const { open, rows, asked, state, kept } = database();
		let undone = 0;
		state.other = () => {
			if ((undone += 1) <= 3) rows.node = ['b'];
		};
		const held = await done(open(false).hold('node', ['a', 'b']));
		expect(held).toMatchObject({ known: new Set(['b']), mayBeOurs: false });
		expect(asked).toHaveLength(5);
		expect(kept('node')).toEqual(['b', 'a']);
	});

	it('fails where others keep undoing it', async () => {
		const { open, rows, asked, state } = database();
		state.other = () => (rows.node = []);
		const holding = done(open(false).hold('node', ['a']));
		await expect(holding).rejects.toThrow('Other processes keep undoing what was written');
		expect(asked.filter(({ values }) => values.includes('a'))).toHaveLength(21);
	});

	it('is taken out where the database goes away', async () => {
		const { open, rows, state } = database();
		state.errors = [undefined, ...Array<Error>(8).fill(busy())];
		const holding = done(open(false).hold('node', ['a'], { undo: true }));
		await expect(holding).rejects.toEqual(busy());
		await pass(60_000);
		expect(rows.node).toEqual([]);
	});

	it('is known by its other name, which is looked for only', async () => {
		const { open, rows, said, kept } = database();
		rows.node = ['other a'];
		const held = await done(
			open(false).hold('node', ['a', 'b'], { otherName: (it) => `other ${it}` }),
		);
		expect(held.known).toEqual(new Set(['a']));
		expect(said()).toEqual([
			'record node a b other a other b',
			'record node b other b',
			'remove node other b',
		]);
		expect(kept('node')).toEqual(['other a', 'a', 'b']);
	});

	it('makes room at once for the other names of what is known', async () => {
		const { open, rows, said } = database();
		rows.node = ['a'];
		await done(open(false).hold('node', ['a', 'b'], { otherName: (it) => `other ${it}` }));
		expect(said()).toEqual([
			'record node a b other a other b',
			'remove node other a',
			'record node b other b',
			'remove node other b',
		]);
	});

	it('leaves little behind', async () => {
		const { open, rows } = database();
		const store = open(false);
		for (let count = 0; count < 20; count += 1) await done(store.hold('node', [`${count}`]));
		expect(rows.node?.filter((it) => it.startsWith('token/'))).toHaveLength(20);
		await done(store.hold('node', ['20']));
		expect(rows.node?.filter((it) => it.startsWith('token/'))).toEqual([]);
		await done(store.hold('node', ['21']));
		await store.clean('node');
		expect(rows.node).toHaveLength(22);
	});
});

describe('what is taken out', () => {
	it('is taken out at once where no other process writes', async () => {
		const { open, rows, said } = database();
		rows.node = ['a', 'b'];
		await open().takeOut('node', () => ['a']);
		expect([rows.node, said()]).toEqual([['b'], ['remove node a']]);
	});

	it('is looked for five times where others write', async () => {
		const { open, rows, asked } = database();
		rows.node = ['a', 'b'];
		await done(open(false).takeOut('node', () => ['a'], { settle: 50, within: 1_000 }));
		expect(rows.node?.filter((it) => !it.startsWith('token/'))).toEqual(['b']);
		const times = asked.map(({ work, at }) => `${work} ${at}`);
		expect(times).toEqual([
			...['record 0', 'record 50', 'remove 50'],
			...['record 250', 'record 450', 'record 650', 'record 850', 'record 1050'],
			'remove 1050',
		]);
	});

	it('is taken out again where another process brings it back', async () => {
		const { open, rows, state } = database();
		rows.node = ['a', 'b'];
		let before: string[] = [];
		let count = 0;
		state.other = ({ work }) => {
			count += 1;
			if (count === 2) before = [...(rows.node ?? [])];
			if (work === 'record' && count === 5) rows.node = [...before];
		};
		await done(open(false).takeOut('node', () => ['a']));
		expect(rows.node?.filter((it) => !it.startsWith('token/'))).toEqual(['b']);
	});

	it('stays where somebody has recorded it since', async () => {
		const { open, rows, state } = database();
		rows.node = ['a'];
		let count = 0;
		state.other = () => {
			if ((count += 1) === 4) rows.node?.push('a');
		};
		await done(open(false).takeOut('node', () => ['a']));
		expect(rows.node?.filter((it) => !it.startsWith('token/'))).toEqual(['a']);
	});

	it('is what is still to be out by then', async () => {
		const { open, rows } = database();
		rows.node = ['a', 'b'];
		let values = ['a', 'b'];
		const out = open(false).takeOut('node', () => values);
		values = ['b'];
		await done(out);
		expect(rows.node).toContain('a');
		expect(rows.node).not.toContain('b');
	});

	it('goes together with what comes meanwhile, with the longest times of all', async () => {
		const { open, rows, asked } = database();
		rows.node = ['a', 'b', 'c'];
		const store = open(false);
		const first = store.takeOut('node', () => ['a']);
		await pass(1);
		const rest = [
			store.takeOut('node', () => ['b'], { settle: 10, within: 1_000 }),
			store.takeOut('node', () => ['c'], { settle: 90, within: 10 }),
		];
		await done(Promise.all([first, ...rest]));
		expect(rows.node?.filter((it) => !it.startsWith('token/'))).toEqual([]);
		const [, second = []] = [asked.slice(0, 9), asked.slice(9)];
		expect(second.map(({ at }) => at - (second[0]?.at ?? 0))).toEqual([
			...[0, 90, 90, 290, 490, 690, 890, 1_090, 1_090],
		]);
	});

	it('is taken out later where the database does not answer', async () => {
		const { open, rows, state } = database();
		rows.node = ['a'];
		const out = open(false).takeOut('node', () => ['a']);
		await pass(26);
		state.errors = Array<Error>(30).fill(busy());
		await done(out);
		await pass(600_000);
		expect(rows.node?.filter((it) => !it.startsWith('token/'))).toEqual([]);
	});
});

describe('what is to be done surely', () => {
	const tries = async (failures: number) => {
		const begun = Date.now();
		const times: number[] = [];
		await retryInBackground(async () => {
			times.push((Date.now() - begun) / 1_000);
			if (times.length <= failures) throw busy();
		});
		await pass(3_600_000);
		return times;
	};

	it('is done once where it succeeds', async () => expect(await tries(0)).toEqual([0]));

	it('is tried again, ever later, and nobody waits for that', async () => {
		expect(await tries(2)).toEqual([0, 1, 5]);
		expect(await tries(99)).toEqual([0, 1, 5, 21, 85, 341]);
	});
});
