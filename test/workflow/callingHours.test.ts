import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { callingWith, dialRequests, ending, numbers, rung, simulator } from './bench';
import {
	errorOf,
	execute,
	node,
	output,
	outputJson,
	retry,
	runOf,
	start,
	type Execution,
} from './engine';

const good = '+15145551234';
const better = '+15145551235';
const best = '+15145551236';
/** Los Angeles. */
const west = '+12135551234';

/** A Monday in Toronto, ten in the morning; in Los Angeles it is seven. */
const monday = Date.parse('2026-11-30T10:00:00-05:00');
const nextMorning = '2026-12-01T09:00:00-05:00';

const realNow = Date.now;
let shift = 0;

/** Sets the clock, which goes on from there. */
const setClock = (time: number | string) => {
	shift = (typeof time === 'string' ? Date.parse(time) : time) - realNow();
};

/** Closes the hours (it is midnight in Toronto) once so many calls were placed. */
const closeAfter = (dials: number) => {
	setClock(monday);
	jest.spyOn(Date, 'now').mockImplementation(() => {
		if (simulator.dials.length >= dials)
			shift = Math.max(shift, monday + 14 * 3_600_000 - realNow());
		return realNow() + shift;
	});
};

beforeEach(() => {
	setClock(monday);
	jest.spyOn(Date, 'now').mockImplementation(() => realNow() + shift);
});
afterEach(() => jest.restoreAllMocks());

const callingAtHours = callingWith({ callingHours: 'canada', pollInterval: 1 });
const calling = (
	options: INodeParameters = {},
	items: IDataObject[] = numbers(good, west, better),
	more?: Parameters<typeof callingAtHours>[2],
) => callingAtHours(options, items, more);

const going = { onError: 'continueRegularOutput' } as const;
const apart = { onError: 'continueErrorOutput' } as const;
const ids = (items: IDataObject[]) => items.map(({ outboundCallId }) => outboundCallId);
const idOf = (number: string) =>
	simulator.dials.find(({ body }) => body.phoneNumber === number)?.outboundCallId;

describe('somebody outside of the calling hours', () => {
	it.each<[string, string, INodeParameters, object, number]>([
		['create', 'create', {}, {}, 1],
		['create, with keys', 'create', { onceKey: '={{ $json.number }}' }, {}, 1],
		['create, with an error output', 'create', {}, apart, 1],
		['createAndWait', 'createAndWait', {}, {}, 1],
		['createAndWait, going on', 'createAndWait', {}, going, 1],
		['createAndWait, an output per status', 'createAndWait', { outputPerStatus: true }, {}, 5],
		[
			'createAndWait, with keys as well',
			'createAndWait',
			{ outputPerStatus: true, onceKey: '={{ "waiting for " + $json.number }}' },
			apart,
			6,
		],
	])(
		'is not called, and leaves by the last output: %s',
		async (_, operation, options, settings, last) => {
			const run = await execute(calling(options, undefined, { operation, settings }));
			expect(run.status).toBe('success');
			expect([rung(good), rung(west), rung(better)]).toEqual([1, 0, 1]);
			expect(output(run, last)).toEqual([
				{
					json: { number: west, callAt: '2026-11-30T09:00:00-08:00' },
					pairedItem: expect.objectContaining({ item: 1 }) as unknown,
				},
			]);
			expect(ids(outputJson(run))).toEqual([idOf(good), idOf(better)]);
			const outputs = runOf(run).data?.main ?? [];
			expect(outputs).toHaveLength(last + ('onError' in settings && settings === apart ? 2 : 1));
			expect(outputs.flat()).toHaveLength(3);
		},
	);

	it('keeps what came in, and a callAt of its own is replaced', async () => {
		const item = { number: west, name: { first: 'A' }, list: [1, null], callAt: 'before' };
		const run = await execute(calling({}, [item]));
		expect(outputJson(run, 1)).toEqual([{ ...item, callAt: '2026-11-30T09:00:00-08:00' }]);
		expect(dialRequests()).toBe(0);
	});

	it('is called when the item comes back within the hours, with its key', async () => {
		const wanted = calling({ onceKey: '={{ $json.number }}' }, numbers(west));
		expect(outputJson(await execute(wanted), 1)).toHaveLength(1);
		setClock('2026-11-30T09:00:00-08:00');
		expect(outputJson(await execute(wanted))).toEqual([
			expect.objectContaining({ status: 'calling' }),
		]);
		expect(outputJson(await execute(wanted))).toEqual([{ alreadyCalled: true, onceKey: west }]);
		expect(rung(west)).toBe(1);
	});

	it('is shown in a dry run, with the time', async () => {
		const run = await execute(calling({ dryRun: true }));
		expect(outputJson(run)).toEqual([
			{ dryRun: true, request: expect.anything() as unknown },
			{
				dryRun: true,
				request: expect.objectContaining({ phoneNumber: west }) as unknown,
				outsideHours: true,
				callAt: '2026-11-30T09:00:00-08:00',
			},
			{ dryRun: true, request: expect.anything() as unknown },
		]);
		expect(outputJson(run, 1)).toEqual([]);
		expect(dialRequests()).toBe(0);
	});

	it.each(['', null, 'europe', '={{ "" }}', '={{ $json.nothing }}'])(
		'is not called at any time instead, where the hours are %j',
		async (callingHours) => {
			const run = await execute(calling({ callingHours }));
			expect(errorOf(run).message).toMatch(/^3 of 3 items .* Item 0: Calling Hours: It is /);
			expect(dialRequests()).toBe(0);
		},
	);

	it('is told in the workflow’s time where the zone is not known for sure', async () => {
		setClock('2026-11-30T03:00:00-05:00');
		const run = await execute(calling({ callingHours: 'unitedStates' }, numbers('+18005551234')));
		// Eight in the morning in Honolulu and in Guam the nextMorning before: n8n's own zone is New York.
		expect(outputJson(run, 1)).toEqual([
			{ number: '+18005551234', callAt: expect.stringMatching(/-05:00$/) as string },
		]);
	});

	it('is an error for all where there is no such time: nobody is called', async () => {
		const never = {
			callingHours: 'custom',
			callingWindows: { window: [{ days: ['mon'], from: '09:00', to: '11:00' }] },
		};
		const run = await execute(calling(never, numbers(good, '+18005551234')));
		expect(errorOf(run).message).toContain('Set Options > Time Zone.');
		expect(dialRequests()).toBe(0);
		const on = await execute(calling(never, numbers(good, '+18005551234'), { settings: going }));
		expect(outputJson(on).map(({ error }) => error === undefined)).toEqual([true, false]);
		expect(rung(good)).toBe(1);
	});
});

describe('closing time', () => {
	it.each(['create', 'createAndWait'])('stops a list that is under way: %s', async (operation) => {
		closeAfter(3);
		const list = Array.from(
			{ length: 40 },
			(_, index) => `+15145552${String(index).padStart(3, '0')}`,
		);
		const run = await execute(
			calling({ maxConcurrency: 1 }, numbers(...list), { operation, settings: going }),
		);
		expect(simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(list.slice(0, 3));
		expect(outputJson(run)).toHaveLength(3);
		expect(outputJson(run, 1)).toEqual(
			list.slice(3).map((number) => ({ number, callAt: nextMorning })),
		);
	});

	it('is looked at again after a wait for AlloMia', async () => {
		// Refused once, with a Retry-After.
		const busy = ending('0009');
		jest.spyOn(Date, 'now').mockImplementation(() => {
			if (dialRequests() > 0) shift = Math.max(shift, monday + 14 * 3_600_000 - realNow());
			return realNow() + shift;
		});
		const run = await execute(calling({ onceKey: '={{ $json.number }}' }, numbers(busy)));
		expect([dialRequests(), rung(busy)]).toEqual([1, 0]);
		expect(outputJson(run, 1)).toEqual([{ number: busy, callAt: nextMorning }]);
		jest.restoreAllMocks();
		setClock('2026-12-01T09:00:00-05:00');
		jest.spyOn(Date, 'now').mockImplementation(() => realNow() + shift);
		const next = await execute(calling({ onceKey: '={{ $json.number }}' }, numbers(busy)));
		expect(outputJson(next)).toEqual([expect.objectContaining({ status: 'calling' })]);
	});
});

describe('a retry after closing time', () => {
	it('gives out what was placed before, and calls nobody', async () => {
		closeAfter(2);
		simulator.fault({ kind: 'status', status: 403, match: { number: best } });
		const run = await execute(
			calling({ maxConcurrency: 3 }, numbers(good, better, best), {
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
			}),
		);
		expect(ids(outputJson(run))).toEqual([idOf(good), idOf(better)]);
		expect(outputJson(run, 1)).toEqual([{ number: best, callAt: nextMorning }]);
		expect(simulator.dials).toHaveLength(2);
	});

	it('of a process that was killed: who may have been called is named, not called the next day', async () => {
		// The answer is stalled: n8n is killed meanwhile.
		simulator.fault({ kind: 'timeout-after', match: { number: good } });
		// Those that were claimed when it was killed may have been called as well.
		const later = Array.from({ length: 20 }, (_, index) => `+14385552${index + 100}`);
		const wanted = calling({ maxConcurrency: 1, timeout: 2_000 }, numbers(good, ...later), {
			settings: going,
		});
		const killed = start(wanted);
		await Promise.race([killed.execution, new Promise((resolve) => setTimeout(resolve, 500))]);
		expect(rung(good)).toBe(1);
		setClock('2026-11-30T23:00:00-05:00');
		const again = await retry(wanted, killed.saved());
		expect(outputJson(again)[0]).toMatchObject({
			error: expect.stringContaining('interrupted') as string,
		});
		const outside = outputJson(again, 1);
		expect(outside).toContainEqual({ number: later.at(-1), callAt: nextMorning });
		expect(outputJson(again).length + outside.length).toBe(21);
		await killed.execution;
		expect([rung(good), rung(String(later.at(-1)))]).toEqual([1, 0]);
	});
});

describe('a loop from Outside Hours back to the node', () => {
	const looping = (items: IDataObject[]): Execution =>
		calling({ maxConcurrency: 1, timeout: 2_000 }, items, {
			settings: going,
			nodes: [node('Wait', 'test.pass')],
			connections: [
				['Start', 'AlloMia'],
				['AlloMia', 'Wait', 1],
				['Wait', 'AlloMia'],
			],
		});

	it('calls everybody once, each when their hours begin', async () => {
		jest.spyOn(Date, 'now').mockImplementation(() => {
			// Toronto's call lets three hours pass.
			if (rung(good) > 0) shift = Math.max(shift, monday + 3 * 3_600_000 - realNow());
			return realNow() + shift;
		});
		const run = await execute(looping(numbers(good, west)));
		expect(run.status).toBe('success');
		expect([rung(good), rung(west)]).toEqual([1, 1]);
	});

	it('calls nobody twice where n8n is killed in the second round and runs all again', async () => {
		simulator.fault({ kind: 'timeout-after', match: { number: west } });
		jest.spyOn(Date, 'now').mockImplementation(() => {
			if (rung(good) > 0) shift = Math.max(shift, monday + 3 * 3_600_000 - realNow());
			return realNow() + shift;
		});
		const wanted = looping(numbers(good, west));
		const killed = start(wanted);
		await Promise.race([killed.execution, new Promise((resolve) => setTimeout(resolve, 1_000))]);
		expect([rung(good), rung(west)]).toEqual([1, 1]);
		const again = await retry(wanted, killed.saved());
		await killed.execution;
		expect([rung(good), rung(west)]).toEqual([1, 1]);
		expect(outputJson(again).map(({ error }) => error)).toEqual([
			expect.stringContaining('interrupted'),
			expect.stringContaining('interrupted'),
		]);
	});
});
