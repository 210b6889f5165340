import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
	activate,
	createCredential,
	createWorkflow,
	listExecutions,
	outputsOf,
	readExecution,
	stopExecution,
	until,
	waitForEnd,
	type CredentialReference,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia, branches, connect, node, noOp } from './support/nodes';
import { describeMetadata, describeOneBadItem, describeOneBadItemPerStatus } from '../badItems';
import { inN8n } from './support/badItems';
import { event, manualWorkflow, runByHand } from './support/triggers';
import { post } from '../webhooks';
import {
	dialOf,
	jitter,
	lookUps,
	outcomesOf,
	parked,
	people,
	phones,
	waitingWorkflow,
} from './support/waiting';
import { isSince, since } from './support/version';

const bench = useBench();

beforeEach(() => {
	bench.simulator.setPace(300);
});

const retrying = {
	onError: 'continueRegularOutput',
	retryOnFail: true,
	maxTries: 3,
	waitBetweenTries: 10,
} as const;

const waiting = async (parameters?: Record<string, unknown>, extras?: Partial<WorkflowNode>) =>
	await waitingWorkflow(bench, parameters, extras);

describe('createAndWait', () => {
	it('goes on with every outcome, in order, with metadata, each tied to its item', async () => {
		const workflow = await waiting({
			options: { metadata: { entry: [{ name: 'phone', value: '={{ $json.phone }}' }] } },
		});
		const execution = await workflow.run(phones('1000', '0001', '0002', '0003'));
		expect(execution.status).toBe('success');
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items.map(({ status }) => status)).toEqual(['completed', 'failed', 'busy', 'no-answer']);
		expect(items.map(({ metadata }) => metadata)).toEqual(phones('1000', '0001', '0002', '0003'));
		expect(items[0]).toEqual({
			outboundCallId: expect.any(String) as string,
			contactId: expect.any(String) as string,
			status: 'completed',
			callDetails: expect.objectContaining({ endedReason: 'customer-ended-call' }) as object,
			metadata: { phone: '+15145551000' },
		});
		const run = execution.data.resultData.runData.AlloMia?.[0]?.data?.main?.[0];
		expect(run?.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3].map((item) => ({ item })),
		);
		expect(outputsOf(execution, 'After')[0]).toEqual(items);
		expect(bench.simulator.dials).toHaveLength(4);
	});

	since('2.39.0').it('gives each outcome an output of its own', async () => {
		const workflow = await waiting({ options: { outputPerStatus: true } });
		const execution = await workflow.run(phones('1000', '0001', '0002', '0003'));
		const outputs = outputsOf(execution, 'AlloMia').map((items) => items.map((it) => it.status));
		expect(outputs.slice(0, 4)).toEqual([['completed'], ['no-answer'], ['busy'], ['failed']]);
		expect(outputs[4] ?? []).toEqual([]);
	});

	if (!isSince('2.39.0')) {
		it('calls nobody where n8n would give all outcomes to the first output', async () => {
			const workflow = await waitingWorkflow(bench, {
				waitFor: 'callback',
				options: { outputPerStatus: true },
			});
			const { error } = (await workflow.run(phones('1000'))).data.resultData;
			expect(error?.message).toContain('need n8n 2.39 or newer');
			expect(error?.description).toMatch(/Nobody was called.*Polling/);
			expect(bench.simulator.requests).toHaveLength(0);
		});
	}

	it('marks the calls that have not ended in time, and only those', async () => {
		const workflow = await waiting({ maxWait: 0.1, maxWaitUnit: 'minutes' });
		const execution = await workflow.run(phones('1000', '0004'));
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items[0]).toMatchObject({ status: 'completed' });
		expect(items[0]).not.toHaveProperty('timedOut');
		expect(items[1]).toMatchObject({ status: 'calling', timedOut: true });
		expect(items[1]?.outboundCallId).toBe(dialOf(bench, '+15145550004').outboundCallId);
	});

	it.each([
		['was changed', 'PATCH'],
		['was deleted', 'DELETE'],
	])('keeps what callbacks told where the credential %s meanwhile', async (_how, method) => {
		bench.simulator.setPace(60_000);
		const { session } = bench.n8n;
		const { baseUrl, keys } = bench.simulator;
		const credential = await createCredential(session, { apiKey: keys.organization, baseUrl });
		const workflow = await waiting(
			{ maxWait: 0.15, maxWaitUnit: 'minutes' },
			{ credentials: { alloMiaApi: credential } },
		);
		const id = await workflow.begin(phones('1000', '1001', '1002'));
		await parked(bench, id);
		for (const number of ['+15145551000', '+15145551002']) {
			await bench.simulator.endCall(dialOf(bench, number).outboundCallId, 'busy');
		}
		expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200, 200]);
		await session.call(method, `/rest/credentials/${credential.id}`, {
			name: credential.name,
			type: 'alloMiaApi',
			data: { apiKey: 'another-key', baseUrl },
		});
		const execution = await waitForEnd(session, id, 60_000);
		expect(outcomesOf(execution)).toEqual(['busy', 'calling', 'busy']);
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items.map(({ timedOut }) => timedOut)).toEqual([undefined, true, undefined]);
	});

	it('learns at the limit what became of the calls, though AlloMia fails once for each', async () => {
		bench.simulator.setPace(7_000);
		bench.simulator.setCallbacks({ copies: 0 });
		const workflow = await waiting({ maxWait: 0.15, maxWaitUnit: 'minutes' });
		const id = await workflow.begin(phones('1000', '0002', '0003'));
		await parked(bench, id);
		// After the third look, and before the one at the limit.
		await until('the calls to end', () => bench.simulator.dials.every(({ endedAt }) => endedAt));
		bench.simulator.fault({ kind: 'status', status: 500, times: 3, match: { method: 'GET' } });
		const execution = await waitForEnd(bench.n8n.session, id, 60_000);
		expect(outcomesOf(execution)).toEqual(['completed', 'busy', 'no-answer']);
	});

	it('learns at the limit what became of a long list, though AlloMia is slow and no callback came', async () => {
		bench.simulator.setPace(5_000);
		bench.simulator.setCallbacks({ copies: 0 });
		const workflow = await waiting({ maxWait: 0.2, maxWaitUnit: 'minutes' });
		// The first never ends, and all are more than can be asked about in one look.
		const id = await workflow.begin([...phones('0004'), ...people(600)]);
		await parked(bench, id);
		bench.simulator.fault({ kind: 'slow', delayMs: 400, times: 5_000, match: { method: 'GET' } });
		const execution = await waitForEnd(bench.n8n.session, id, 90_000);
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items).toHaveLength(601);
		expect(items.flatMap(({ timedOut }, index) => (timedOut === true ? [index] : []))).toEqual([0]);
	});

	since('2.39.0').it('sends calls that have not ended in time to their own output', async () => {
		const workflow = await waiting({
			maxWait: 0.1,
			maxWaitUnit: 'minutes',
			options: { outputPerStatus: true },
		});
		const execution = await workflow.run(phones('0002', '0004'));
		const outputs = outputsOf(execution, 'AlloMia').map((items) => items.map((it) => it.status));
		expect(outputs).toEqual([[], [], ['busy'], [], ['calling']]);
	});

	it('believes nobody but AlloMia, and goes on once', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const id = await workflow.begin(phones('1000', '1001'));
		await parked(bench, id);
		const [first, second] = [dialOf(bench, '+15145551000'), dialOf(bench, '+15145551001')];
		const url = first.body.callbackUrl ?? '';
		const forged = event('completed', first.outboundCallId);
		const unsigned = url.replace(/&alloMia.*/, '');
		expect((await post(unsigned, forged)).status).toBe(503);
		expect((await post(unsigned, event())).status).toBe(401);
		// The node's own looks meet it too, so it lasts until it is taken away.
		bench.simulator.fault({ kind: 'status', status: 500, times: 100, match: { method: 'GET' } });
		expect((await post(unsigned, forged)).status).toBe(503);
		bench.simulator.clearFaults();
		expect(await post(url, JSON.stringify(forged), 'text/plain')).toMatchObject({
			status: 400,
			body: { error: 'Invalid callback', details: [{ field: 'content-type' }] },
		});
		expect((await post(url, event('completed', second.outboundCallId))).status).toBe(401);
		expect((await post(url, { status: 'completed' })).status).toBe(400);
		expect((await post(url, { ...forged, status: 'calling' })).body).toEqual({
			received: true,
			ignored: 'status',
		});
		expect((await readExecution(bench.n8n.session, id)).status).toBe('waiting');

		expect((await post(url, forged)).body).toEqual({ received: true });
		expect((await post(url, forged)).body).toEqual({ received: true, ignored: 'duplicate' });
		await bench.simulator.endCall(first.outboundCallId, 'completed');
		await bench.simulator.endCall(second.outboundCallId, 'failed');
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outputsOf(execution, 'AlloMia')[0]?.map(({ status }) => status)).toEqual([
			'completed',
			'failed',
		]);
	});

	// Those of an instant may keep n8n busy for more than a second, after which it asks; looks add a few.
	it.each([
		{
			when: 'at the same instant, and asks about each call once at most',
			every: 0,
			mostAsked: 105,
		},
		{ when: 'one after the other, and hardly asks', every: 100, mostAsked: 20 },
	])('takes a hundred callbacks that come $when', async ({ every, mostAsked }) => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const count = 100;
		const id = await workflow.begin(people(count));
		await parked(bench, id);
		const before = lookUps(bench);
		await Promise.all(
			bench.simulator.dials.map(async ({ outboundCallId }, index) => {
				await delay(index * every);
				await bench.simulator.endCall(outboundCallId, index % 2 === 0 ? 'completed' : 'busy');
			}),
		);
		const execution = await waitForEnd(bench.n8n.session, id);
		const outcomes = new Map(
			bench.simulator.callbacks.map(({ outboundCallId, body }) => [outboundCallId, body.status]),
		);
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items).toHaveLength(count);
		for (const { outboundCallId, status } of items) {
			expect(status).toBe(outcomes.get(String(outboundCallId)));
		}
		expect(execution.data.resultData.runData.After).toHaveLength(1);
		expect(lookUps(bench) - before).toBeLessThanOrEqual(mostAsked);
	});

	it('counts every outcome once though callbacks come twice, late, early, never or out of order', async () => {
		bench.simulator.setPace(500);
		// By the number: twice; late; never; before the dial is answered. And each copy at random.
		bench.simulator.setCallbacks({ delayMs: jitter(1_500) });
		const workflow = await waiting({
			options: { metadata: { entry: [{ name: 'phone', value: '={{ $json.phone }}' }] } },
		});
		const items = phones('0021', '0022', '0023', '0024', '0001', '0002', '0003', '1000');
		const execution = await workflow.run(items);
		const [outcomes = []] = outputsOf(execution, 'AlloMia');
		expect(outcomes.map(({ status, metadata }) => [status, metadata])).toEqual(
			[
				'completed',
				'completed',
				'completed',
				'completed',
				'failed',
				'busy',
				'no-answer',
				'completed',
			].map((status, index) => [status, items[index]]),
		);
		expect(outcomes.some((it) => 'timedOut' in it)).toBe(false);
		expect(execution.data.resultData.runData.After).toHaveLength(1);
		expect(bench.simulator.dials).toHaveLength(items.length);
	});

	it('takes the outcomes in whatever order they come', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const id = await workflow.begin(phones('1000', '1001', '1002'));
		await parked(bench, id);
		const statuses = {
			'+15145551002': 'busy',
			'+15145551000': 'failed',
			'+15145551001': 'completed',
		};
		for (const [phone, status] of Object.entries(statuses)) {
			expect((await readExecution(bench.n8n.session, id)).status).toBe('waiting');
			await bench.simulator.endCall(dialOf(bench, phone).outboundCallId, status as 'busy');
		}
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outcomesOf(execution)).toEqual(['failed', 'completed', 'busy']);
	});

	it('works in a manual run of the editor', async () => {
		const unpublished = false;
		const workflow = await manualWorkflow(
			bench,
			[alloMia(bench.credential, { operation: 'createAndWait' })],
			unpublished,
		);
		const execution = await runByHand(bench, workflow);
		expect(outcomesOf(execution)).toEqual(['completed']);
	});

	it('waits once, and keeps every outcome, where the first item is bad and Retry On Fail is on', async () => {
		const workflow = await waiting({}, retrying);
		const execution = await workflow.run([{ phone: 'nobody' }, ...phones('1000', '0002')]);
		expect(outputsOf(execution, 'AlloMia')[0]).toMatchObject([
			{ error: expect.stringContaining('Phone Number') as string },
			{ status: 'completed' },
			{ status: 'busy' },
		]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it('answers whoever started the workflow by a webhook that responds with the last node', async () => {
		const path = randomUUID();
		const { id } = await createWorkflow(bench.n8n.session, {
			name: path,
			nodes: [
				node(
					'n8n-nodes-base.webhook',
					2,
					'Webhook',
					{ httpMethod: 'POST', path, responseMode: 'lastNode', options: {} },
					{ webhookId: path },
				),
				alloMia(bench.credential, { operation: 'createAndWait', phoneNumber: '+15145551000' }),
			],
			connections: connect('Webhook', 'AlloMia'),
		});
		await activate(bench.n8n.session, id);
		expect((await post(`${bench.n8n.baseUrl}/webhook/${path}`, {})).status).toBe(200);
		const [execution] = await listExecutions(bench.n8n.session, id);
		expect(outcomesOf(await waitForEnd(bench.n8n.session, execution?.id ?? ''))).toEqual([
			'completed',
		]);
		expect(bench.simulator.dials).toHaveLength(1);
	});

	since('2.39.0').describe('with an output for each status', () => {
		/** Whom each outcome is of, as the next node looks it up; undefined where n8n does not know. */
		async function whose(extras: Partial<WorkflowNode>, ...endings: string[]) {
			const value = "={{ $('Items').item.json.phone }}";
			const assignments = [{ id: '1', name: 'who', type: 'string', value }];
			const outputs = Array.from({ length: 6 }, () => [{ node: 'Whose', type: 'main', index: 0 }]);
			const workflow = await activeWorkflow(
				bench,
				[
					alloMia(
						bench.credential,
						{
							operation: 'createAndWait',
							phoneNumber: '={{ $json.phone }}',
							options: { outputPerStatus: true },
						},
						extras,
					),
					node(
						'n8n-nodes-base.set',
						3.4,
						'Whose',
						{ assignments: { assignments }, includeOtherFields: true, options: {} },
						going,
					),
				],
				{ AlloMia: { main: outputs } },
			);
			const execution = await workflow.run(phones(...endings));
			expect(execution.status).toBe('success');
			const runs = execution.data.resultData.runData.Whose ?? [];
			const found = runs.flatMap((_, run) => outputsOf(execution, 'Whose', run)[0] ?? []);
			const dialled = new Map(
				bench.simulator.dials.map((it) => [it.outboundCallId, it.body.phoneNumber]),
			);
			return found.map(({ who, outboundCallId, status, error }) => ({
				status: status ?? error,
				isRight: who === null ? undefined : who === dialled.get(String(outboundCallId)),
			}));
		}

		const going = { onError: 'continueRegularOutput' } as const;

		it('ties the outcome to the item of a run of one', async () => {
			expect(await whose({}, '0002')).toEqual([{ status: 'busy', isRight: true }]);
		});

		it('ties no outcome to another person’s item', async () => {
			const found = await whose({}, '0002', '1000', '0003');
			expect(found).toHaveLength(3);
			expect(found.filter(({ isRight }) => isRight === false)).toEqual([]);
		});

		it('loses none beside a bad item, with an output for errors', async () => {
			const found = await whose(
				{ onError: 'continueErrorOutput' },
				'0002',
				'nobody',
				'1000',
				'0003',
			);
			const statuses = found.map(({ status }) => status).sort();
			expect(statuses).toEqual([
				expect.stringContaining('Phone Number'),
				'busy',
				'completed',
				'no-answer',
			]);
		});
	});

	since('2.0.0').describe('in a sub-workflow', () => {
		/** A sub-workflow that calls, and what runs it. */
		async function subWorkflow(parameters: Record<string, unknown>, mode: 'once' | 'each') {
			const call = alloMia(bench.credential, {
				operation: 'createAndWait',
				phoneNumber: '={{ $json.phone }}',
				...parameters,
			});
			return await runs([call], mode);
		}

		/** What runs a sub-workflow of these nodes. */
		async function runs(nodes: [WorkflowNode, ...WorkflowNode[]], mode: 'once' | 'each') {
			const start = node('n8n-nodes-base.executeWorkflowTrigger', 1.1, 'Called', {
				inputSource: 'passthrough',
			});
			const child = await createWorkflow(bench.n8n.session, {
				name: 'call somebody',
				nodes: [start, ...nodes],
				connections: Object.fromEntries(
					[start, ...nodes].flatMap(({ name }, index) =>
						Object.entries(nodes[index] ? connect(name, nodes[index].name) : {}),
					),
				),
			});
			await activate(bench.n8n.session, child.id);
			return node('n8n-nodes-base.executeWorkflow', 1.2, 'Sub-workflow', {
				workflowId: { __rl: true, mode: 'id', value: child.id },
				mode,
				options: {},
			});
		}

		it.each([
			['once with all items', {}, 'once'],
			['once for each item, by polling', { waitFor: 'polling' }, 'each'],
		] as const)('brings its outcomes to the workflow that runs it %s', async (_, wait, mode) => {
			const parent = await activeWorkflow(bench, [await subWorkflow(wait, mode)]);
			const execution = await parent.run(phones('1000', '0002'));
			expect(execution.status).toBe('success');
			expect(outputsOf(execution, 'Sub-workflow')[0]?.map(({ status }) => status)).toEqual([
				'completed',
				'busy',
			]);
			expect(bench.simulator.dials).toHaveLength(2);
		});

		it.each([
			['', false, 1],
			[', also after a wait', true, 1],
			[', also after a wait two levels down', true, 2],
		])(
			'calls the test number, where the editor runs the one that runs it%s',
			async (_, waits, levels) => {
				const own = '+15145551999';
				const options = { testNumber: own, pollInterval: 1 };
				const call = alloMia(bench.credential, { phoneNumber: '+15145551000', options });
				const wait = {
					...alloMia(bench.credential, {
						operation: 'createAndWait',
						phoneNumber: '+15145551001',
						waitFor: 'callback',
					}),
					name: 'Wait',
				};
				let sub = await runs(waits ? [wait, call] : [call], 'once');
				for (let level = 1; level < levels; level += 1) sub = await runs([sub], 'once');
				const id = await manualWorkflow(bench, [sub], false);
				expect((await runByHand(bench, id)).status).toBe('success');
				expect(bench.simulator.dials.at(-1)?.body.phoneNumber).toBe(own);
				const published = await activeWorkflow(bench, [sub]);
				expect((await published.run([{}])).status).toBe('success');
				expect(bench.simulator.dials.at(-1)?.body.phoneNumber).toBe('+15145551000');
				expect(bench.simulator.dials).toHaveLength(waits ? 4 : 2);
			},
		);

		it('calls those of all outputs of a node, where a Merge node joins them before', async () => {
			const merge = node('n8n-nodes-base.merge', 3, 'All', {});
			const sub = await subWorkflow({}, 'once');
			const { node: switching } = branches(2);
			const parent = await activeWorkflow(bench, [switching, merge, sub], {
				Branches: { main: [0, 1].map((index) => [{ node: 'All', type: 'main', index }]) },
				...connect('All', 'Sub-workflow'),
			});
			const items = phones('1000', '0002').map((it, output) => ({ ...it, output }));
			const execution = await parent.run(items);
			expect(outputsOf(execution, 'Sub-workflow')[0]?.map(({ status }) => status)).toEqual([
				'completed',
				'busy',
			]);
			expect(bench.simulator.dials).toHaveLength(2);
		});

		it('brings its outcomes to a loop that runs it for each item', async () => {
			const loop = node('n8n-nodes-base.splitInBatches', 3, 'Loop', { batchSize: 1, options: {} });
			const to = (name: string) => [{ node: name, type: 'main', index: 0 }];
			const parent = await activeWorkflow(
				bench,
				[loop, await subWorkflow({}, 'each'), noOp('All')],
				{
					Loop: { main: [to('All'), to('Sub-workflow')] },
					'Sub-workflow': { main: [to('Loop')] },
				},
			);
			const execution = await parent.run(phones('1000', '0002', '0003'));
			expect(outputsOf(execution, 'All')[0]?.map(({ status }) => status)).toEqual([
				'completed',
				'busy',
				'no-answer',
			]);
			expect(bench.simulator.dials).toHaveLength(3);
		});
	});

	describe('where AlloMia cannot reach this n8n', () => {
		let unreachable: CredentialReference;

		beforeAll(async () => {
			// AlloMia is on the internet, and the address that this n8n hands out is not.
			unreachable = await createCredential(bench.n8n.session, {
				name: 'Real AlloMia',
				apiKey: 'none',
				baseUrl: 'https://allomia.example.com/api',
			});
		});

		const run = async (parameters: Record<string, unknown>, extras: Partial<WorkflowNode> = {}) =>
			await (
				await waiting(
					{ waitFor: 'callback', ...parameters },
					{ credentials: { alloMiaApi: unreachable }, ...extras },
				)
			).run(phones('1000', '1001'));

		it('says so before anybody is called', async () => {
			const { status, data } = await run({});
			expect(status).toBe('error');
			const { message, description } = data.resultData.error ?? {};
			expect(message).toContain(`cannot reach this n8n at ${bench.n8n.baseUrl}`);
			expect(description).toMatch(/Nobody was called.*WEBHOOK_URL.*\bpolling\b/);
		});

		async function saysSoForEachItem(split: boolean) {
			const execution = await run(
				{ options: { outputPerStatus: split } },
				{ onError: 'continueRegularOutput' },
			);
			const outputs = outputsOf(execution, 'AlloMia');
			const failed = outputs[split ? 3 : 0];
			expect(failed?.map(({ error }) => String(error))).toEqual(
				Array(2).fill(expect.stringContaining('cannot reach this n8n')),
			);
			expect(outputs.flat()).toHaveLength(2);
		}

		it('says so for each item with Continue', async () => await saysSoForEachItem(false));

		since('2.39.0').it(
			'says so for each item with Continue and Output per Status',
			async () => await saysSoForEachItem(true),
		);

		it('does not mind a dry run', async () => {
			const execution = await run({ options: { dryRun: true } });
			expect(outputsOf(execution, 'AlloMia')[0]?.map(({ dryRun }) => dryRun)).toEqual([true, true]);
			const perStatus = await run({ options: { dryRun: true, outputPerStatus: true } });
			const counts = outputsOf(perStatus, 'AlloMia').map(({ length }) => length);
			expect(counts).toEqual([0, 0, 0, 0, 0, 2]);
		});
	});
});

describeOneBadItem(bench, inN8n(bench), [
	'Outbound Call: Create and Wait for Result',
	'Outbound Call: Create and Wait for Result, by polling',
]);

describeMetadata(bench, inN8n(bench));

since('2.39.0').describe('one bad item of three, with an output for each status', () =>
	describeOneBadItemPerStatus(bench, inN8n(bench), 'callback'),
);

describe('one bad item of three, by polling, with an output for each status', () =>
	describeOneBadItemPerStatus(bench, inN8n(bench), 'polling'));

describe('createAndWait by polling', () => {
	it('asks until all have ended, tolerates a failed request, and sends no callback URL', async () => {
		const workflow = await waiting({ waitFor: 'polling', options: { pollInterval: 1 } });
		bench.simulator.fault({ kind: 'status', status: 500, times: 2, match: { method: 'GET' } });
		const execution = await workflow.run(phones('1000', '0003'));
		expect(outputsOf(execution, 'AlloMia')[0]?.map(({ status }) => status)).toEqual([
			'completed',
			'no-answer',
		]);
		expect(bench.simulator.dials.map(({ body }) => body.callbackUrl)).toEqual([
			undefined,
			undefined,
		]);
	});

	it('asks at growing intervals, up to the one that is set', async () => {
		const workflow = await waiting({ waitFor: 'polling', options: { pollInterval: 3 } });
		const id = await workflow.begin(phones('0004'));
		await until('seven status requests', () => lookUps(bench) >= 7, 120_000);
		const times = bench.simulator.requests
			.filter(({ method }) => method === 'GET')
			.map(({ at }) => at);
		const gaps = times.slice(1, 7).map((at, index) => at - (times[index] ?? 0));
		// 1.5 s, 2.25 s, then 3 s each: a busy machine adds to that, and never takes away.
		for (const [index, least] of [1_500, 2_250, 3_000, 3_000, 3_000, 3_000].entries()) {
			expect(gaps[index]).toBeGreaterThanOrEqual(least - 20);
			expect(gaps[index]).toBeLessThan(least + 1_500);
		}
		await bench.simulator.endCall(dialOf(bench, '+15145550004').outboundCallId, 'busy');
		expect(outcomesOf(await waitForEnd(bench.n8n.session, id))).toEqual(['busy']);
	});

	it('goes on at the limit, with what is known', async () => {
		const workflow = await waiting({
			waitFor: 'polling',
			maxWait: 0.05,
			maxWaitUnit: 'minutes',
			options: { outputPerStatus: true },
		});
		const execution = await workflow.run(phones('0003', '0004'));
		const outputs = outputsOf(execution, 'AlloMia');
		expect(outputs.map((items) => items.map(({ status }) => status))).toEqual([
			[],
			['no-answer'],
			[],
			[],
			['calling'],
		]);
		expect(outputs[4]?.[0]).toMatchObject({ timedOut: true });
	});

	it('goes on at the limit, however many calls AlloMia does not answer about', async () => {
		bench.simulator.fault({ kind: 'timeout-before', times: 1_000, match: { method: 'GET' } });
		const workflow = await waiting({ waitFor: 'polling', maxWait: 0.2, maxWaitUnit: 'minutes' });
		const begun = Date.now();
		const execution = await workflow.run(people(60));
		expect(Date.now() - begun).toBeLessThan(12_000 + 8_000);
		const items = outputsOf(execution, 'AlloMia')[0] ?? [];
		expect(items.filter(({ timedOut }) => timedOut === true)).toHaveLength(60);
	});

	it('counts the limit from the first try of Retry On Fail, and keeps what that has learnt', async () => {
		const limit = { maxWait: 0.1, maxWaitUnit: 'minutes' };
		const workflow = await waiting({ waitFor: 'polling', ...limit }, retrying);
		const begun = Date.now();
		const execution = await workflow.run([{ phone: 'nobody' }, ...phones('0004', '1000')]);
		expect(Date.now() - begun).toBeLessThan(2 * 6_000);
		expect(outputsOf(execution, 'AlloMia')[0]).toMatchObject([
			{ error: expect.stringContaining('Phone Number') as string },
			{ timedOut: true },
			{ status: 'completed' },
		]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it.each([
		['while it waits', false],
		['while AlloMia does not answer', true],
	])('stops at once when it is cancelled %s', async (_, hanging) => {
		const workflow = await waiting({ waitFor: 'polling' });
		if (hanging) {
			bench.simulator.fault({ kind: 'timeout-before', times: 100, match: { method: 'GET' } });
		}
		const id = await workflow.begin(phones('0004'));
		await until('the first status request', () => lookUps(bench) > 0);
		await stopExecution(bench.n8n.session, id);
		const execution = await waitForEnd(bench.n8n.session, id, 2_000);
		expect(execution.status).toBe('canceled');
		// What was on its way when it was stopped arrives.
		await delay(500);
		const asked = lookUps(bench);
		await delay(3_000);
		expect(lookUps(bench)).toBe(asked);
		expect(execution.data.resultData.runData.After).toBeUndefined();
	});
});
