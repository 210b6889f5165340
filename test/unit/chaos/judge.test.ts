import { judge, type Evidence, type Faults, type Run } from '../../chaos/judge';

const list = { id: 'list', kind: 'Create', people: ['+1', '+2'], accepted: 1 };

const run = (given: Partial<Run> = {}): Run => ({
	id: 1,
	retryOf: undefined,
	status: 'success',
	isEmpty: false,
	list: 'list',
	answers: [
		{ index: 0, outboundCallId: 'first', status: 'completed' },
		{ index: 1, error: 'Invalid request data' },
	],
	events: [],
	...given,
});

const sound: Evidence = {
	lists: [list],
	runs: [run()],
	dials: [{ outboundCallId: 'first', phone: '+1' }],
	taken: ['first'],
	samples: [],
};

const faultsOf = (given: Partial<Evidence>): Partial<Faults> =>
	Object.fromEntries(
		Object.entries(judge({ ...sound, ...given }).faults).filter(([, found]) => found.length > 0),
	);

describe('the judge of the chaos', () => {
	it('finds nothing where all is well', () => {
		expect(judge(sound)).toEqual({
			faults: {
				calledTwice: [],
				unaccounted: [],
				mixedUp: [],
				lostResults: [],
				stuck: [],
				lostLists: [],
				growing: [],
			},
			counts: {
				lists: 1,
				items: 2,
				calls: 1,
				reruns: 0,
				results: 1,
				discardedItems: 0,
				discardedCalls: 0,
				discardedResults: 0,
				repeatedResults: 0,
				answers: { completed: 1, 'error: Invalid request data': 1 },
				leftAlone: 0,
			},
		});
	});

	it('finds somebody who was called twice', () => {
		const dials = [...sound.dials, { outboundCallId: 'second', phone: '+1' }];
		expect(faultsOf({ dials })).toEqual({ calledTwice: ['+1'] });
	});

	it.each([
		['an item that is missing', { answers: run().answers.slice(0, 1) }],
		['an execution that failed', { status: 'crashed' }],
	])('finds %s', (_, given) => {
		const { unaccounted } = faultsOf({ runs: [run(given)] });
		expect(unaccounted).toContain(`+2 in execution 1 (${run(given).status}): Create`);
	});

	it('takes the last of the runs that repeat each other', () => {
		const runs = [
			run({ status: 'crashed', answers: [] }),
			run({ id: 2, retryOf: 1, status: 'error', answers: [] }),
			run({ id: 3, retryOf: 2, list: undefined }),
		];
		expect(faultsOf({ runs })).toEqual({});
		expect(judge({ ...sound, runs }).counts.reruns).toBe(2);
		expect(faultsOf({ runs: runs.slice(0, 2) }).unaccounted).toHaveLength(2);
	});

	it('knows whose an item is by its number, where it has one', () => {
		const [first, second] = run().answers;
		const swapped = [
			{ ...second, phone: '+2', index: 0 },
			{ ...first, phone: '+1', index: 0 },
		];
		expect(faultsOf({ runs: [run({ answers: swapped })] })).toEqual({});
	});

	it('finds an item with the call of somebody else, and one with a call that nobody placed', () => {
		const answers = [
			{ index: 0, outboundCallId: 'first', status: 'completed' },
			{ index: 1, outboundCallId: 'first', status: 'completed' },
		];
		expect(faultsOf({ runs: [run({ answers })] }).mixedUp).toEqual(['+2 in execution 1: Create']);
		expect(faultsOf({ dials: [] }).mixedUp).toEqual(['+1 in execution 1: Create']);
	});

	it.each([
		['is in no item', { answers: [{ index: 0, error: 'Failed' }, ...run().answers.slice(1)] }],
		[
			'has timed out',
			{ answers: run().answers.map((it) => ({ ...it, timedOut: !('error' in it) })) },
		],
		['is still open', { answers: run().answers.map((it) => ({ ...it, status: 'calling' })) }],
	])('finds a result that n8n had taken, and that %s', (_, given) => {
		expect(faultsOf({ runs: [run(given)] })).toEqual({ lostResults: ['first'] });
	});

	it('takes a result from a trigger, and counts how often it comes out', () => {
		const create = run({ answers: run().answers.map((it) => ({ ...it, status: 'calling' })) });
		const emitted = run({ id: 2, list: undefined, answers: [], events: ['first'] });
		const crashed = { ...emitted, status: 'crashed' };
		const again = { ...emitted, id: 3, retryOf: 2 };
		const counted = (runs: Run[]) => judge({ ...sound, runs }).counts.repeatedResults;
		expect(faultsOf({ runs: [create, emitted] })).toEqual({});
		expect(faultsOf({ runs: [create, crashed] })).toEqual({ lostResults: ['first'] });
		expect(faultsOf({ runs: [create, crashed, again] })).toEqual({});
		expect([counted([emitted, again]), counted([emitted, { ...emitted, id: 3 }])]).toEqual([0, 1]);
	});

	it.each(['new', 'running', 'waiting'])('finds an execution that is %s', (status) => {
		expect(faultsOf({ runs: [run({ status })] }).stuck).toEqual([1]);
	});

	it('finds a list that n8n had accepted, and does not have', () => {
		expect(faultsOf({ runs: [], taken: [] })).toEqual({ lostLists: ['list'] });
		const posted = [{ ...list, accepted: 2 }];
		expect(faultsOf({ lists: posted })).toEqual({ lostLists: ['list'] });
	});

	it('counts what n8n has discarded apart', () => {
		const list = run({ status: 'error', answers: [], isEmpty: true });
		const again = run({ ...list, id: 3, list: undefined, retryOf: 1 });
		const result = run({ ...list, id: 2, list: undefined, result: 'first' });
		const { faults, counts } = judge({ ...sound, runs: [list, result, again] });
		expect(Object.values(faults).flat()).toEqual([]);
		const { discardedItems, discardedCalls, discardedResults } = counts;
		expect([discardedItems, discardedCalls, discardedResults]).toEqual([2, 1, 1]);
		// It could be run again, or was.
		const could = [{ ...list, isEmpty: false }, again];
		expect(faultsOf({ runs: could, taken: [] }).unaccounted).toHaveLength(2);
		const was = [list, { ...again, status: 'success' }];
		expect(faultsOf({ runs: was, taken: [] }).unaccounted).toHaveLength(2);
	});

	it('counts those who were left alone', () => {
		const answers = [
			{ index: 0, error: 'An earlier attempt at this call was interrupted' },
			{ index: 1, error: 'It is unknown who has claimed this value of Call Once Per' },
		];
		expect(judge({ ...sound, runs: [run({ answers })] }).counts.leftAlone).toBe(1);
	});
});
