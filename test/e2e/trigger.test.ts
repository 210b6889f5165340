import { listExecutions, outputsOf, readExecution, until } from '../../scripts/lib/workflows';
import { useBench, triggered } from './support/bench';
import { alloMiaTrigger, connect, noOp } from './support/nodes';
import { aTrigger, callAndTrigger, event, executionsOf } from './support/triggers';
import { post } from '../webhooks';

const bench = useBench();

describe('the outcome through the trigger', () => {
	it('arrives for all four statuses, with metadata and source', async () => {
		const workflow = await callAndTrigger(bench);
		const endings = { '1000': 'completed', '0001': 'failed', '0002': 'busy', '0003': 'no-answer' };
		const source = await workflow.run(
			Object.keys(endings).map((ending) => ({ phone: `+1514555${ending}`, record: `r${ending}` })),
		);
		const executions = await triggered(bench, workflow.id, 4);
		const events = executions.map((it) => outputsOf(it, 'AlloMia Trigger')[0]?.[0]);
		for (const [index, [ending, status]] of Object.entries(endings).entries()) {
			const placed = outputsOf(source, 'AlloMia')[0]?.[index];
			expect(events).toContainEqual({
				outboundCallId: placed?.outboundCallId,
				contactId: placed?.contactId,
				status,
				callDetails: expect.objectContaining({
					endedReason: expect.any(String) as string,
				}) as object,
				metadata: { record: `r${ending}` },
				source: { workflowId: workflow.id, executionId: source.id, itemIndex: index },
			});
		}
		expect(bench.simulator.callbacks.map((it) => it.responseBody)).toEqual(
			Array(4).fill('{"received":true}'),
		);
	});

	it('comes out at its own output per chosen status', async () => {
		const { id, url } = await aTrigger(bench, {
			statuses: ['failed', 'completed', 'busy'],
			verification: 'none',
			options: { outputPerStatus: true },
		});
		for (const status of ['completed', 'busy', 'failed']) {
			expect((await post(url, event(status))).status).toBe(200);
		}
		const executions = await triggered(bench, id, 3);
		const where = executions.map((it) =>
			outputsOf(it, 'AlloMia Trigger').map((items) => items.map(({ status }) => status)),
		);
		expect(where).toEqual(
			expect.arrayContaining([
				[['completed'], [], []],
				[[], ['busy'], []],
				[[], [], ['failed']],
			]),
		);
	});

	it('is not lost where n8n restarts between the dial and the callback', async () => {
		const workflow = await callAndTrigger(bench);
		bench.simulator.setPace(60_000);
		await workflow.run([{ phone: '+15145551234', record: 'r1' }]);
		await bench.n8n.restart();
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		await bench.simulator.endCall(id, 'completed');
		expect(bench.simulator.callbacks[0]?.responseBody).toBe('{"received":true}');
		const [execution] = await triggered(bench, workflow.id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toMatchObject({
			outboundCallId: id,
			metadata: { record: 'r1' },
		});
	});

	it('goes to the address that n8n has today, though the workflow was published under another', async () => {
		const workflow = await callAndTrigger(bench);
		await bench.n8n.restart({ WEBHOOK_URL: 'https://n8n.example.com/base/' });
		try {
			await workflow.run([{ phone: '+15145551234', record: 'r1' }]);
		} finally {
			await bench.n8n.restart();
		}
		expect(bench.simulator.dials[0]?.body.callbackUrl).toMatch(
			new RegExp(`^https://n8n\\.example\\.com/base/webhook/allomia/${workflow.id}\\?`),
		);
	});
});

describe('what is not an outcome to start with', () => {
	it('is answered and ignored: statuses not chosen, calling, unknown ones', async () => {
		const { id, url } = await aTrigger(bench, { statuses: ['completed'], verification: 'none' });
		for (const status of ['busy', 'calling', 'voicemail']) {
			expect(await post(url, event(status))).toMatchObject({
				status: 200,
				body: { received: true, ignored: 'status' },
			});
		}
		expect(await executionsOf(bench, id)).toBe(0);
	});

	it('is one that comes where an expression of the trigger fails: 503, so that it may come again', async () => {
		const { id, url } = await aTrigger(bench, { verification: '={{ $("Nowhere").item.json.x }}' });
		expect(await post(url, event())).toMatchObject({ status: 503 });
		expect(await executionsOf(bench, id)).toBe(0);
	});

	it('starts once though it arrives three times', async () => {
		const { id, url } = await aTrigger(bench, { verification: 'none' });
		const outcome = event();
		const answers = await Promise.all([1, 2, 3].map(async () => (await post(url, outcome)).body));
		expect(answers).toContainEqual({ received: true });
		expect(
			answers.filter((it) => typeof it === 'object' && it.ignored === 'duplicate'),
		).toHaveLength(2);
		await triggered(bench, id, 1);
		expect(await executionsOf(bench, id)).toBe(1);
	});

	it('counts duplicates where they are wanted', async () => {
		const { id, url } = await aTrigger(bench, {
			verification: 'none',
			options: { ignoreDuplicates: false },
		});
		const outcome = event();
		await post(url, outcome);
		expect((await post(url, outcome)).body).toEqual({ received: true });
		expect(await triggered(bench, id, 2)).toHaveLength(2);
	});

	it.each([
		['broken JSON', '{"outboundCallId":', 'application/json', 422],
		['an array', '[]', 'application/json', 400],
		['a string', '"completed"', 'application/json', 400],
		['null', 'null', 'application/json', 400],
		['nothing', '', 'application/json', 400],
		['an object of another shape', '{"event":"ping"}', 'application/json', 400],
		[
			'a status that is a number',
			JSON.stringify({ ...event(), status: 1 }),
			'application/json',
			400,
		],
		[
			'an id that leads elsewhere',
			JSON.stringify({ ...event(), outboundCallId: '../x' }),
			'application/json',
			400,
		],
		[
			'prototype keys',
			JSON.stringify(event()).replace('{', '{"__proto__":{"x":1},'),
			'application/json',
			400,
		],
		[
			'a constructor key inside',
			JSON.stringify({ ...event(), x: { constructor: {} } }),
			'application/json',
			400,
		],
		[
			'something huge',
			JSON.stringify({ ...event(), x: 'x'.repeat(200_000) }),
			'application/json',
			400,
		],
		[
			'a form',
			'outboundCallId=c3d4e5f6-a7b8-9012-cdef-345678901234&status=completed',
			'application/x-www-form-urlencoded',
			400,
		],
		['plain text', JSON.stringify(event()), 'text/plain', 400],
		[
			'several parts',
			'--x\r\nContent-Disposition: form-data; name="status"\r\n\r\nbusy\r\n--x--\r\n',
			'multipart/form-data; boundary=x',
			400,
		],
		['XML', '<status>completed</status>', 'application/xml', 400],
	])('is refused: %s', async (_, body, contentType, status) => {
		const { id, url } = await aTrigger(bench);
		const answer = await post(url, body, contentType);
		// Nothing is asked about what cannot be a call.
		expect(bench.simulator.requests).toHaveLength(0);
		expect(answer.status).toBe(status);
		if (status === 400) {
			expect(answer.body).toEqual({
				error: 'Invalid callback',
				details: expect.arrayContaining([
					{ field: expect.any(String) as string, message: expect.any(String) as string },
				]) as unknown[],
			});
		}
		expect(await executionsOf(bench, id)).toBe(0);
	});
});

describe('listening for a test event', () => {
	it('hands one event to the editor', async () => {
		const { session, baseUrl } = bench.n8n;
		const trigger = alloMiaTrigger(bench.credential, { verification: 'none' });
		const created = await session.call<{ id: string }>('POST', '/rest/workflows', {
			name: 'test event',
			nodes: [trigger, noOp('End')],
			connections: connect('AlloMia Trigger', 'End'),
			settings: { executionOrder: 'v1' },
			active: false,
		});
		const workflowData = await session.call('GET', `/rest/workflows/${created.id}`);
		const answer = await session.call<{ waitingForWebhook?: boolean }>(
			'POST',
			`/rest/workflows/${created.id}/run`,
			{ workflowData, triggerToStartFrom: { name: 'AlloMia Trigger' } },
		);
		expect(answer.waitingForWebhook).toBe(true);
		const outcome = event();
		const url = `${baseUrl}/webhook-test/allomia/${created.id}`;
		expect(await post(url, outcome)).toMatchObject({ status: 200, body: { received: true } });
		const execution = await until('the manual execution', async () => {
			const [newest] = await listExecutions(session, created.id);
			return newest?.status === 'success' ? await readExecution(session, newest.id) : undefined;
		});
		expect(outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toEqual(outcome);
	});
});
