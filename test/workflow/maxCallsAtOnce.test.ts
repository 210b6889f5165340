import { callingWith, numbers, rung, simulator, until } from './bench';
import { errorOf, execute, outputJson, start } from './engine';

const list = (count: number) =>
	Array.from({ length: count }, (_, index) => `+1514555${2001 + index}`);

const calling = callingWith({ maxInProgress: 2, pollInterval: 1 });

const going = { onError: 'continueRegularOutput' } as const;
const looks = () => simulator.requests.filter(({ path }) => path.endsWith('/status')).length;

describe('Max Calls at Once', () => {
	it.each(['create', 'createAndWait'])(
		'places the next call when one has ended: %s',
		async (operation) => {
			simulator.setPace(() => 100 + 400 * Math.random());
			const people = list(9);
			const run = await execute(calling({}, numbers(...people), { operation }));
			expect(run.status).toBe('success');
			expect(simulator.mostInProgress()).toBe(2);
			expect(simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(people);
			expect(outputJson(run)).toHaveLength(9);
			const status = operation === 'create' ? 'calling' : 'completed';
			expect(outputJson(run).every((it) => it.status === status)).toBe(true);
		},
	);

	it('does not ask again about calls that it knows to have ended', async () => {
		simulator.setPace(200);
		const run = await execute(
			calling({ maxInProgress: 1 }, numbers(...list(4)), { operation: 'createAndWait' }),
		);
		expect(outputJson(run).map(({ status }) => status)).toEqual(Array(4).fill('completed'));
		// One question each, a second after the call was placed.
		expect(looks()).toBe(4);
	});

	it('holds for a long list that is dispatched by many at a time', async () => {
		simulator.setPace(300);
		const people = list(60);
		const run = await execute(
			calling({ maxInProgress: 20, maxConcurrency: 100 }, numbers(...people)),
		);
		expect(run.status).toBe('success');
		expect([simulator.mostInProgress(), simulator.dials.length]).toEqual([20, 60]);
	});

	it('counts calls that may have been placed', async () => {
		simulator.fault({ kind: 'reset-after', match: { number: list(1)[0] } });
		simulator.setPace(60_000);
		const started = start(calling({}, numbers(...list(4)), { settings: going }));
		await until(() => simulator.dials.length === 2);
		await new Promise((resolve) => setTimeout(resolve, 1_500));
		expect(simulator.dials).toHaveLength(2);
		started.execution.cancel();
		await started.execution;
	});

	it('counts what an earlier attempt has placed', async () => {
		const [first, second, third] = list(3);
		simulator.setPace(3_000);
		simulator.fault({ kind: 'status', status: 403, match: { number: third }, times: 1 });
		const run = await execute(
			calling({ maxInProgress: 3 }, numbers(...list(5)), {
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
			}),
		);
		expect(run.status).toBe('success');
		expect(simulator.mostInProgress()).toBe(3);
		expect([rung(String(first)), rung(String(second)), simulator.dials.length]).toEqual([1, 1, 5]);
	});

	it('counts what an earlier attempt has placed for items further down', async () => {
		const people = list(6);
		simulator.setPace(2_500);
		const retryAfter = { 'retry-after': '60' };
		for (const number of people.slice(0, 2)) {
			simulator.fault({ kind: 'status', status: 503, headers: retryAfter, match: { number } });
		}
		const run = await execute(
			calling({}, numbers(...people), {
				settings: { ...going, retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
			}),
		);
		expect(run.status).toBe('success');
		expect([simulator.mostInProgress(), simulator.dials.length]).toEqual([2, 6]);
	});

	it('counts what an earlier attempt may have placed', async () => {
		const people = list(3);
		simulator.setPace(60_000);
		simulator.fault({ kind: 'reset-after', match: { number: people[0] } });
		const started = start(
			calling({}, numbers(...people), {
				settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
			}),
		);
		await new Promise((resolve) => setTimeout(resolve, 2_500));
		expect(simulator.mostInProgress()).toBeLessThanOrEqual(2);
		started.execution.cancel();
		await started.execution;
		expect(simulator.mostInProgress()).toBeLessThanOrEqual(2);
	});

	it('ends at once where the execution is stopped', async () => {
		simulator.setPace(60_000);
		const started = start(calling({ pollInterval: 3600 }, numbers(...list(9))));
		await until(() => simulator.dials.length === 2);
		await new Promise((resolve) => setTimeout(resolve, 200));
		const stopped = Date.now();
		started.execution.cancel();
		await started.execution;
		expect(Date.now() - stopped).toBeLessThan(1_000);
		expect(simulator.dials).toHaveLength(2);
	});

	it('goes on where a call is refused, and where AlloMia does not tell', async () => {
		simulator.setPace(200);
		const people = list(5);
		simulator.fault({ kind: 'status', status: 404, match: { number: people[1] } });
		simulator.fault({
			kind: 'status',
			status: 502,
			match: { path: '/outbound/*/status' },
			times: 2,
		});
		const run = await execute(calling({}, numbers(...people), { settings: going }));
		expect(outputJson(run).map(({ error }) => error === undefined)).toEqual([
			true,
			false,
			true,
			true,
			true,
		]);
		expect(simulator.mostInProgress()).toBe(2);
	});

	it('waits for calls of its own where AlloMia takes fewer at a time', async () => {
		simulator.setPace(1_500);
		simulator.setCapacity(1);
		const run = await execute(calling({ maxInProgress: 3 }, numbers(...list(3))));
		expect(run.status).toBe('success');
		expect([simulator.mostInProgress(), simulator.dials.length]).toEqual([1, 3]);
	});

	it('has nothing to wait for in a dry run', async () => {
		const run = await execute(calling({ dryRun: true }, numbers(...list(5))));
		expect(outputJson(run)).toHaveLength(5);
		expect(simulator.requests).toEqual([]);
	});

	it.each([
		[0, 'It is 0. Use a whole number from 1 to 1000.'],
		[1.5, 'It is 1.5. Use a whole number from 1 to 1000.'],
		['', 'It is empty. Use a whole number from 1 to 1000, or remove the option.'],
		['={{ $json.lines }}', 'It is empty. Use a whole number from 1 to 1000, or remove the option.'],
	])('is a whole number, never no limit by accident: %j', async (maxInProgress, message) => {
		const run = await execute(calling({ maxInProgress }, numbers(...list(3))));
		expect(errorOf(run).message).toBe(`Max Calls at Once: ${message}`);
		expect(simulator.dials).toEqual([]);
	});
});

describe('with calling hours', () => {
	afterEach(() => jest.restoreAllMocks());

	it('what waits for a call to end at closing time leaves by Outside Hours, at once', async () => {
		simulator.setPace(60_000);
		const realNow = Date.now;
		const open = Date.parse('2026-11-30T10:00:00-05:00') - realNow();
		let shift = open;
		jest.spyOn(Date, 'now').mockImplementation(() => realNow() + shift);
		const started = start(
			calling({ maxInProgress: 2, callingHours: 'canada' }, numbers(...list(5))),
		);
		await until(() => simulator.dials.length === 2);
		shift += 14 * 3_600_000;
		const run = await started.execution;
		expect(simulator.dials).toHaveLength(2);
		expect(outputJson(run)).toHaveLength(2);
		expect(outputJson(run, 1)).toEqual(
			list(5)
				.slice(2)
				.map((number) => ({ number, callAt: '2026-12-01T09:00:00-05:00' })),
		);
	});
});
