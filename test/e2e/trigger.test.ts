import { randomUUID } from 'node:crypto';
import {
	activate,
	createWorkflow,
	deactivate,
	listExecutions,
	outputsOf,
	readExecution,
	until,
} from '../../scripts/lib/workflows';
import { activeWorkflow, startBench, triggered, type Bench } from './support/bench';
import { alloMia, alloMiaTrigger, connect, noOp } from './support/nodes';

let bench: Bench;

beforeAll(async () => {
	bench = await startBench();
});

afterAll(async () => {
	await bench?.stop();
});

beforeEach(() => {
	bench.simulator.reset();
});

/** A workflow that calls, and whose trigger gets the outcome. */
async function callAndTrigger(
	triggerParameters: Record<string, unknown> = {},
	callParameters: Record<string, unknown> = {},
) {
	return await activeWorkflow(bench, [
		alloMia(bench.credential, {
			phoneNumber: '={{ $json.phone }}',
			callback: 'trigger',
			options: { metadata: { entry: [{ name: 'record', value: '={{ $json.record }}' }] } },
			...callParameters,
		}),
		alloMiaTrigger(bench.credential, triggerParameters),
	]);
}

/** A trigger alone, and its production URL. */
async function aTrigger(parameters: Record<string, unknown> = {}) {
	const workflow = await activeWorkflow(bench, [
		noOp('End'),
		alloMiaTrigger(bench.credential, parameters),
	]);
	const url = `${bench.n8n.baseUrl}/webhook/allomia/${workflow.id}`;
	await registered(url);
	return { ...workflow, url };
}

/** Publishing goes on after n8n has answered: until then, the webhook is unknown. */
async function registered(url: string): Promise<void> {
	await until(`${url} to be registered`, async () => (await post(url, {})).status !== 404);
}

async function post(url: string, body: unknown, contentType = 'application/json') {
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': contentType },
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	const text = await response.text();
	return {
		status: response.status,
		body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : text,
	};
}

const event = (status = 'completed', outboundCallId: string = randomUUID()) => ({
	outboundCallId,
	contactId: randomUUID(),
	status,
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
});

const executionsOf = async (workflowId: string) =>
	(await listExecutions(bench.n8n.session, workflowId)).length;

describe('the outcome through the trigger', () => {
	it('arrives for all four statuses, with metadata and source', async () => {
		const workflow = await callAndTrigger();
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
		const { id, url } = await aTrigger({
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
		const workflow = await callAndTrigger();
		bench.simulator.setPace(60_000);
		await workflow.run([{ phone: '+15145551234', record: 'r1' }]);
		await bench.n8n.restart();
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		await bench.simulator.endCall(id, 'completed');
		bench.simulator.setPace(200);
		expect(bench.simulator.callbacks[0]?.responseBody).toBe('{"received":true}');
		const [execution] = await triggered(bench, workflow.id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toMatchObject({
			outboundCallId: id,
			metadata: { record: 'r1' },
		});
	});

	it('goes to the address that n8n has today, though the workflow was published under another', async () => {
		const workflow = await callAndTrigger();
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

describe('callback: trigger', () => {
	it('says what to do where there is no such trigger, and calls nobody', async () => {
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'trigger' }),
			alloMiaTrigger(bench.credential, {}, { name: 'Renamed' }),
		]);
		const execution = await workflow.run([{}]);
		expect(execution.data.resultData.error?.message).toContain('no node "AlloMia Trigger"');
		expect(bench.simulator.dials).toHaveLength(0);
	});

	it('leads to the one that is named of two, each at a path of its own', async () => {
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				phoneNumber: '={{ $json.phone }}',
				callback: 'trigger',
				triggerName: '={{ $json.trigger }}',
			}),
			alloMiaTrigger(bench.credential, {}, { name: 'East' }),
			alloMiaTrigger(bench.credential, { options: { path: 'clinic/west' } }, { name: 'West' }),
		]);
		await registered(`${bench.n8n.baseUrl}/webhook/clinic/west`);
		await workflow.run([
			{ phone: '+15145551001', trigger: 'East' },
			{ phone: '+15145551002', trigger: 'West' },
		]);
		const idOf = (phone: string) =>
			bench.simulator.dials.find(({ body }) => body.phoneNumber === phone)?.outboundCallId;
		const [east] = await triggered(bench, workflow.id, 1, 'East');
		const [west] = await triggered(bench, workflow.id, 1, 'West');
		expect(east && outputsOf(east, 'East')[0]?.[0]?.outboundCallId).toBe(idOf('+15145551001'));
		expect(west && outputsOf(west, 'West')[0]?.[0]?.outboundCallId).toBe(idOf('+15145551002'));
	});

	async function unpublished(...options: object[]) {
		const { id } = await createWorkflow(bench.n8n.session, {
			name: 'not to be published',
			nodes: options.map((it, index) =>
				alloMiaTrigger(bench.credential, { options: it }, { name: `Trigger ${index}` }),
			),
			connections: {},
		});
		return id;
	}

	it('cannot be published where two share a path: one would never be reached', async () => {
		const id = await unpublished({}, {});
		await expect(activate(bench.n8n.session, id)).rejects.toThrow(
			/409.*conflict with one of the webhooks/,
		);
	});

	it.each(['two words', '/', '={{ "a" }}'])('refuses to listen at the path %j', async (path) => {
		const { session } = bench.n8n;
		const id = await unpublished({ path });
		const workflowData = await session.call('GET', `/rest/workflows/${id}`);
		const { status, text } = await session.send('POST', `/rest/workflows/${id}/run`, {
			workflowData,
			triggerToStartFrom: { name: 'Trigger 0' },
		});
		expect(status).toBeGreaterThanOrEqual(400);
		expect(text).toContain('Path: It may hold letters');
	});

	it('stores nothing, and stops listening when the workflow is unpublished', async () => {
		const workflow = await callAndTrigger();
		await workflow.run([{ phone: '+15145551234', record: 'r' }]);
		await triggered(bench, workflow.id, 1);
		const stored = await bench.n8n.session.call<{ staticData: unknown }>(
			'GET',
			`/rest/workflows/${workflow.id}`,
		);
		expect(JSON.stringify(stored.staticData ?? {})).not.toMatch(/allomia|webhook/i);
		await deactivate(bench.n8n.session, workflow.id);
		const url = bench.simulator.dials[0]?.body.callbackUrl ?? '';
		await until('the webhook to be gone', async () => (await post(url, event())).status === 404);
	});
});

describe('what is not an outcome to start with', () => {
	it('is answered and ignored: statuses not chosen, calling, unknown ones', async () => {
		const { id, url } = await aTrigger({ statuses: ['completed'], verification: 'none' });
		for (const status of ['busy', 'calling', 'voicemail']) {
			expect(await post(url, event(status))).toMatchObject({
				status: 200,
				body: { received: true, ignored: 'status' },
			});
		}
		expect(await executionsOf(id)).toBe(0);
	});

	it('starts once though it arrives three times', async () => {
		const { id, url } = await aTrigger({ verification: 'none' });
		const outcome = event();
		const answers = await Promise.all([1, 2, 3].map(async () => (await post(url, outcome)).body));
		expect(answers).toContainEqual({ received: true });
		expect(
			answers.filter((it) => typeof it === 'object' && it.ignored === 'duplicate'),
		).toHaveLength(2);
		await triggered(bench, id, 1);
		expect(await executionsOf(id)).toBe(1);
	});

	it('counts duplicates where they are wanted', async () => {
		const { id, url } = await aTrigger({
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
		['XML', '<status>completed</status>', 'application/xml', 400],
	])('is refused: %s', async (_, body, contentType, status) => {
		const { id, url } = await aTrigger({ verification: 'none' });
		const answer = await post(url, body, contentType);
		expect(answer.status).toBe(status);
		if (status === 400) {
			expect(answer.body).toEqual({
				error: 'Invalid callback',
				details: expect.arrayContaining([
					{ field: expect.any(String) as string, message: expect.any(String) as string },
				]) as unknown[],
			});
		}
		expect(await executionsOf(id)).toBe(0);
	});
});

describe('verification', () => {
	/** A signed callback URL for an event of our own, made by a call that never ends. */
	async function signedUrl(parameters: Record<string, unknown>) {
		const workflow = await callAndTrigger(parameters);
		await workflow.run([{ phone: '+15145550004', record: 'r' }]);
		const url = bench.simulator.dials[0]?.body.callbackUrl ?? '';
		await registered(url);
		return { ...workflow, url };
	}

	it.each(['auto', 'signature'])('%s accepts a signed callback without asking', async (mode) => {
		const { id, url } = await signedUrl({ verification: mode });
		const before = bench.simulator.requests.length;
		expect(await post(url, event())).toMatchObject({ status: 200, body: { received: true } });
		expect(await triggered(bench, id, 1)).toHaveLength(1);
		expect(bench.simulator.requests).toHaveLength(before);
	});

	it.each([
		['no signature', (url: string) => url.replace(/\?.*/, '')],
		['an altered context', (url: string) => url.replace(/(alloMiaContext=)./, '$1X')],
		['an altered signature', (url: string) => url.replace(/(alloMiaSignature=)./, '$1-')],
	])('signature refuses %s', async (_, alter) => {
		const { url } = await signedUrl({ verification: 'signature' });
		expect(await post(alter(url), event())).toMatchObject({
			status: 401,
			body: { error: 'Unverified callback' },
		});
	});

	it('signature refuses what was signed for another trigger', async () => {
		const { url } = await signedUrl({ verification: 'signature' });
		const other = await aTrigger({ verification: 'signature' });
		const query = new URL(url).search;
		expect((await post(`${other.url}${query}`, event())).status).toBe(401);
	});

	it('auto asks AlloMia about an unsigned callback, and AlloMia’s version goes out', async () => {
		const workflow = await callAndTrigger();
		await workflow.run([{ phone: '+15145550004', record: 'r' }]);
		const { outboundCallId, body } = bench.simulator.dials[0] ?? {};
		const unsigned = body?.callbackUrl?.replace(/\?.*/, '') ?? '';
		await bench.simulator.endCall(outboundCallId ?? '', 'busy');
		await triggered(bench, workflow.id, 1);
		expect((await post(unsigned, event('completed', outboundCallId))).body).toEqual({
			received: true,
			ignored: 'duplicate',
		});
		expect((await post(unsigned, event('completed'))).status).toBe(401);
		expect((await post(unsigned, event('busy', randomUUID()))).body).toEqual({
			error: 'Unverified callback',
		});

		const other = await aTrigger();
		expect((await post(other.url, event('completed', outboundCallId))).body).toEqual({
			received: true,
		});
		const [execution] = await triggered(bench, other.id, 1);
		const [output] = execution ? (outputsOf(execution, 'AlloMia Trigger')[0] ?? []) : [];
		expect(output?.status).toBe('busy');
		expect(output).not.toHaveProperty('source');
	});

	it('auto says 503 where AlloMia cannot be asked, so that nothing is lost', async () => {
		const { id, url } = await aTrigger();
		bench.simulator.fault({ kind: 'status', status: 500, times: 1, match: { method: 'GET' } });
		expect((await post(url, event())).status).toBe(503);
		expect(await executionsOf(id)).toBe(0);
	});

	it('none takes what comes', async () => {
		const { id, url } = await aTrigger({ verification: 'none' });
		const outcome = { ...event(), extra: { kept: true } };
		expect((await post(url, outcome)).body).toEqual({ received: true });
		const [execution] = await triggered(bench, id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toEqual(outcome);
	});
});

describe('a trigger in another workflow', () => {
	it('gets context and signature where the URL is to be signed', async () => {
		const trigger = await aTrigger({ verification: 'signature' });
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				callback: 'url',
				callbackUrl: trigger.url,
				options: { signCallbackUrl: true },
			}),
		]);
		const source = await workflow.run([{}]);
		const [execution] = await triggered(bench, trigger.id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toMatchObject({
			status: 'completed',
			source: { workflowId: workflow.id, executionId: source.id, itemIndex: 0 },
		});
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
