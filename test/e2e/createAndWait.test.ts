import {
	listExecutions,
	outputsOf,
	readExecution,
	until,
	waitForEnd,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, startBench, type Bench } from './support/bench';
import { alloMia, connect, manualTrigger, noOp } from './support/nodes';

let bench: Bench;

beforeAll(async () => {
	bench = await startBench();
});

afterAll(async () => {
	await bench?.stop();
});

beforeEach(() => {
	bench.simulator.reset();
	bench.simulator.setPace(300);
});

async function waiting(
	parameters: Record<string, unknown> = {},
	extras: Partial<WorkflowNode> = {},
) {
	return await activeWorkflow(
		bench,
		[
			alloMia(
				bench.credential,
				{
					operation: 'createAndWait',
					phoneNumber: '={{ $json.phone }}',
					...parameters,
				},
				extras,
			),
			noOp('After'),
		],
		connect('AlloMia', 'After'),
	);
}

const phones = (...endings: string[]) => endings.map((it) => ({ phone: `+1514555${it}` }));

/** The call to this number. */
function dialOf(phoneNumber: string) {
	const dial = bench.simulator.dials.find(({ body }) => body.phoneNumber === phoneNumber);
	if (!dial) throw new Error(`${phoneNumber} was not dialled`);
	return dial;
}

/** Waits until n8n has stored the execution as waiting. */
async function parked(executionId: string): Promise<void> {
	await until('the execution to wait', async () => {
		const { status } = await readExecution(bench.n8n.session, executionId);
		return status === 'waiting';
	});
}

/** Evenly spread over 0 to `max` ms, the same in every run. */
function jitter(max: number): () => number {
	let seed = 42;
	return () => {
		seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
		return (seed / 2 ** 31) * max;
	};
}

async function post(url: string, body: object) {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	return { status: response.status, body: (await response.json()) as object };
}

const ended = (outboundCallId: string, status = 'completed') => ({
	outboundCallId,
	contactId: 'd4e5f6a7-b8c9-0123-defa-456789012345',
	status,
	callDetails: { startedAt: '2026-04-01T10:00:05Z', duration: 120 },
});

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

	it('gives each outcome an output of its own', async () => {
		const workflow = await waiting({ options: { outputPerStatus: true } });
		const execution = await workflow.run(phones('1000', '0001', '0002', '0003'));
		const outputs = outputsOf(execution, 'AlloMia').map((items) => items.map((it) => it.status));
		expect(outputs.slice(0, 4)).toEqual([['completed'], ['no-answer'], ['busy'], ['failed']]);
		expect(outputs[4] ?? []).toEqual([]);
	});

	it('marks the calls that have not ended in time, and only those', async () => {
		const workflow = await waiting({ maxWait: 0.1, maxWaitUnit: 'minutes' });
		const execution = await workflow.run(phones('1000', '0004'), 90_000);
		const [items = []] = outputsOf(execution, 'AlloMia');
		expect(items[0]).toMatchObject({ status: 'completed' });
		expect(items[0]).not.toHaveProperty('timedOut');
		expect(items[1]).toMatchObject({ status: 'calling', timedOut: true });
		expect(items[1]?.outboundCallId).toBe(dialOf('+15145550004').outboundCallId);
	});

	it('sends calls that have not ended in time to their own output', async () => {
		const workflow = await waiting({
			maxWait: 0.1,
			maxWaitUnit: 'minutes',
			options: { outputPerStatus: true },
		});
		const execution = await workflow.run(phones('0002', '0004'), 90_000);
		const outputs = outputsOf(execution, 'AlloMia').map((items) => items.map((it) => it.status));
		expect(outputs).toEqual([[], [], ['busy'], [], ['calling']]);
	});

	it('does not lose an outcome that comes before n8n has stored the execution', async () => {
		const workflow = await waiting();
		await workflow.run(phones('1000'));
		const pace = jitter(3000);
		bench.simulator.setPace(pace);
		const count = 200;
		const endings = ['0001', '0002', '0003', '1000'];
		for (let index = 0; index < count; index += 1) {
			const response = await fetch(workflow.url, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ items: phones(endings[index % endings.length] ?? '') }),
			});
			expect(response.status).toBe(200);
		}
		await until(
			'every execution to end',
			async () => {
				const newest = await listExecutions(bench.n8n.session, workflow.id);
				return newest.every(({ status }) => status === 'success');
			},
			90_000,
			500,
		);
		const known = new Map(
			bench.simulator.callbacks.map((it) => [it.outboundCallId, it.body.status]),
		);
		expect(known.size).toBe(count + 1);
		const all = await listExecutions(bench.n8n.session, workflow.id);
		expect(all).toHaveLength(100);
		for (const { id } of all) {
			const [[item] = []] = outputsOf(await readExecution(bench.n8n.session, id), 'AlloMia');
			expect(item?.status).toBe(known.get(String(item?.outboundCallId)));
		}
		expect(bench.simulator.dials).toHaveLength(count + 1);
	});

	it('goes on after a restart of n8n', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const id = await workflow.begin(phones('1000', '1001'));
		await parked(id);
		await bench.n8n.restart();
		for (const { outboundCallId } of bench.simulator.dials) {
			await bench.simulator.endCall(outboundCallId, 'busy');
		}
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outputsOf(execution, 'AlloMia')[0]?.map(({ status }) => status)).toEqual([
			'busy',
			'busy',
		]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it('believes nobody but AlloMia, and goes on once', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const id = await workflow.begin(phones('1000', '1001'));
		await parked(id);
		const [first, second] = [dialOf('+15145551000'), dialOf('+15145551001')];
		const url = first.body.callbackUrl ?? '';
		const forged = ended(first.outboundCallId);
		const unsigned = url.replace(/&alloMia.*/, '');
		expect(await post(unsigned, forged)).toMatchObject({ body: { ignored: 'status' } });
		expect((await post(unsigned, ended('c3d4e5f6-a7b8-9012-cdef-345678901234'))).status).toBe(401);
		expect((await post(url, ended(second.outboundCallId))).status).toBe(401);
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

	it('costs few status requests though all callbacks come at the same instant', async () => {
		bench.simulator.setPace(60_000);
		const workflow = await waiting();
		const count = 50;
		const id = await workflow.begin(
			phones(...Array.from({ length: count }, (_, index) => `${1000 + index}`)),
		);
		await parked(id);
		const before = bench.simulator.requests.length;
		await Promise.all(
			bench.simulator.dials.map(
				async ({ outboundCallId }) => await bench.simulator.endCall(outboundCallId, 'completed'),
			),
		);
		const execution = await waitForEnd(bench.n8n.session, id);
		expect(outputsOf(execution, 'AlloMia')[0]).toHaveLength(count);
		expect(bench.simulator.requests.length - before).toBeLessThanOrEqual(2 * count);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'waits for the good ones of three items with %s',
		async (onError) => {
			const workflow = await waiting({}, { onError });
			const execution = await workflow.run([
				{ phone: '+15145551000' },
				{ phone: 'none' },
				{ phone: '+15145550002' },
			]);
			const [regular = [], failed = []] = outputsOf(execution, 'AlloMia');
			if (onError === 'continueRegularOutput') {
				expect(regular.map(({ status }) => status)).toEqual(['completed', undefined, 'busy']);
				expect(regular[1]?.error).toContain('Phone Number');
			} else {
				expect(regular.map(({ status }) => status)).toEqual(['completed', 'busy']);
				expect(failed).toEqual([
					expect.objectContaining({ error: expect.stringContaining('Phone Number') as string }),
				]);
			}
		},
	);

	it('works in a manual run of the editor', async () => {
		const { session } = bench.n8n;
		const created = await session.call<{ id: string }>('POST', '/rest/workflows', {
			name: 'manual run',
			nodes: [manualTrigger(), alloMia(bench.credential, { operation: 'createAndWait' })],
			connections: connect('Start', 'AlloMia'),
			settings: { executionOrder: 'v1' },
		});
		const workflowData = await session.call('GET', `/rest/workflows/${created.id}`);
		const { executionId } = await session.call<{ executionId: string }>(
			'POST',
			`/rest/workflows/${created.id}/run`,
			{ workflowData, triggerToStartFrom: { name: 'Start' } },
		);
		const execution = await waitForEnd(session, executionId);
		expect(outputsOf(execution, 'AlloMia')[0]?.[0]).toMatchObject({ status: 'completed' });
	});
});

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

	it('stops at once when it is cancelled', async () => {
		const workflow = await waiting({ waitFor: 'polling' });
		const id = await workflow.begin(phones('0004'));
		await until('the call', () => bench.simulator.dials.length === 1);
		await bench.n8n.session.call('POST', `/rest/executions/${id}/stop`);
		const execution = await waitForEnd(bench.n8n.session, id, 5_000);
		expect(execution.status).toBe('canceled');
	});
});
