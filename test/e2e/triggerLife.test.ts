import { randomUUID } from 'node:crypto';
import {
	activate,
	createCredential,
	createWorkflow,
	deactivate,
	listExecutions,
	outputsOf,
	readExecution,
	until,
	waitForEnd,
	type WorkflowDefinition,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, useBench, triggered } from './support/bench';
import { alloMia, alloMiaTrigger, connect, node, noOp } from './support/nodes';
import { startProxy } from './support/proxy';
import {
	beginByHand,
	callAndTrigger,
	event,
	executionsOf,
	manualWorkflow,
	runByHand,
} from './support/triggers';
import { post, postOnceRegistered } from '../webhooks';
import { since } from './support/version';
import { parked } from './support/waiting';

const bench = useBench();

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
			name: randomUUID(),
			nodes: options.map((it, index) =>
				alloMiaTrigger(bench.credential, { options: it }, { name: `Trigger ${index}` }),
			),
			connections: {},
		});
		return id;
	}

	since('2.6.0').it(
		'cannot be published where two share a path: one would never be reached',
		async () => {
			const id = await unpublished({}, {});
			await expect(activate(bench.n8n.session, id)).rejects.toThrow(
				/409.*conflict with one of the webhooks/,
			);
		},
	);

	async function refuses(options: object, message: string) {
		const { session } = bench.n8n;
		const id = await unpublished(options);
		const workflowData = await session.call('GET', `/rest/workflows/${id}`);
		const { status, text } = await session.send('POST', `/rest/workflows/${id}/run`, {
			workflowData,
			triggerToStartFrom: { name: 'Trigger 0' },
		});
		expect(status).toBeGreaterThanOrEqual(400);
		expect(text).toContain(message);
	}

	it.each<[object, string]>([
		[{ path: 'two words' }, 'Path: It may contain unaccented letters'],
		[{ path: '/' }, 'Path: It may contain unaccented letters'],
		[{ path: '={{ "a" }}' }, 'Path: It may contain unaccented letters'],
		[{ outputPerStatus: 1 }, 'Output per Status: It is'],
	])('refuses to listen with the options %j', refuses);

	// An older n8n takes the word for an error of its database, and says something else.
	since('2.27.0').it('refuses to listen with an Ignore Duplicates that is no switch', async () => {
		await refuses({ ignoreDuplicates: 'maybe' }, 'Ignore Duplicates: It is');
	});

	it('stores nothing, and stops listening when the workflow is unpublished', async () => {
		const workflow = await callAndTrigger(bench);
		await workflow.run([{ phone: '+15145551234', record: 'r' }]);
		await triggered(bench, workflow.id, 1);
		const stored = await bench.n8n.session.call<{ staticData: unknown }>(
			'GET',
			`/rest/workflows/${workflow.id}`,
		);
		expect(JSON.stringify(stored.staticData ?? {})).not.toMatch(/allomia|webhook/i);
		await deactivate(bench.n8n.session, workflow.id);
		const url = bench.simulator.dials[0]?.body.callbackUrl ?? '';
		expect((await post(url, event())).status).toBe(404);
	});

	const deactivated = (name = 'AlloMia Trigger') =>
		alloMiaTrigger(bench.credential, {}, { name, disabled: true });

	it.each<[string, () => WorkflowNode[], boolean, string]>([
		['no trigger has that name', () => [], true, 'no node "AlloMia Trigger"'],
		['it is deactivated', () => [deactivated(), noOp('End')], true, 'is deactivated'],
		['it is deactivated and leads nowhere', () => [deactivated()], true, 'is deactivated'],
		[
			'the workflow is not published',
			() => [alloMiaTrigger(bench.credential)],
			false,
			'this workflow is not published, or was changed since. Publish',
		],
	])(
		'says what to do in a run by hand where %s, and calls nobody',
		async (_, nodes, publish, says) => {
			const more = nodes();
			const id = await manualWorkflow(
				bench,
				[alloMia(bench.credential, { callback: 'trigger' }), ...more],
				publish,
				more.length > 1 ? connect('AlloMia Trigger', 'End') : {},
			);
			const execution = await runByHand(bench, id);
			expect(execution.data.resultData.error?.message).toContain(says);
			expect(bench.simulator.requests).toHaveLength(0);
		},
	);

	it('works in a run by hand of a published workflow', async () => {
		const id = await selfCalling();
		await runByHand(bench, id);
		expect(await triggered(bench, id, 1)).toHaveLength(1);
	});
});

/** Does something while n8n runs with other settings. */
async function withSettings(settings: Record<string, string>, work: () => Promise<void>) {
	await bench.n8n.restart(settings);
	try {
		await work();
	} finally {
		await bench.n8n.restart();
	}
}

/** A workflow that is started by hand, calls, and gets the outcome. */
async function selfCalling(phoneNumber = '+15145551234', parameters: Record<string, unknown> = {}) {
	return await manualWorkflow(bench, [
		alloMia(bench.credential, { callback: 'trigger', phoneNumber }),
		alloMiaTrigger(bench.credential, parameters),
	]);
}

const lastDial = () => {
	const dial = bench.simulator.dials.at(-1);
	return { id: dial?.outboundCallId ?? '', url: dial?.body.callbackUrl ?? '' };
};

describe('the life of a trigger', () => {
	it('an outcome arrives after the workflow was unpublished and published again', async () => {
		const id = await selfCalling('+15145550004');
		await runByHand(bench, id);
		const { id: call } = lastDial();
		await deactivate(bench.n8n.session, id);
		await activate(bench.n8n.session, id);
		await bench.simulator.endCall(call, 'completed');
		expect(await triggered(bench, id, 1)).toHaveLength(1);
	});

	it('a copy gets its own outcomes, and believes no URL of the original’s', async () => {
		const { session } = bench.n8n;
		const original = await selfCalling('+15145550004', { verification: 'signature' });
		const { nodes, connections } = await session.call<WorkflowDefinition>(
			'GET',
			`/rest/workflows/${original}`,
		);
		const { id: copy } = await createWorkflow(session, { name: 'copy', nodes, connections });
		await activate(session, copy);
		await runByHand(bench, original);
		const forOriginal = new URL(lastDial().url);
		await runByHand(bench, copy);
		const forCopy = lastDial();
		await bench.simulator.endCall(forCopy.id, 'busy');
		const [execution] = await triggered(bench, copy, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toMatchObject({
			outboundCallId: forCopy.id,
			source: { workflowId: copy },
		});
		const crossed = new URL(forCopy.url);
		crossed.search = forOriginal.search;
		expect((await post(crossed.href, event())).status).toBe(401);
		// One run by hand, and nothing that came through its trigger.
		expect(await executionsOf(bench, original)).toBe(1);
	});

	async function change(id: string, edit: (nodes: WorkflowNode[]) => WorkflowNode[]) {
		const { session } = bench.n8n;
		const workflow = await session.call<WorkflowDefinition>('GET', `/rest/workflows/${id}`);
		await session.call('PATCH', `/rest/workflows/${id}`, {
			...workflow,
			nodes: edit(workflow.nodes),
		});
		await activate(session, id);
	}

	it('renamed, it still gets the outcomes of calls that go on, and new calls name what is wrong', async () => {
		const id = await selfCalling('+15145550004');
		await runByHand(bench, id);
		const { id: call } = lastDial();
		await deactivate(bench.n8n.session, id);
		await change(id, (nodes) =>
			nodes.map((it) => (it.name === 'AlloMia Trigger' ? { ...it, name: 'Outcome' } : it)),
		);
		await bench.simulator.endCall(call, 'completed');
		expect(await triggered(bench, id, 1, 'Outcome')).toHaveLength(1);
		const again = await runByHand(bench, id);
		expect(again.data.resultData.error?.message).toContain('no node "AlloMia Trigger"');
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('deleted, it listens no more, and new calls name what is wrong', async () => {
		const { session } = bench.n8n;
		const id = await manualWorkflow(bench, [
			alloMia(bench.credential, { callback: 'trigger', phoneNumber: '+15145550004' }),
			alloMiaTrigger(bench.credential),
			// Without any trigger, n8n would not publish the workflow.
			node('n8n-nodes-base.scheduleTrigger', 1.2, 'Yearly', {
				rule: { interval: [{ field: 'months', monthsInterval: 12 }] },
			}),
		]);
		await runByHand(bench, id);
		const { url } = lastDial();
		await deactivate(session, id);
		await change(id, (nodes) => nodes.filter(({ name }) => name !== 'AlloMia Trigger'));
		expect((await post(url, {})).status).toBe(404);
		const again = await runByHand(bench, id);
		expect(again.data.resultData.error?.message).toContain('no node "AlloMia Trigger"');
		expect(bench.simulator.dials).toHaveLength(1);
	});
});

describe('an n8n with another address', () => {
	it.each(['/n8n', '/webhook'])(
		'gets outcomes behind a proxy that serves it below %s, and after it moved there',
		async (folder) => {
			const id = await selfCalling('+15145550004', { verification: 'signature' });
			await runByHand(bench, id);
			const before = lastDial();
			const proxy = await startProxy(bench.n8n.baseUrl, folder);
			await withSettings({ WEBHOOK_URL: `${proxy.url}/` }, async () => {
				await postOnceRegistered(`${proxy.url}/webhook/allomia/${id}`);
				await runByHand(bench, id);
				const after = lastDial();
				expect(after.url.startsWith(`${proxy.url}/webhook/allomia/${id}?`)).toBe(true);
				await bench.simulator.endCall(after.id, 'completed');
				await bench.simulator.endCall(before.id, 'busy');
				expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200, 200]);
				const executions = await triggered(bench, id, 2);
				const calls = executions.map((it) => outputsOf(it, 'AlloMia Trigger')[0]?.[0]);
				expect(calls.map((it) => it?.outboundCallId).sort()).toEqual([before.id, after.id].sort());
				expect(calls.every((it) => it?.source !== undefined)).toBe(true);
				const waiting = await manualWorkflow(
					bench,
					[alloMia(bench.credential, { operation: 'createAndWait', phoneNumber: '+15145550004' })],
					false,
				);
				const begun = await beginByHand(bench, waiting);
				// Before it has stored the execution, n8n answers with 500.
				await parked(bench, begun);
				const call = lastDial();
				expect(call.url.startsWith(`${proxy.url}/webhook-waiting/`)).toBe(true);
				await bench.simulator.endCall(call.id, 'busy');
				expect(bench.simulator.callbacks.at(-1)?.status).toBe(200);
				const waited = await waitForEnd(bench.n8n.session, begun);
				expect(outputsOf(waited, 'AlloMia')[0]).toMatchObject([{ status: 'busy' }]);
			}).finally(proxy.stop);
		},
	);

	it('of whose webhook endpoints one is renamed: calls nobody, by hand or published', async () => {
		const started = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'trigger' }),
			alloMiaTrigger(bench.credential),
		]);
		const id = await selfCalling();
		await withSettings({ N8N_ENDPOINT_WEBHOOK: 'hooks' }, async () => {
			const byHand = await runByHand(bench, id);
			const url = started.url.replace('/webhook/', '/hooks/');
			expect((await postOnceRegistered(url, { items: [{}] })).status).toBe(200);
			const published = await until('the execution to end', async () => {
				const [found] = await listExecutions(bench.n8n.session, started.id);
				return found?.status === 'error' && (await readExecution(bench.n8n.session, found.id));
			});
			for (const { data } of [byHand, published]) {
				expect(data.resultData.error?.message).toMatch(
					/is not at .*\/webhook\/allomia\/\w+ \(404\).*N8N_ENDPOINT_WEBHOOK.*Production URL/,
				);
			}
			expect(bench.simulator.requests).toHaveLength(0);
		});
	});

	it('whose address leads on to https: says so before anybody is called', async () => {
		const trigger = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'trigger' }),
			alloMiaTrigger(bench.credential),
		]);
		const waiting = await activeWorkflow(bench, [
			alloMia(bench.credential, { operation: 'createAndWait' }),
		]);
		const proxy = await startProxy(bench.n8n.baseUrl, '', (url, response) => {
			const location = `${proxy.url.replace('http:', 'https:')}${url}`;
			response.writeHead(301, { location }).end();
			return true;
		});
		await withSettings({ WEBHOOK_URL: `${proxy.url}/` }, async () => {
			for (const workflow of [trigger, waiting]) {
				const { error } = (await workflow.run([{}])).data.resultData;
				expect(`${error?.message} ${error?.description ?? ''}`).toMatch(
					/redirects to https.*WEBHOOK_URL/,
				);
			}
			expect(bench.simulator.requests).toHaveLength(0);
		}).finally(proxy.stop);
	});

	since('2.39.0').it(
		'that may not ask itself: a run by hand that waits says so, a published workflow waits',
		async () => {
			const published = await activeWorkflow(bench, [
				alloMia(bench.credential, { operation: 'createAndWait', phoneNumber: '+15145550002' }),
			]);
			const byHand = await manualWorkflow(
				bench,
				[alloMia(bench.credential, { operation: 'createAndWait' })],
				false,
			);
			await withSettings(
				{
					WEBHOOK_URL: bench.n8n.baseUrl.replace('127.0.0.1', 'localhost'),
					N8N_SSRF_PROTECTION_ENABLED: 'true',
					N8N_SSRF_ALLOWED_IP_RANGES: '127.0.0.1/32',
					N8N_SSRF_BLOCKED_HOSTNAMES: 'localhost',
				},
				async () => {
					const { error } = (await runByHand(bench, byHand)).data.resultData;
					expect(error?.message).toContain('n8n blocks requests to itself at http://localhost:');
					expect(error?.description).toMatch(
						/Nobody was called.*N8N_SSRF_ALLOWED_HOSTNAMES.*Polling/,
					);
					expect(bench.simulator.requests).toHaveLength(0);
					// Nothing makes up for a callback that comes before n8n has parked the execution.
					bench.simulator.setPace(3_000);
					expect(outputsOf(await published.run([{}]), 'AlloMia')[0]).toMatchObject([
						{ status: 'busy' },
					]);
				},
			);
		},
	);

	it('that does not reach itself: a run by hand says so, a published workflow calls all the same', async () => {
		const id = await selfCalling();
		const published = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'trigger' }),
			alloMiaTrigger(bench.credential),
		]);
		await withSettings({ WEBHOOK_URL: 'http://127.0.0.1:9/' }, async () => {
			const execution = await runByHand(bench, id);
			expect(execution.data.resultData.error?.message).toMatch(
				/cannot reach itself at http:\/\/127\.0\.0\.1:9.*WEBHOOK_URL/,
			);
			expect(bench.simulator.requests).toHaveLength(0);
			await published.run([{}]);
			expect(bench.simulator.dials).toHaveLength(1);
		});
	});

	it('whose webhook endpoints are renamed: says to paste the URL, which then works', async () => {
		const id = await selfCalling();
		await withSettings(
			{
				N8N_ENDPOINT_WEBHOOK: 'hooks',
				N8N_ENDPOINT_WEBHOOK_WAIT: 'waits',
				N8N_ENDPOINT_WEBHOOK_TEST: 'hooks-test',
			},
			async () => {
				const execution = await runByHand(bench, id);
				expect(execution.data.resultData.error?.message).toMatch(
					/custom webhook endpoints.*Production URL/,
				);
				expect(bench.simulator.dials).toHaveLength(0);
				const trigger = await manualWorkflow(bench, [
					noOp('End'),
					alloMiaTrigger(bench.credential, { verification: 'signature' }),
				]);
				const url = `${bench.n8n.baseUrl}/hooks/allomia/${trigger}`;
				const source = await manualWorkflow(
					bench,
					[
						alloMia(bench.credential, {
							callback: 'url',
							callbackUrl: url,
							options: { signCallbackUrl: true },
						}),
					],
					false,
				);
				await runByHand(bench, source);
				const [outcome] = await triggered(bench, trigger, 1);
				expect(outcome && outputsOf(outcome, 'AlloMia Trigger')[0]?.[0]?.source).toMatchObject({
					workflowId: source,
				});
			},
		);
	});

	it('that the internet cannot reach: the run says so, and names WEBHOOK_URL', async () => {
		const credential = await createCredential(bench.n8n.session, {
			name: 'real',
			apiKey: 'no-key-of-anybody',
			baseUrl: 'https://allomia.com/api',
		});
		const id = await manualWorkflow(bench, [
			alloMia(credential, { callback: 'trigger', options: { dryRun: true } }),
			alloMiaTrigger(credential),
		]);
		const { data } = await runByHand(bench, id);
		expect(data.resultData.runData.AlloMia?.[0]?.hints).toContainEqual(
			expect.objectContaining({
				message: expect.stringMatching(/cannot reach http:\/\/127\.0\.0\.1.*WEBHOOK_URL/) as string,
			}),
		);
	});
});
