import { randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import {
	Marks,
	nameCall,
	type MarksMemory,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/attemptMarks';
import { anExecution, processedData } from '../../../../support/processedData';

/** Marks are forgotten once n8n lets go of their execution, as the garbage collector tells. */
let held: IExecuteFunctions[] = [];

beforeEach(() => {
	held = [];
	jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

/** Lets time pass, as much as it may need, until it is done. */
async function done<T>(work: Promise<T>): Promise<T> {
	work.catch(() => undefined);
	await jest.advanceTimersByTimeAsync(60_000);
	return await work;
}

interface Begun {
	mode?: string;
	/** Whether the workflow is published. */
	active?: boolean;
	/** When it was established, in Unix ms; undefined as in an old n8n. */
	established?: number;
	/** How what is repeated began. */
	source?: string;
	memory?: MarksMemory;
	signal?: AbortSignal;
	/** What n8n has stored of it. */
	stored?: () => object | undefined;
}

/** What n8n has stored each time that it is asked; undefined where it does not answer. */
const eventually =
	(...answers: Array<object | undefined>) =>
	() => {
		const answer = answers.length > 1 ? answers.shift() : answers[0];
		if (!answer) throw new Error('The database is down');
		return answer;
	};

/** What n8n has stored of an execution in which the node has begun to call so often. */
const after = (attempts: number, runtimeData = {}) => ({
	executionData: { runtimeData, contextData: { 'node:AlloMia': { alloMiaLedger: { attempts } } } },
});

/** A node, and what n8n keeps for it. */
function aNode() {
	const { helpers, rows } = processedData();
	const [nodeId, workflow] = [randomUUID(), randomUUID()];

	/** An execution that begins: as one of a published workflow, whose moment n8n has stored. */
	function execution({
		mode = 'webhook',
		active = true,
		established,
		source = mode,
		memory = {},
		signal,
		stored = () => after(1, { establishedAt: established }),
	}: Begun = {}) {
		const id = randomUUID();
		const reads: string[] = [];
		const getRunExecutionData = async (executionId: string) => {
			reads.push(executionId);
			return await Promise.resolve(stored());
		};
		const context = {
			...anExecution(helpers),
			getExecutionId: () => id,
			getNode: () => ({ id: nodeId, name: 'AlloMia' }),
			getWorkflow: () => ({ id: workflow, active }),
			getMode: () => mode,
			getExecutionCancelSignal: () => signal,
			getExecutionContext: () => ({ establishedAt: established, source }),
			additionalData: { getRunExecutionData },
		} as unknown as IExecuteFunctions;
		held.push(context);
		return { marks: Marks.of(context, memory), id, memory, reads };
	}

	/** What the rows hold, but for what a store has for itself, without what all marks begin with. */
	const kept = (row: 'node' | 'workflow') =>
		[...(rows.get(row) ?? [])]
			.filter((it) => !/^(token|witness)\//.test(it))
			.map((it) => it.replace(`/${nodeId}/`, '/N/'));
	return { execution, kept, rows, workflow, nodeId };
}

const range = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
const begun = { established: 1_700_000_000_000 };
const moment = `mark/N/${begun.established}`;
const rerun = { ...begun, mode: 'retry', source: 'webhook' };

it('a call has the same name when its item comes back from Outside Hours, as a whole', () => {
	const body = { phoneNumber: '+15145551234', assistantId: 'a', phoneNumberId: 'p' };
	const name = (variables: Record<string, string>) =>
		nameCall({ ...body, dynamicVariables: variables });
	const callAt = '2026-11-30T09:00:00-05:00';
	expect(name({ slot: 'one', callAt })).toBe(name({ slot: 'one' }));
	expect(name({ slot: 'two', callAt })).not.toBe(name({ slot: 'one' }));
});

describe('a call', () => {
	const body = { phoneNumber: '+15145551234', assistantId: 'a', phoneNumberId: 'p' };

	it('is the same whatever the order of its variables, and the number that calls', () => {
		const name = nameCall({ ...body, dynamicVariables: { a: '1', b: '2' } });
		expect(nameCall({ ...body, phoneNumberId: 'q', dynamicVariables: { b: '2', a: '1' } })).toBe(
			name,
		);
		expect(name).toMatch(/^[\w-]{43}$/);
	});

	it.each([
		{ phoneNumber: '+15145551235' },
		{ assistantId: 'b' },
		{ customerName: 'Ada' },
		{ dynamicVariables: { a: '1' } },
	])('is another one with %j', (other) => {
		expect(nameCall({ ...body, ...other })).not.toBe(nameCall(body));
	});

	it('is that of its key, where there is one', () => {
		expect(nameCall(body, 'K')).toBe(nameCall({ ...body, phoneNumber: '+15145551235' }, 'K'));
		expect(nameCall(body, 'K')).not.toBe(nameCall(body, 'L'));
	});
});

describe('equal calls of an execution', () => {
	const [ada, bob] = ['AAAAAAada', 'BBBBBBbob'];

	it('are told apart by which of them they are', () => {
		const { marks } = aNode().execution();
		expect(marks.plan('0', [ada, bob, ada])).toEqual([`${ada}/0`, `${bob}/0`, `${ada}/1`]);
	});

	it('are the same in another try of the run, and others in its next run', () => {
		const { marks } = aNode().execution();
		const first = marks.plan('0', [ada, ada]);
		expect(marks.plan('0', [ada, ada])).toEqual(first);
		expect(marks.plan('1', [ada, bob])).toEqual([`${ada}/2`, `${bob}/0`]);
		expect(marks.plan('2', [bob, ada])).toEqual([`${bob}/1`, `${ada}/3`]);
	});

	it('are counted on by what goes on with it, from what n8n has stored of it', () => {
		const node = aNode();
		const { marks, memory } = node.execution();
		marks.plan('0', [ada, bob]);
		marks.plan('1', [ada]);
		const stored = JSON.parse(JSON.stringify(memory)) as MarksMemory;
		const again = node.execution({ ...rerun, memory: stored });
		expect(again.marks.plan('1', [ada])).toEqual([`${ada}/1`]);
		expect(again.marks.plan('2', [ada, bob])).toEqual([`${ada}/2`, `${bob}/1`]);
	});
});

describe('the marks of a published workflow', () => {
	it('are in the row of the node, and found by a re-run alone', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(begun);
		expect(await done(marks.make(['a', 'b'], false))).toEqual(new Set());
		expect(kept('node')).toEqual([`node/${moment}/a`, `node/${moment}/b`]);
		expect(kept('workflow')).toEqual([]);
		expect(await done(marks.make(['a'], false))).toEqual(new Set());
		const later = execution({ established: begun.established + 1 });
		expect(await done(later.marks.make(['a'], false))).toEqual(new Set());
		const again = execution(rerun);
		expect([marks.isRerun, again.marks.isRerun]).toEqual([false, true]);
		expect(await done(again.marks.make(['b', 'c'], false))).toEqual(new Set(['b']));
	});

	it('are in the row of the workflow where there are keys', async () => {
		const { execution, kept } = aNode();
		await done(execution(begun).marks.make(['a'], true));
		expect([kept('node'), kept('workflow')]).toEqual([[], [`workflow/${moment}/a`]]);
		expect(await done(execution(rerun).marks.make(['a', 'b'], true))).toEqual(new Set(['a']));
		expect(kept('node')).toEqual([]);
	});

	it('are made of nothing without asking anybody', async () => {
		const { execution, rows } = aNode();
		expect(await execution(begun).marks.make([], false)).toEqual(new Set());
		expect(rows.size).toBe(0);
	});

	it.each([
		['of a first run move to the row of the workflow once there are 200', begun, 200, 0],
		['of a re-run are in both rows, and in the one of the node up to 2,000', rerun, 2_000, 1_999],
	])('%s, and are found there', async (_, options, limit, inWorkflow) => {
		const { execution, kept } = aNode();
		const { marks } = execution(options);
		const below = range(limit - 1);
		await done(marks.make(below, false));
		expect([kept('node').length, kept('workflow').length]).toEqual([limit - 1, inWorkflow]);
		await done(marks.make(['one more'], false));
		expect(kept('node')).toEqual([]);
		expect(kept('workflow')).toEqual(
			[...below, 'one more'].map((it) => `workflow/${moment}/${it}`),
		);
		const found = await done(execution(rerun).marks.make(['m0', 'one more', 'new'], false));
		expect(found).toEqual(new Set(['m0', 'one more']));
	});

	it('that were made by an attempt that nothing ties to the re-run are found as well', async () => {
		const { execution, kept } = aNode();
		const first = execution({ ...begun, mode: 'manual', active: false, stored: () => ({}) });
		await done(first.marks.make(['a'], false));
		expect(kept('node')).toEqual(['node/mark/N/any/a']);
		const found = async (source: string) =>
			await done(execution({ ...rerun, source }).marks.make(['a'], false));
		expect(await found('manual')).toEqual(new Set(['a']));
	});
});

describe('the end of an execution', () => {
	it('takes out what it has made, and nothing else', async () => {
		const { execution, kept } = aNode();
		const later = { established: begun.established + 1 };
		const { marks } = execution(begun);
		const other = execution(later);
		await done(marks.make(range(200), false));
		await done(marks.make(['a'], false));
		await done(other.marks.make(['a'], false));
		await done(marks.forget());
		const left = [`node/mark/N/${later.established}/a`];
		expect([...kept('node'), ...kept('workflow')]).toEqual(left);
	});

	it('takes out thousands', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(begun);
		await done(marks.make(range(1_234), true));
		expect(kept('workflow')).toHaveLength(1_234);
		await done(marks.forget());
		expect(kept('workflow')).toEqual([]);
	});

	it('leaves what another re-run may have to find', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(rerun);
		await done(marks.make(['a'], true));
		await done(marks.forget());
		expect(kept('workflow')).toEqual([`workflow/${moment}/a`]);
	});

	it('leaves what a stopped execution has made', async () => {
		const { execution, kept } = aNode();
		const stop = new AbortController();
		const { marks } = execution({ ...begun, signal: stop.signal });
		await done(marks.make(['a'], false));
		expect(marks.isStopped).toBe(false);
		stop.abort();
		expect([marks.isStopped, marks.isRerun]).toEqual([true, true]);
		await done(marks.forget());
		expect(kept('node')).toEqual([`node/${moment}/a`]);
	});

	describe.each([true, false])('(alone: %s)', (active) => {
		const keptAfter = async (given: Begun) => {
			const { execution, kept } = aNode();
			const { marks } = execution({ ...begun, active, ...given });
			await done(marks.make(['a'], false));
			await done(marks.forget());
			return kept('node');
		};
		const none = { resultData: { runData: {} } };
		const left = [`node/${moment}/a`];

		it.each<[string, Begun]>([
			['nothing', { stored: () => none }],
			['an earlier attempt only', { memory: { attempts: 1 }, stored: () => after(1) }],
			['something that cannot be read', { stored: eventually(undefined) }],
		])('leaves its marks where n8n has stored %s', async (_what, given) => {
			expect(await keptAfter(given)).toEqual(left);
		});

		it.each<[string, Begun]>([
			['was deleted', { stored: () => undefined }],
			['is stored after a moment', { stored: eventually(none, after(1)) }],
			['can be read after a moment', { stored: eventually(undefined, after(1)) }],
			['is stored with all attempts', { memory: { attempts: 6 }, stored: () => after(7) }],
		])('takes out its marks where it %s', async (_what, given) => {
			expect(await keptAfter(given)).toEqual([]);
		});
	});

	it('is not read where nobody was called', async () => {
		const { execution } = aNode();
		const { marks, reads } = execution(begun);
		await done(marks.make(['a'], false));
		await done(marks.release(['a']));
		await done(marks.forget());
		expect(reads).toEqual([]);
	});

	it('does not wait for ever for that of another, whatever n8n has of it', async () => {
		const { execution, kept } = aNode();
		const [hanging, odd, last] = [
			async () => await new Promise<object>(() => undefined),
			() => ({ resultData: { error: { message: { code: 1 } } } }),
			() => after(1),
		].map((stored, index) =>
			execution({ established: begun.established + index, stored: stored as () => object }),
		);
		for (const it of [hanging, odd, last]) {
			await done(it!.marks.make(['a'], false));
			void it!.marks.forget();
		}
		await jest.advanceTimersByTimeAsync(300_000);
		expect(kept('node')).toEqual(
			[0, 1].map((index) => `node/mark/N/${begun.established + index}/a`),
		);
	});

	it('of the last that began at a moment takes out what they have in common', async () => {
		const { execution, kept } = aNode();
		const [one, other] = [execution(begun), execution(begun)];
		await done(one.marks.make(['a'], false));
		await done(other.marks.make(['b'], false));
		await done(one.marks.forget());
		expect(kept('node')).toHaveLength(2);
		await done(other.marks.forget());
		expect(kept('node')).toEqual([]);
	});
});

describe('what is released', () => {
	it('is out of the store, and may be marked again', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(begun);
		await done(marks.make(['a', 'b'], false));
		await done(marks.release(['a', 'somebody else’s']));
		expect(kept('node')).toEqual([`node/${moment}/b`]);
		await done(marks.make(['a'], false));
		expect(kept('node')).toEqual([`node/${moment}/b`, `node/${moment}/a`]);
	});

	it('is out of both rows once it has moved', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(begun);
		await done(marks.make(range(200), false));
		await done(marks.release(['m7']));
		expect(kept('workflow')).toHaveLength(199);
		expect(kept('workflow')).not.toContain(`workflow/${moment}/m7`);
	});

	it('stays in the store where another execution began at the same moment', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(begun);
		execution(begun);
		await done(marks.make(['a'], false));
		await done(marks.release(['a']));
		expect(kept('node')).toEqual([`node/${moment}/a`]);
	});

	it('was made by somebody else: it stays', async () => {
		const { execution, kept } = aNode();
		await done(execution(begun).marks.make(['a'], false));
		const { marks } = execution(rerun);
		expect(await done(marks.make(['a'], false))).toEqual(new Set(['a']));
		await done(marks.release(['a']));
		expect(kept('node')).toEqual([`node/${moment}/a`]);
	});
});

describe('marks of which nothing tells whose they are', () => {
	const untied = { established: undefined };
	const any = 'node/mark/N/any';

	it('are taken out with the last that has them', async () => {
		const { execution, kept } = aNode();
		const [one, other] = [execution(untied), execution(untied)];
		expect(await done(one.marks.make(['a', 'b'], false))).toEqual(new Set());
		expect(await done(other.marks.make(['a'], false))).toEqual(new Set());
		await done(one.marks.release(['a']));
		expect(kept('node')).toEqual([`${any}/a`, `${any}/b`]);
		await done(one.marks.forget());
		expect(kept('node')).toEqual([`${any}/a`]);
		await done(other.marks.forget());
		expect(kept('node')).toEqual([]);
	});

	it('stay where somebody has left them whom this process does not know', async () => {
		const { execution, kept, rows, nodeId } = aNode();
		rows.set('node', new Set([`node/mark/${nodeId}/any/a`]));
		const [one, other] = [execution(untied), execution(untied)];
		await done(one.marks.make(['a', 'b'], false));
		await done(other.marks.make(['a'], false));
		await done(one.marks.forget());
		await done(other.marks.forget());
		expect(kept('node')).toEqual([`${any}/a`]);
	});

	it('are found by a re-run', async () => {
		const { execution } = aNode();
		await done(execution(untied).marks.make(['a'], false));
		const again = execution({ ...rerun, ...untied });
		expect(await done(again.marks.make(['a', 'b'], false))).toEqual(new Set(['a']));
	});
});

describe('where other processes write', () => {
	const shared = { ...begun, active: false, mode: 'trigger' };

	it('less is claimed at once', () => {
		const { execution } = aNode();
		expect(execution(shared).marks.limit).toBe(10);
		expect(execution({ ...shared, active: true }).marks.limit).toBe(20);
		expect(execution({ ...shared, active: true, mode: 'retry' }).marks.limit).toBe(10);
		expect(execution({ ...shared, active: true, mode: 'webhook' }).marks.limit).toBe(20);
	});

	it('an execution that is delivered twice is known', async () => {
		const { execution, rows, kept, nodeId } = aNode();
		const { marks, memory, id } = execution(shared);
		const job = `job/${nodeId}/${id}`;
		await done(marks.begin('0'));
		expect(kept('workflow')).toEqual([`job/N/${id}/0`]);
		await done(marks.begin('0'));
		expect([marks.isRerun, memory.redelivered]).toEqual([false, undefined]);
		rows.get('workflow')?.add(`${job}/1`);
		await done(marks.begin('1'));
		expect([marks.isRerun, memory.redelivered]).toEqual([true, true]);
		expect(execution({ ...shared, memory: { redelivered: true } }).marks.isRerun).toBe(true);
	});

	it('its job is forgotten with it', async () => {
		const { execution, kept } = aNode();
		const { marks } = execution(shared);
		await done(marks.begin('0'));
		await done(marks.make(['a'], false));
		await done(marks.forget());
		expect([...kept('node'), ...kept('workflow')]).toEqual([]);
	});

	it('nothing of it is recorded where this process is alone', async () => {
		const { execution, rows } = aNode();
		await execution(begun).marks.begin('0');
		expect(rows.size).toBe(0);
	});

	it('the newest 100 are written again at the end of an attempt', async () => {
		const { execution, rows, kept } = aNode();
		const { marks } = execution(shared);
		await done(marks.make(range(150), true));
		rows.get('workflow')?.clear();
		await done(marks.close());
		expect(kept('workflow')).toEqual(
			range(150)
				.slice(50)
				.map((it) => `workflow/${moment}/${it}`),
		);
		expect(kept('node')).toEqual([]);
	});

	it('they are written again with each claim', async () => {
		const { execution, rows, kept } = aNode();
		const { marks } = execution(shared);
		await done(marks.make(['a'], false));
		rows.get('node')?.clear();
		await done(marks.make(['b'], false));
		expect(kept('node')).toEqual([`node/${moment}/b`, `node/${moment}/a`]);
	});

	it('nothing is written again where this process is alone', async () => {
		const { execution, rows, kept } = aNode();
		const { marks } = execution(begun);
		await done(marks.make(['a'], false));
		rows.get('node')?.clear();
		await done(marks.close());
		await done(marks.make(['b'], false));
		expect(kept('node')).toEqual([`node/${moment}/b`]);
	});

	it('a stop is read of what n8n has stored, and leaves the marks', async () => {
		const { execution, kept } = aNode();
		const resultData: { error?: object } = {};
		const { marks, id, reads } = execution({
			...shared,
			stored: () => ({ resultData }),
		});
		expect(await done(marks.checkStopped())).toBe(false);
		await done(marks.make(['a'], false));
		resultData.error = {
			message: 'The execution was cancelled manually',
			extra: { executionId: id },
		};
		expect(await done(marks.checkStopped())).toBe(true);
		expect([marks.isStopped, marks.isRerun]).toEqual([true, true]);
		const { length } = reads;
		expect(await done(marks.checkStopped(true))).toBe(true);
		expect(reads).toHaveLength(length);
		await done(marks.forget());
		expect(kept('node')).toEqual([`node/${moment}/a`]);
	});

	it('a stop that is found at the end only leaves the marks', async () => {
		const { execution, kept } = aNode();
		const resultData: { error?: object } = {};
		const { marks, id } = execution({ ...shared, stored: () => ({ resultData }) });
		await done(marks.make(['a'], false));
		resultData.error = {
			message: 'The execution was cancelled manually',
			extra: { executionId: id },
		};
		await done(marks.forget());
		expect(kept('node')).toEqual([`node/${moment}/a`]);
	});

	it('nothing is read about stops where this process is alone', async () => {
		const { execution } = aNode();
		const { marks, reads } = execution(begun);
		expect(await done(marks.checkStopped(true))).toBe(false);
		expect(reads).toEqual([]);
	});
});

describe('the intent to claim keys', () => {
	it.each([true, false])('is found until it is taken back (alone: %s)', async (active) => {
		const { execution, kept } = aNode();
		const { marks } = execution({ ...begun, active });
		const takeBack = await done(marks.intend(['a', 'b']));
		expect(kept('workflow')).toEqual([`intent/${moment}/a`, `intent/${moment}/b`]);
		const again = execution(rerun);
		expect(await done(again.marks.findIntents(['b', 'c']))).toEqual(new Set(['b']));
		await done(takeBack());
		expect(kept('workflow')).toEqual([]);
		expect(await done(again.marks.findIntents(['a', 'b']))).toEqual(new Set());
	});

	it('that somebody else has is not taken back', async () => {
		const { execution, kept } = aNode();
		await done(execution(begun).marks.intend(['a']));
		const again = await done(execution(rerun).marks.intend(['a', 'b']));
		await done(again());
		expect(kept('workflow')).toEqual([`intent/${moment}/a`]);
	});

	it('of nothing asks nobody', async () => {
		const { execution, rows } = aNode();
		const takeBack = await execution(begun).marks.intend([]);
		await takeBack();
		expect(rows.size).toBe(0);
	});
});
