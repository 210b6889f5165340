import { judge, type Evidence, type Faults, type Run } from '../../chaos/judge';

const [first, second] = ['+15145551000', '+15145551001'];

const list = { id: 'list', kind: 'Create', people: [first, second], isAccepted: true };

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
	dials: [{ outboundCallId: 'first', phone: first, at: 0, endedAt: 10 }],
	callbacks: [{ outboundCallId: 'first', answer: 'received' }],
	blows: 1,
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
				calledOutsideHours: [],
				tooManyAtOnce: [],
				unaccounted: [],
				mixedUp: [],
				untrue: [],
				lostResults: [],
				refusedResults: [],
				stuck: [],
				lostLists: [],
				growing: [],
				untried: [],
			},
			counts: {
				lists: 1,
				items: 2,
				calls: 1,
				reruns: 0,
				results: 1,
				callbacks: { received: 1 },
				discardedItems: 0,
				discardedCalls: 0,
				discardedResults: 0,
				discards: {},
				repeatedResults: 0,
				answers: { completed: 1, 'error: Invalid request data': 1 },
				leftAlone: 0,
			},
		});
	});

	it('finds somebody who was called twice', () => {
		const dials = [...sound.dials, { outboundCallId: 'second', phone: first, at: 20 }];
		expect(faultsOf({ dials })).toEqual({ calledTwice: [first] });
	});

	it.each([
		['an item that is missing', { answers: run().answers.slice(0, 1) }],
		['an execution that failed', { status: 'crashed' }],
	])('finds %s', (_, given) => {
		const { unaccounted } = faultsOf({ runs: [run(given)] });
		expect(unaccounted).toContain(`${second} in execution 1 (${run(given).status}): Create`);
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
		const [called, refused] = run().answers;
		const swapped = [
			{ ...refused, phone: second, index: 0 },
			{ ...called, phone: first, index: 0 },
		];
		expect(faultsOf({ runs: [run({ answers: swapped })] })).toEqual({});
	});

	it('finds an item with the call of somebody else, and one with a call that nobody placed', () => {
		const answers = [
			{ index: 0, outboundCallId: 'first', status: 'completed' },
			{ index: 1, outboundCallId: 'first', status: 'completed' },
		];
		expect(faultsOf({ runs: [run({ answers })] }).mixedUp).toEqual([
			`${second} in execution 1: Create`,
		]);
		expect(faultsOf({ dials: [] }).mixedUp).toEqual([`${first} in execution 1: Create`]);
	});

	it.each([
		[
			'is in no item',
			{
				answers: [
					{ index: 0, error: 'AlloMia did not respond in time' },
					...run().answers.slice(1),
				],
			},
		],
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
		const emitted = run({
			id: 2,
			list: undefined,
			answers: [],
			events: [{ outboundCallId: 'first', phone: first, status: 'completed' }],
		});
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
		expect(faultsOf({ runs: [] }).lostLists).toEqual(['list']);
		const posted = [list, { ...list, id: 'the same again' }];
		expect(faultsOf({ lists: posted })).toEqual({ lostLists: ['the same again'] });
	});

	it('counts what n8n has discarded apart', () => {
		const list = run({ status: 'error', answers: [], isEmpty: true });
		const again = run({ ...list, id: 3, list: undefined, retryOf: 1 });
		const result = run({ ...list, id: 2, list: undefined, result: 'first' });
		const { faults, counts } = judge({ ...sound, runs: [list, result, again] });
		expect(Object.values(faults).flat()).toEqual([]);
		const { discardedItems, discardedCalls, discardedResults } = counts;
		expect([discardedItems, discardedCalls, discardedResults]).toEqual([2, 1, 1]);
		expect(counts.discards).toEqual({ 'not said': 3 });
		// It could be run again, or was.
		const could = [{ ...list, isEmpty: false }, again];
		expect(faultsOf({ runs: could }).unaccounted).toHaveLength(2);
		const was = [list, { ...again, status: 'success' }];
		expect(faultsOf({ runs: was }).unaccounted).toHaveLength(2);
	});

	it('counts those who were left alone', () => {
		const answers = [
			{ index: 0, error: 'An earlier attempt at this call was interrupted' },
			{ index: 1, error: 'It is unknown who has claimed this value of Call Once Per' },
		];
		expect(judge({ ...sound, runs: [run({ answers })] }).counts.leftAlone).toBe(1);
	});

	it('finds somebody who was called outside of their hours, and somebody whom it calls so', () => {
		expect(faultsOf({ lists: [{ ...list, closed: [first] }] })).toEqual({
			calledOutsideHours: [first],
		});
		const answers = [...run().answers.slice(0, 1), { index: 1, callAt: '2026-01-01T08:00:00Z' }];
		const runs = [run({ answers })];
		expect(faultsOf({ runs }).untrue).toHaveLength(1);
		expect(faultsOf({ runs, lists: [{ ...list, closed: [second] }] })).toEqual({});
	});

	it('finds more calls at once than a list may have', () => {
		const at = (moments: number[]) => ({
			lists: [{ ...list, atOnce: 1 }],
			dials: [...sound.dials, { outboundCallId: 'second', phone: second, at: 5 }].map(
				(dial, index) => ({ ...dial, endedAt: moments[index] }),
			),
		});
		expect(faultsOf(at([10, 20])).tooManyAtOnce).toEqual(['list: Create']);
		expect(faultsOf(at([5, 20])).tooManyAtOnce).toBeUndefined();
	});

	it.each([
		['an error that is not documented', { error: 'Something' }],
		['another end of the call', { outboundCallId: 'first', status: 'busy' }],
		['no call, though there was one', { error: 'Invalid request data' }],
	])('finds an item that says %s', (_, answer) => {
		const answers = [{ index: 0, ...answer }, ...run().answers.slice(1)];
		expect(faultsOf({ runs: [run({ answers })] }).untrue).toHaveLength(1);
	});

	it('finds a list with waits whose results are left open', () => {
		const answers = run().answers.map((it) => ({ ...it, status: it.status && 'calling' }));
		expect(faultsOf({ runs: [run({ answers })] }).untrue).toBeUndefined();
		const lists = [{ ...list, waits: true }];
		expect(faultsOf({ lists, runs: [run({ answers })] }).untrue).toHaveLength(1);
	});

	it('finds somebody who counts as called, though nobody has called or may have', () => {
		const skips = run({
			id: 2,
			list: 'again',
			answers: [0, 1].map((index) => ({ index, alreadyCalled: true })),
		});
		const lists = [list, { ...list, id: 'again' }];
		expect(faultsOf({ lists, runs: [run(), skips] })).toEqual({});
		expect(faultsOf({ runs: [{ ...skips, list: 'list' }] }).untrue).toHaveLength(1);
	});

	it('finds somebody with two items, and one who is not in the list', () => {
		const twice = [...run().answers, { index: 0, outboundCallId: 'first', status: 'completed' }];
		expect(faultsOf({ runs: [run({ answers: twice })] }).mixedUp).toHaveLength(1);
		const more = [...run().answers, { phone: '+15145559999', error: 'Invalid request data' }];
		expect(faultsOf({ runs: [run({ answers: more })] }).mixedUp).toHaveLength(1);
	});

	it('finds the result of somebody else at the trigger, and another end of the call', () => {
		const emitting = (answer: object) => [
			run(),
			run({ id: 2, list: undefined, answers: [], events: [answer] }),
		];
		const result = { outboundCallId: 'first', phone: first, status: 'completed' };
		expect(faultsOf({ runs: emitting(result) })).toEqual({});
		expect(faultsOf({ runs: emitting({ ...result, phone: second }) }).mixedUp).toHaveLength(1);
		expect(faultsOf({ runs: emitting({ ...result, status: 'busy' }) }).untrue).toHaveLength(1);
	});

	it('finds a call of which no item tells, also of a list that n8n has not said that it has', () => {
		const dials = [...sound.dials, { outboundCallId: 'other', phone: '+15145559999', at: 0 }];
		expect(faultsOf({ dials }).unaccounted).toHaveLength(1);
	});

	it('counts a callback as taken that n8n has called a duplicate', () => {
		const callbacks = [
			{ outboundCallId: 'first', answer: '500' },
			{ outboundCallId: 'first', answer: 'duplicate' },
		];
		const answers = run().answers.map((it) => ({ ...it, status: it.status && 'calling' }));
		expect(faultsOf({ callbacks, runs: [run({ answers })] })).toEqual({ lostResults: ['first'] });
	});

	it('finds a genuine result that was refused', () => {
		const callbacks = [...sound.callbacks, { outboundCallId: 'first', answer: '401' }];
		expect(faultsOf({ callbacks })).toEqual({ refusedResults: ['first: 401'] });
		// The node has no ID of a call whose response was lost.
		const answers = [
			{ index: 0, error: 'AlloMia did not respond in time' },
			...run().answers.slice(1),
		];
		const lost = {
			callbacks: callbacks.slice(1),
			runs: [run({ answers })],
		};
		expect(faultsOf(lost).refusedResults).toBeUndefined();
	});

	it('says nothing where nothing was tried', () => {
		const nothing = { lists: [], runs: [], dials: [], callbacks: [], blows: 0, samples: [] };
		expect(judge(nothing).faults.untried).toHaveLength(4);
	});
});
