import { randomUUID } from 'node:crypto';
import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { call, credential, ending, numbers, rung, simulator, until } from './bench';
import { errorOf, execute, node, outputJson, retry, start } from './engine';
import { post } from '../webhooks';
import { begin } from './webhooks';

const [ada, bob, eve] = [ending('1001'), ending('1002'), ending('1003')];

/** Calls them, and waits for their outcomes. */
function callAndWait(parameters: INodeParameters = {}, ...people: string[]) {
	const items = numbers(...(people.length > 0 ? people : [ada, bob, eve]));
	return begin({
		parameters: call({ operation: 'createAndWait', ...parameters }),
		credential,
		items,
	});
}

const callTo = (number: string) => {
	const found = simulator.dials.find(({ body }) => body.phoneNumber === number);
	if (!found) throw new Error(`${number} was not called`);
	return found;
};

const end = async (number: string, status: 'completed' | 'busy' | 'failed' | 'no-answer') =>
	await simulator.endCall(callTo(number).outboundCallId, status);

describe('an execution that waits for its calls', () => {
	beforeEach(() => simulator.setPace(60_000));

	it('goes on with the last outcome, all of them in the order of the items', async () => {
		const begun = callAndWait();
		expect(await begun.parked).toBeInstanceOf(Date);
		await end(eve, 'busy');
		await end(ada, 'no-answer');
		await end(bob, 'completed');
		const run = await begun.end;
		expect(run.status).toBe('success');
		expect(outputJson(run).map(({ status }) => status)).toEqual(['no-answer', 'completed', 'busy']);
		expect([ada, bob, eve].map(rung)).toEqual([1, 1, 1]);
		expect(simulator.callbacks.map(({ status, responseBody }) => [status, responseBody])).toEqual(
			Array(3).fill([200, '{"received":true}']),
		);
	});

	it('gives each outcome an output of its own', async () => {
		const begun = callAndWait({ options: { outputPerStatus: true } });
		await begun.parked;
		await end(ada, 'busy');
		await end(bob, 'completed');
		await end(eve, 'failed');
		const run = await begun.end;
		const outputs = [0, 1, 2, 3, 4].map((index) => outputJson(run, index));
		expect(outputs.map((items) => items.map(({ status }) => status))).toEqual([
			['completed'],
			[],
			['busy'],
			['failed'],
			[],
		]);
	});

	describe('and is killed in a later node, and run again with the workflow as it is now', () => {
		const again = async (options: IDataObject, now: INodeParameters) => {
			const begun = callAndWait({
				options: options as INodeParameters,
				maxWait: 0.05,
				maxWaitUnit: 'minutes',
			});
			await begun.parked;
			await end(bob, 'busy');
			await end(eve, 'completed');
			const run = await begun.end;
			const parameters = call({ operation: 'createAndWait', ...now });
			// Of an outcome there is nothing to call.
			const retried = await retry({ parameters, credential }, begun.saved());
			expect(retried.status).toBe('success');
			expect(simulator.dials).toHaveLength(3);
			return [run, retried].map((it) => [0, 1, 2, 3, 4].map((index) => outputJson(it, index)));
		};
		const metadata = { entry: [{ name: 'who', value: '={{ $json.number }}' }] };
		const perStatus = { outputPerStatus: true };

		it.each([{ metadata }, { metadata, ...perStatus }])(
			'hands on the same outcomes, and calls nobody: %j',
			async (options) => {
				const [before, after] = await again(options, { options });
				expect(before?.flat()).toHaveLength(3);
				expect(after).toEqual(before);
			},
		);

		it('hands them on though an expression asks for what n8n tells no more', async () => {
			const entry = [{ name: 'who', value: "={{ $('Start').item.json.number }}" }];
			const options = { metadata: { entry }, ...perStatus };
			const [before, after] = await again(options, { options });
			expect(before?.flat()).toHaveLength(3);
			expect(after).toEqual(before);
		});

		it.each<[IDataObject, INodeParameters, string[][]]>([
			[perStatus, {}, [['calling', 'busy', 'completed'], [], [], [], []]],
			[{}, perStatus, [['completed'], [], ['busy'], [], ['calling']]],
		])(
			'hands them on by the outputs that there are now: %j, then %j',
			async (options, now, wanted) => {
				const [, after] = await again(options, { options: now });
				expect(after?.map((items) => items.map(({ status }) => status))).toEqual(wanted);
			},
		);

		it('calls nobody where the operation is another one by now', async () => {
			const [before, after] = await again({}, { operation: 'create' });
			expect(after).toEqual(before);
		});
	});

	it('finds by itself what no callback has told', async () => {
		simulator.setCallbacks({ copies: 0 });
		const begun = callAndWait();
		await begun.parked;
		await Promise.all([ada, bob, eve].map(async (it) => await end(it, 'busy')));
		expect(outputJson(await begun.end).map(({ status }) => status)).toEqual(Array(3).fill('busy'));
		expect(simulator.callbacks).toEqual([]);
	});

	it('goes on at the limit, with what is known by then', async () => {
		const begun = callAndWait({ maxWait: 0.05, maxWaitUnit: 'minutes' });
		await begun.parked;
		await end(bob, 'busy');
		const run = await begun.end;
		expect(outputJson(run).map(({ status, timedOut }) => [status, timedOut])).toEqual([
			['calling', true],
			['busy', undefined],
			['calling', true],
		]);
	});

	it.each([false, true])(
		'is let go on by n8n, a minute after the limit, and asks AlloMia then (outputs: %s)',
		async (outputPerStatus) => {
			const begun = callAndWait({ options: { outputPerStatus } });
			const limit = (await begun.parked)?.getTime() ?? 0;
			expect(Math.round((limit - Date.now()) / 60_000)).toBe(61);
			simulator.setCallbacks({ copies: 0 });
			await end(bob, 'busy');
			const now = Date.now.bind(Date);
			jest.spyOn(Date, 'now').mockImplementation(() => now() + 61 * 60_000);
			begun.goOn();
			const run = await begun.end.finally(() => jest.restoreAllMocks());
			const runs = run.data.resultData.runData.AlloMia ?? [];
			expect(runs).toHaveLength(1);
			const found = (runs[0]?.data?.main ?? []).map((items) =>
				(items ?? []).map(({ json, pairedItem }) => [json.status, json.timedOut, pairedItem]),
			);
			const open = [0, 2].map((item) => ['calling', true, { item }]);
			const ended = ['busy', undefined, { item: 1 }];
			expect(found).toEqual(
				outputPerStatus ? [[], [], [ended], [], open] : [[open[0], ended, open[1]]],
			);
		},
	);

	it('goes on waiting where n8n lets it go on too early', async () => {
		const begun = callAndWait();
		await begun.parked;
		begun.goOn();
		await until(begun.isParked);
		await end(bob, 'busy');
		await end(ada, 'no-answer');
		await end(eve, 'completed');
		const run = await begun.end;
		expect(outputJson(run).map(({ status }) => status)).toEqual(['no-answer', 'busy', 'completed']);
		expect(run.data.resultData.runData.AlloMia).toHaveLength(1);
		expect([ada, bob, eve].map(rung)).toEqual([1, 1, 1]);
	});

	it('takes a callback once, only with its own address, and only of its own calls', async () => {
		const begun = callAndWait();
		await begun.parked;
		const url = callTo(ada).body.callbackUrl ?? '';
		const about = (number: string, status = 'busy') => ({
			outboundCallId: callTo(number).outboundCallId,
			contactId: 'contact',
			status,
		});
		const [unsigned] = url.split('&alloMiaContext');
		const unverified = { status: 401, body: { error: expect.any(String) as string } };
		expect(await post(url, about(bob))).toEqual(unverified);
		expect(await post(url, { ...about(ada), outboundCallId: randomUUID() })).toEqual(unverified);
		expect(await post(url, '"nonsense"')).toMatchObject({ status: 400 });
		expect(await post(url, about(ada, 'calling'))).toEqual({
			status: 200,
			body: { received: true, ignored: 'status' },
		});
		// Nobody's signature, and AlloMia says that the call goes on.
		expect(await post(unsigned ?? '', about(ada))).toMatchObject({ status: 503 });
		expect(await post(url, about(ada))).toEqual({ status: 200, body: { received: true } });
		expect(await post(url, about(ada))).toEqual({
			status: 200,
			body: { received: true, ignored: 'duplicate' },
		});
		await end(bob, 'completed');
		await end(eve, 'completed');
		expect(outputJson(await begun.end).map(({ status }) => status)).toEqual([
			'busy',
			'completed',
			'completed',
		]);
	});
});

it('is not parked where all calls have ended meanwhile', async () => {
	simulator.setPace(0);
	const begun = callAndWait({}, ending('0002'));
	expect(await begun.parked).toBeUndefined();
	expect(outputJson(await begun.end)).toMatchObject([{ status: 'busy' }]);
});

describe('waiting by polling', () => {
	const polling = { waitFor: 'polling', options: { pollInterval: 1 } };

	it('gives AlloMia no address, parks nothing, and ends with the last call', async () => {
		simulator.setPace(60_000);
		const begun = callAndWait(polling);
		await until(() => simulator.dials.length === 3);
		await Promise.all([ada, bob, eve].map(async (it) => await end(it, 'no-answer')));
		expect(await begun.parked).toBeUndefined();
		const items = outputJson(await begun.end);
		expect(items.map(({ status }) => status)).toEqual(Array(3).fill('no-answer'));
		expect(simulator.dials.filter(({ body }) => body.callbackUrl)).toEqual([]);
	});

	it('does not mind an address of n8n that AlloMia cannot use', async () => {
		const run = await execute({
			parameters: call({ operation: 'createAndWait', ...polling }),
			credential,
			items: numbers(ending('0002')),
			publicUrl: 'http://127.0.0.1:9',
		});
		expect(outputJson(run)).toMatchObject([{ status: 'busy' }]);
	});
});

describe.each(['callback', 'polling'])('waiting by %s', (waitFor) => {
	const options = waitFor === 'polling' ? { pollInterval: 1 } : {};
	const waiting = (items: IDataObject[], more: IDataObject = {}, settings: Partial<INode> = {}) =>
		begin({
			parameters: call({
				operation: 'createAndWait',
				waitFor,
				options: { ...options, ...more } as INodeParameters,
			}),
			credential,
			items,
			settings,
		});

	it('calls nobody in a dry run, and waits for nobody', async () => {
		const run = await waiting(numbers(ada), { dryRun: true }).end;
		expect(outputJson(run)).toMatchObject([{ dryRun: true, request: { phoneNumber: ada } }]);
		expect(simulator.requests).toEqual([]);
	});

	it('waits for those that are called where others are not', async () => {
		const items = [
			{ number: ada, dry: true },
			{ number: ending('0002'), dry: false },
		];
		const run = await waiting(items, { dryRun: '={{ $json.dry }}' }).end;
		expect(outputJson(run)).toMatchObject([{ dryRun: true }, { status: 'busy' }]);
	});

	it('hands on a dry run by an output of its own, never as completed', async () => {
		const items = [
			{ number: ada, dry: true },
			{ number: ending('0002'), dry: false },
		];
		const options = { outputPerStatus: true, callingHours: 'custom', dryRun: '={{ $json.dry }}' };
		const always = {
			window: [
				{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], from: '00:00', to: '24:00' },
			],
		};
		const run = await waiting(items, { ...options, callingWindows: always }).end;
		const outputs = run.data.resultData.runData.AlloMia?.at(-1)?.data?.main ?? [];
		expect(outputs.map((output) => output?.map(({ json }) => json))).toEqual([
			[],
			[],
			[expect.objectContaining({ status: 'busy' })],
			[],
			[],
			[],
			[expect.objectContaining({ dryRun: true })],
		]);
	});

	it('waits for those that are called where AlloMia refuses others, and gives back their metadata', async () => {
		const run = await waiting(
			numbers(ending('0006'), ending('0002'), ending('0016')),
			{ metadata: { entry: [{ name: 'who', value: '={{ $json.number }}' }] } },
			{ onError: 'continueRegularOutput' },
		).end;
		expect(outputJson(run)).toMatchObject([
			{
				error: 'Organization is inactive',
				message: expect.stringContaining('Nobody was called') as string,
			},
			{ status: 'busy', metadata: { who: ending('0002') } },
			{ message: expect.stringContaining('may have been placed') as string },
		]);
	});

	it('stops at what AlloMia refuses where it is set to, and waits for nobody', async () => {
		const begun = waiting(numbers(ending('0006'), ending('0002')), { maxConcurrency: 1 });
		expect(await begun.parked).toBeUndefined();
		expect(errorOf(await begun.end).message).toBe('Organization is inactive');
	});

	it('waits anew for those of another branch, though n8n has both at hand by then', async () => {
		const run = await begin({
			parameters: call({
				operation: 'createAndWait',
				waitFor,
				options: options as INodeParameters,
			}),
			credential,
			items: numbers(ending('0002')),
			nodes: [node('Other', 'test.pass')],
			connections: [
				['Start', 'AlloMia'],
				['Start', 'Other'],
				['Other', 'AlloMia'],
			],
		}).end;
		expect(run.status).toBe('success');
		expect(rung(ending('0002'))).toBe(2);
		expect([0, 1].map((branch) => outputJson(run, 0, branch)[0])).toMatchObject([
			{ outboundCallId: simulator.dials[0]?.outboundCallId, status: 'busy' },
			{ outboundCallId: simulator.dials[1]?.outboundCallId, status: 'busy' },
		]);
	});

	it('with Retry On Fail calls nobody twice for a bad item that comes first', async () => {
		const items = numbers('nonsense', ending('0002'), ending('0003'));
		const run = await waiting(
			items,
			{},
			{ onError: 'continueRegularOutput', retryOnFail: true, maxTries: 3, waitBetweenTries: 1 },
		).end;
		expect(outputJson(run)).toMatchObject([
			{ error: expect.stringContaining('Phone Number') as string },
			{ status: 'busy' },
			{ status: 'no-answer' },
		]);
		expect(simulator.dials).toHaveLength(2);
	});

	it('says what makes it wait for nobody at all, on the output for what failed', async () => {
		const on = async (more: IDataObject) =>
			await waiting(
				numbers(ada),
				{ timeout: 'many', ...more },
				{ onError: 'continueRegularOutput' },
			).end;
		const error = { error: expect.stringContaining('Timeout') as string };
		expect(outputJson(await on({}))).toMatchObject([error]);
		const run = await on({ outputPerStatus: true });
		expect([0, 1, 2, 3].map((index) => outputJson(run, index))).toMatchObject([
			[],
			[],
			[],
			[error],
		]);
		const lost = "={{ $('Nobody').item.json.it }}";
		const unread = { error: expect.stringMatching(/node.* exist/) as string };
		expect(outputJson(await on({ timeout: lost }))).toMatchObject([unread]);
		const perStatus = await on({ timeout: lost, outputPerStatus: true });
		expect(outputJson(perStatus, 3)).toMatchObject([unread]);
		expect(outputJson(await on({ outputPerStatus: lost }))).toMatchObject([unread]);
		expect(simulator.requests).toEqual([]);
	});

	it('gives out nothing where it was stopped while it called', async () => {
		simulator.fault({ kind: 'slow', delayMs: 300 });
		const { execution } = start({
			parameters: call({
				operation: 'createAndWait',
				waitFor,
				options: { ...options, maxConcurrency: 1 },
			}),
			credential,
			items: numbers(ada, bob),
		});
		await until(() => simulator.dials.length === 1);
		execution.cancel();
		const run = await execution;
		expect(run.status).not.toBe('success');
		expect(run.waitTill).toBeFalsy();
		expect(rung(bob)).toBe(0);
	});
});

it('looks again for those that go on where the first items have no call, or have ended', async () => {
	simulator.setPace(60_000);
	simulator.setCallbacks({ copies: 0 });
	const { end: ended, parked } = begin({
		parameters: call({ operation: 'createAndWait' }),
		credential,
		items: numbers('nonsense', ada, bob),
		settings: { onError: 'continueRegularOutput' },
	});
	await parked;
	await end(ada, 'busy');
	await end(bob, 'busy');
	expect(outputJson(await ended).map(({ status }) => status)).toEqual([undefined, 'busy', 'busy']);
});
