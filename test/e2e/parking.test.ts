import { setTimeout as delay } from 'node:timers/promises';
import {
	listExecutions,
	outputsOf,
	readExecution,
	stopExecution,
	until,
	waitForEnd,
} from '../../scripts/lib/workflows';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia, branches, connect, node, noOp } from './support/nodes';
import { killAndRestart, runAgain } from './support/reruns';
import { event } from './support/triggers';
import { post } from '../webhooks';
import {
	dialOf,
	jitter,
	callThenLog,
	isAtLog,
	lookUps,
	outcomesOf,
	parked,
	phones,
	silentLog,
	waitingWorkflow,
} from './support/waiting';

const bench = useBench();

beforeEach(() => {
	bench.simulator.setPace(300);
});

const callTo = (phone: string) => dialOf(bench, `+1514555${phone}`);

describe('an execution that is parked', () => {
	it('loses no outcome to the moment of its parking', async () => {
		const workflow = await waitingWorkflow(bench);
		await workflow.run(phones('1000'));
		bench.simulator.setPace(jitter(3_000));
		const count = 300;
		const endings = ['0001', '0002', '0003', '1000'];
		const numbers = Array.from({ length: count }, (_, index) => endings[index % 4] ?? '');
		const sender = async () => {
			for (let ending = numbers.shift(); ending !== undefined; ending = numbers.shift()) {
				expect((await post(workflow.url, { items: phones(ending) })).status).toBe(200);
			}
		};
		await Promise.all(Array.from({ length: 10 }, sender));
		const all = await until(
			'every execution to end',
			async () => {
				const executions = await listExecutions(bench.n8n.session, workflow.id);
				return executions.every(({ status }) => status === 'success') && executions;
			},
			120_000,
			1_000,
		);
		expect(all).toHaveLength(count + 1);
		const known = new Map(
			bench.simulator.callbacks.map((it) => [it.outboundCallId, it.body.status]),
		);
		expect(known.size).toBe(count + 1);
		for (const { id } of all) {
			const [items = []] = outputsOf(await readExecution(bench.n8n.session, id), 'AlloMia');
			expect(items).toHaveLength(1);
			expect(items[0]?.status).toBe(known.get(String(items[0]?.outboundCallId)));
			expect(items[0]).not.toHaveProperty('timedOut');
		}
		expect(bench.simulator.dials).toHaveLength(count + 1);
	});

	it.each([
		[2.5, 'hours', 9_000_000],
		[3, 'days', 259_200_000],
	])('goes on by n8n itself a minute after a limit of %d %s', async (maxWait, maxWaitUnit, ms) => {
		const before = Date.now();
		const workflow = await waitingWorkflow(bench, { maxWait, maxWaitUnit });
		const id = await workflow.begin(phones('0004'));
		await parked(bench, id);
		const { waitTill } = await readExecution(bench.n8n.session, id);
		const limit = Date.parse(waitTill ?? '') - ms - 60_000;
		expect(limit).toBeGreaterThanOrEqual(before);
		expect(limit).toBeLessThanOrEqual(Date.now());
		await bench.simulator.endCall(callTo('0004').outboundCallId, 'busy');
		expect(outcomesOf(await waitForEnd(bench.n8n.session, id))).toEqual(['busy']);
	});

	it('goes on after a restart of n8n', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(bench);
		const id = await workflow.begin(phones('1000', '1001'));
		await parked(bench, id);
		await bench.n8n.restart();
		for (const { outboundCallId } of bench.simulator.dials) {
			await bench.simulator.endCall(outboundCallId, 'busy');
		}
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outcomesOf(execution)).toEqual(['busy', 'busy']);
		const { AlloMia: runs, After: after } = execution.data.resultData.runData;
		expect([runs?.length, after?.length]).toEqual([1, 1]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it('learns what it has missed: before a restart, and while n8n was down', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(bench);
		const id = await workflow.begin(phones('1000', '1001', '1002'));
		await parked(bench, id);
		await bench.simulator.endCall(callTo('1000').outboundCallId, 'completed');
		await bench.n8n.halt();
		await bench.simulator.endCall(callTo('1001').outboundCallId, 'failed');
		await bench.n8n.launch();
		await bench.simulator.endCall(callTo('1002').outboundCallId, 'no-answer');
		expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200, undefined, 200]);
		const execution = await waitForEnd(bench.n8n.session, id, 15_000);
		expect(outcomesOf(execution)).toEqual(['completed', 'failed', 'no-answer']);
	});

	it('keeps to its limit after a restart, once it was told of an outcome', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(bench, { maxWait: 1.25, maxWaitUnit: 'minutes' });
		const id = await workflow.begin(phones('1000', '1001', '0004'));
		await parked(bench, id);
		await bench.n8n.restart();
		await bench.simulator.endCall(callTo('1000').outboundCallId, 'busy');
		bench.simulator.setCallbacks({ copies: 0 });
		await bench.simulator.endCall(callTo('1001').outboundCallId, 'failed');
		// Sooner than n8n would go on by itself, a minute after the limit.
		const [items = []] = outputsOf(await waitForEnd(bench.n8n.session, id, 105_000), 'AlloMia');
		expect(items.map(({ status, timedOut }) => [status, timedOut])).toEqual([
			['busy', undefined],
			['failed', undefined],
			['calling', true],
		]);
	});

	it('asks AlloMia when n8n itself goes on, after a restart that no callback follows', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(
			bench,
			{ maxWait: 0.1, maxWaitUnit: 'minutes' },
			{ alwaysOutputData: true },
		);
		const id = await workflow.begin(phones('0004', '1000', '1001'));
		await parked(bench, id);
		await bench.simulator.endCall(callTo('1000').outboundCallId, 'busy');
		await bench.n8n.halt();
		await bench.simulator.endCall(callTo('1001').outboundCallId, 'no-answer');
		await bench.n8n.launch();
		expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200, undefined]);
		const execution = await waitForEnd(bench.n8n.session, id, 150_000);
		const { AlloMia: runs, After: after } = execution.data.resultData.runData;
		expect([runs?.length, after?.length]).toEqual([1, 1]);
		const items = runs?.[0]?.data?.main?.[0] ?? [];
		expect(items.map(({ json, pairedItem }) => [json.status, json.timedOut, pairedItem])).toEqual([
			['calling', true, { item: 0 }],
			['busy', undefined, { item: 1 }],
			['no-answer', undefined, { item: 2 }],
		]);
		expect(outputsOf(execution, 'After')[0]).toEqual(items.map(({ json }) => json));
		expect(bench.simulator.dials).toHaveLength(3);
	});

	it('keeps what it knows at the limit though AlloMia does not answer then', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(bench, { maxWait: 0.2, maxWaitUnit: 'minutes' });
		const id = await workflow.begin(phones('1000', '0004', '0002'));
		await parked(bench, id);
		await bench.simulator.endCall(callTo('1000').outboundCallId, 'completed');
		bench.simulator.fault({ kind: 'timeout-before', times: 1_000, match: { method: 'GET' } });
		const execution = await waitForEnd(bench.n8n.session, id, 60_000);
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items.map(({ status, timedOut }) => [status, timedOut])).toEqual([
			['completed', undefined],
			['calling', true],
			['calling', true],
		]);
	});

	it('finds a lost outcome long before the limit', async () => {
		bench.simulator.setCallbacks({ copies: 0 });
		const workflow = await waitingWorkflow(bench);
		const execution = await workflow.run(phones('0003'), 20_000);
		expect(outcomesOf(execution)).toEqual(['no-answer']);
		expect(bench.simulator.callbacks).toHaveLength(0);
	});

	it('asks less and less often', async () => {
		const workflow = await waitingWorkflow(bench);
		const id = await workflow.begin(phones('0004'));
		await parked(bench, id);
		await delay(10_000);
		// Before the parking; 0.3, 1.5 and 6.3 s after it. The next would be 25 s after it.
		expect(lookUps(bench)).toBe(4);
		await bench.simulator.endCall(callTo('0004').outboundCallId, 'busy');
		expect(outcomesOf(await waitForEnd(bench.n8n.session, id))).toEqual(['busy']);
	});

	it('calls and waits for those of every output that leads to it', async () => {
		const { node: switching, connections } = branches(3);
		const calling = alloMia(bench.credential, {
			operation: 'createAndWait',
			phoneNumber: '={{ $json.phone }}',
		});
		const workflow = await activeWorkflow(bench, [switching, calling], connections);
		const execution = await workflow.run([
			{ phone: '+15145550003', output: 2 },
			{ phone: '+15145550002', output: 1 },
			{ phone: '+15145550001', output: 0 },
		]);
		expect(bench.simulator.dials).toHaveLength(3);
		const outcomes = [0, 1, 2].map((run) => outputsOf(execution, 'AlloMia', run)[0]);
		expect(outcomes.flatMap((items) => items?.map(({ status }) => status)).sort()).toEqual([
			'busy',
			'failed',
			'no-answer',
		]);
	});

	it.each([
		['its original workflow', false],
		['the currently saved workflow', true],
	])(
		'is killed in a later node, and run again with %s: nobody is called twice',
		async (_, isSaved) => {
			const workflow = await activeWorkflow(bench, ...callThenLog(bench.credential));
			bench.simulator.setPace(60_000);
			const id = await workflow.begin([
				{ phone: '+15145551000', name: 'Ada' },
				{ phone: '+15145551001', name: 'Bob' },
			]);
			await parked(bench, id);
			bench.simulator.fault(silentLog);
			for (const { outboundCallId } of bench.simulator.dials) {
				await bench.simulator.endCall(outboundCallId, 'busy');
			}
			await until('the next node', () => isAtLog(bench.simulator));
			await killAndRestart(bench, [workflow.id]);
			bench.simulator.clearFaults();
			const again = await runAgain(bench, workflow.id, id, isSaved);
			expect(again.status).toBe('success');
			expect(bench.simulator.dials).toHaveLength(2);
			expect(outputsOf(again, 'AlloMia')[0]?.map(({ status }) => status)).toEqual(['busy', 'busy']);
			expect(outputsOf(again, 'Log')[0]).toHaveLength(2);
		},
	);

	it('waits in each round of a loop for the calls of that round', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await activeWorkflow(
			bench,
			[
				node('n8n-nodes-base.splitInBatches', 3, 'One at a time', { batchSize: 1, options: {} }),
				alloMia(bench.credential, {
					operation: 'createAndWait',
					phoneNumber: '={{ $json.phone }}',
				}),
				noOp('All'),
			],
			{
				'One at a time': {
					main: [
						[{ node: 'All', type: 'main', index: 0 }],
						[{ node: 'AlloMia', type: 'main', index: 0 }],
					],
				},
				...connect('AlloMia', 'One at a time'),
			},
		);
		const id = await workflow.begin(phones('1000', '1001', '1002'));
		const statuses = ['completed', 'busy', 'no-answer'] as const;
		for (const [round, status] of statuses.entries()) {
			const call = await until('the next call', () => bench.simulator.dials[round]);
			await parked(bench, id);
			if (round > 0) {
				// The one of the round before, late and once more, counts for nothing.
				const late = await bench.simulator.deliverCallback(
					bench.simulator.dials[round - 1]?.outboundCallId ?? '',
				);
				expect(late.status).toBe(401);
			}
			expect(bench.simulator.dials).toHaveLength(round + 1);
			await bench.simulator.endCall(call.outboundCallId, status);
		}
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outputsOf(execution, 'All')[0]?.map((it) => it.status)).toEqual(statuses);
	});

	it('does not resume another node by a callback that comes twice', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await activeWorkflow(
			bench,
			[
				alloMia(bench.credential, {
					operation: 'createAndWait',
					phoneNumber: '={{ $json.phone }}',
				}),
				node(
					'n8n-nodes-base.wait',
					1.1,
					'Approval',
					{ resume: 'webhook', httpMethod: 'POST', options: {} },
					{ webhookId: 'approval' },
				),
				noOp('After'),
			],
			{ ...connect('AlloMia', 'Approval'), ...connect('Approval', 'After') },
		);
		const id = await workflow.begin(phones('1000'));
		await parked(bench, id);
		const { outboundCallId, body } = callTo('1000');
		await bench.simulator.endCall(outboundCallId, 'completed');
		await until('the approval to be waited for', async () => {
			const { status, data } = await readExecution(bench.n8n.session, id);
			return status === 'waiting' && data.resultData.runData.Approval !== undefined;
		});
		expect((await bench.simulator.deliverCallback(outboundCallId)).status).toBe(404);
		// The looks of the node that has gone on.
		await delay(2_000);
		expect((await readExecution(bench.n8n.session, id)).status).toBe('waiting');

		const url = new URL(body.callbackUrl ?? '');
		url.pathname = url.pathname.replace(/\/allomia$/, '');
		expect((await post(url.href, { approved: true })).status).toBe(200);
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(execution.data.resultData.runData.After).toHaveLength(1);
	});

	it('answers what comes too late, and does not mind that it was stopped', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waitingWorkflow(bench);
		const id = await workflow.begin(phones('1000'));
		await parked(bench, id);
		await stopExecution(bench.n8n.session, id);
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(execution.status).toBe('canceled');
		const { outboundCallId, body } = callTo('1000');
		const late = await post(body.callbackUrl ?? '', event('completed', outboundCallId));
		expect(late.status).toBe(409);
		expect((await readExecution(bench.n8n.session, id)).status).toBe('canceled');
	});
});
