import { randomUUID } from 'node:crypto';
import { outputsOf, until, upsertCredential } from '../../scripts/lib/workflows';
import { activeWorkflow, useBench, triggered } from './support/bench';
import { alloMia, alloMiaTrigger, noOp } from './support/nodes';
import { aTrigger, callAndTrigger, event, executionsOf } from './support/triggers';
import { post } from '../webhooks';

const bench = useBench();

/** A credential of its own, whose key can be changed. */
async function aCredential(apiKey: string = bench.simulator.keys.organization) {
	const name = randomUUID();
	const change = async (key: string) =>
		await upsertCredential(bench.n8n.session, {
			name,
			apiKey: key,
			baseUrl: bench.simulator.baseUrl,
		});
	return { ...(await change(apiKey)), change };
}

const unverified = { status: 401, body: { error: 'Unverified callback' } };
const accepted = { status: 200, body: { received: true } };

const another = (character: string) => (character === 'X' ? 'Y' : 'X');

describe('verification', () => {
	/** A signed callback URL for an event of our own, made by a call that never ends. */
	async function signedUrl(parameters: Record<string, unknown>) {
		const workflow = await callAndTrigger(bench, parameters);
		await workflow.run([{ phone: '+15145550004', record: 'r' }]);
		const url = bench.simulator.dials[0]?.body.callbackUrl ?? '';
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
		['an altered context', (url: string) => url.replace(/(?<=alloMiaContext=)./, another)],
		['an altered signature', (url: string) => url.replace(/(?<=alloMiaSignature=)./, another)],
	])('signature refuses %s', async (_, alter) => {
		const { url } = await signedUrl({ verification: 'signature' });
		expect(await post(alter(url), event())).toMatchObject({
			status: 401,
			body: { error: 'Unverified callback' },
		});
	});

	it('signature refuses what was signed for another trigger', async () => {
		const { url } = await signedUrl({ verification: 'signature' });
		const other = await aTrigger(bench, { verification: 'signature' });
		const query = new URL(url).search;
		expect((await post(`${other.url}${query}`, event())).status).toBe(401);
	});

	it('auto asks AlloMia about an unsigned callback, and AlloMia’s version goes out', async () => {
		const workflow = await callAndTrigger(bench);
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

		const other = await aTrigger(bench);
		expect((await post(other.url, event('completed', outboundCallId))).body).toEqual({
			received: true,
		});
		const [execution] = await triggered(bench, other.id, 1);
		const [output] = execution ? (outputsOf(execution, 'AlloMia Trigger')[0] ?? []) : [];
		expect(output?.status).toBe('busy');
		expect(output).not.toHaveProperty('source');
	});

	it('signature refuses what was signed with another key', async () => {
		const { url } = await signedUrl({});
		const other = await aCredential(bench.simulator.keys.otherOrganization);
		const trigger = await activeWorkflow(bench, [
			noOp('End'),
			alloMiaTrigger(other, { verification: 'signature', options: { path: 'other/key' } }),
		]);
		const there = `${bench.n8n.baseUrl}/webhook/other/key`;
		const source = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				phoneNumber: '+15145550004',
				callback: 'url',
				callbackUrl: there,
				options: { signCallbackUrl: true },
			}),
		]);
		bench.simulator.reset();
		await source.run([{}]);
		const forged = bench.simulator.dials[0]?.body.callbackUrl ?? '';
		expect(new URL(forged).pathname).not.toBe(new URL(url).pathname);
		expect(await post(forged, event())).toEqual(unverified);
		expect(await executionsOf(bench, trigger.id)).toBe(0);
	});

	it.each([
		['signature', 401],
		['auto', 200],
	])('%s no longer believes what a former key signed', async (verification, status) => {
		const credential = await aCredential();
		const workflow = await activeWorkflow(bench, [
			alloMia(credential, { phoneNumber: '+15145550004', callback: 'trigger' }),
			alloMiaTrigger(credential, { verification }),
		]);
		await workflow.run([{}]);
		const [dial] = bench.simulator.dials;
		// A key of the tenant sees the same call.
		await credential.change(bench.simulator.keys.tenant);
		await bench.simulator.endCall(dial?.outboundCallId ?? '', 'busy');
		expect(bench.simulator.callbacks[0]?.status).toBe(status);
		if (status !== 200) return;
		const [execution] = await triggered(bench, workflow.id, 1);
		const [output] = execution ? (outputsOf(execution, 'AlloMia Trigger')[0] ?? []) : [];
		expect(output).toMatchObject({ outboundCallId: dial?.outboundCallId, status: 'busy' });
		expect(output).not.toHaveProperty('source');
	});

	it('takes a changed key for granted within seconds, though it was used a moment before', async () => {
		const credential = await aCredential();
		const workflow = await activeWorkflow(bench, [
			alloMia(credential, { phoneNumber: '+15145550004', callback: 'trigger' }),
			alloMiaTrigger(credential, { verification: 'signature' }),
		]);
		await workflow.run([{}]);
		const old = bench.simulator.dials[0]?.body.callbackUrl ?? '';
		expect(await post(old, event())).toEqual(accepted);
		await credential.change(bench.simulator.keys.otherOrganization);
		await until(
			'the former key to count no more',
			async () => (await post(old, event())).status === 401,
			60_000,
			500,
		);
		await credential.change(bench.simulator.keys.organization);
		await until(
			'the key to count again',
			async () => (await post(old, event())).status === 200,
			60_000,
			500,
		);
	});

	it.each(['auto', 'signature'])(
		'%s says 503, quickly, where the credential is gone',
		async (verification) => {
			const credential = await aCredential();
			const workflow = await activeWorkflow(bench, [
				alloMia(credential, { phoneNumber: '+15145550004', callback: 'trigger' }),
				alloMiaTrigger(credential, { verification }),
			]);
			await workflow.run([{}]);
			const url = bench.simulator.dials[0]?.body.callbackUrl ?? '';
			const before = await executionsOf(bench, workflow.id);
			await bench.n8n.session.call('DELETE', `/rest/credentials/${credential.id}`);
			const said = () => bench.n8n.output.split('a callback could not be checked.').length;
			const saidBefore = said();
			expect((await post(url, event())).status).toBe(503);
			expect(await executionsOf(bench, workflow.id)).toBe(before);
			await until('n8n to log why', () => said() > saidBefore);
		},
	);

	it('always asks AlloMia, signed or not, and keeps what the signature proves', async () => {
		bench.simulator.setPace(50);
		const options = { ignoreDuplicates: false };
		const { id, run } = await callAndTrigger(bench, { verification: 'always', options });
		await run([{ phone: '+15145550099', record: 'r' }]);
		const [first] = await triggered(bench, id, 1);
		const [dial] = bench.simulator.dials;
		const url = dial?.body.callbackUrl ?? '';
		const invented = event('busy', dial?.outboundCallId);
		expect(await post(url, invented)).toEqual(accepted);
		expect(await post(url.replace(/\?.*/, ''), invented)).toEqual(accepted);
		const all = await triggered(bench, id, 3);
		const events = all.flatMap((it) => outputsOf(it, 'AlloMia Trigger')[0] ?? []);
		expect(events.map(({ status }) => status)).toEqual(Array(3).fill('completed'));
		expect(first && outputsOf(first, 'AlloMia Trigger')[0]).toMatchObject([
			{ metadata: { record: 'r' }, source: { itemIndex: 0 } },
		]);
		expect(events.filter(({ metadata }) => metadata)).toHaveLength(2);
		expect(bench.simulator.requests.filter(({ method }) => method === 'GET')).toHaveLength(3);
	});

	it('always takes no outcome that AlloMia does not know of yet', async () => {
		const { url, id } = await signedUrl({ verification: 'always' });
		const outboundCallId = bench.simulator.dials[0]?.outboundCallId;
		const before = await executionsOf(bench, id);
		expect((await post(url, event('completed', outboundCallId))).status).toBe(503);
		expect(await post(url, event())).toMatchObject(unverified);
		expect(await executionsOf(bench, id)).toBe(before);
	});

	it('auto gives up on an AlloMia that does not answer, and says 503', async () => {
		const { id, url } = await aTrigger(bench);
		bench.simulator.fault({ kind: 'timeout-before', match: { method: 'GET' } });
		const before = Date.now();
		expect((await post(url, event())).status).toBe(503);
		expect(Date.now() - before).toBeLessThan(12_000);
		expect(await executionsOf(bench, id)).toBe(0);
	});

	it('starts once though twelve unsigned copies arrive at the same instant', async () => {
		const workflow = await callAndTrigger(bench, {}, { callback: 'none', options: {} });
		await workflow.run([{ phone: '+15145550004' }]);
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		await bench.simulator.endCall(id, 'no-answer');
		const url = `${bench.n8n.baseUrl}/webhook/allomia/${workflow.id}`;
		const copies = Array.from(
			{ length: 12 },
			async () => (await post(url, event('no-answer', id))).body,
		);
		const answers = await Promise.all(copies);
		expect(answers.filter((it) => JSON.stringify(it) === '{"received":true}')).toHaveLength(1);
		expect(
			answers.filter((it) => typeof it === 'object' && it.ignored === 'duplicate'),
		).toHaveLength(11);
		await triggered(bench, workflow.id, 1);
		expect(await executionsOf(bench, workflow.id)).toBe(2);
	});

	it.each(['auto', 'always'])(
		'%s takes an unsigned outcome that AlloMia’s status catches up with a moment later',
		async (verification) => {
			const workflow = await callAndTrigger(
				bench,
				{ verification },
				{ callback: 'none', options: {} },
			);
			await workflow.run([{ phone: '+15145550004' }]);
			const url = `${bench.n8n.baseUrl}/webhook/allomia/${workflow.id}`;
			const id = bench.simulator.dials[0]?.outboundCallId ?? '';
			const lookUps = () =>
				bench.simulator.requests.filter(({ method }) => method === 'GET').length;
			const posted = post(url, event('completed', id));
			await until('AlloMia to be asked', () => lookUps() === 1);
			await bench.simulator.endCall(id, 'completed');
			expect(await posted).toEqual(accepted);
			expect(lookUps()).toBe(2);
			await triggered(bench, workflow.id, 1);
		},
	);

	it('auto says 503 of an unsigned event about a call that AlloMia says is going on', async () => {
		const workflow = await callAndTrigger(bench, {}, { callback: 'none', options: {} });
		await workflow.run([{ phone: '+15145550004' }]);
		const url = `${bench.n8n.baseUrl}/webhook/allomia/${workflow.id}`;
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		expect((await post(url, event('completed', id))).status).toBe(503);
		// And it is not taken for a duplicate once it is true.
		await bench.simulator.endCall(id, 'completed');
		expect(await post(url, event('completed', id))).toEqual(accepted);
	});

	it.each([
		['the page of a gateway', '<html><h1>404 Not Found</h1></html>'],
		['JSON that is not AlloMia’s', { message: 'no Route matched with those values' }],
		['another sentence of AlloMia’s', { error: 'Organization not found' }],
	])('auto says 503 where AlloMia’s 404 is %s, so that nothing is lost', async (_, body) => {
		const { id, url } = await aTrigger(bench);
		bench.simulator.fault({ kind: 'status', status: 404, body, match: { method: 'GET' } });
		expect((await post(url, event())).status).toBe(503);
		expect(await executionsOf(bench, id)).toBe(0);
	});

	it('auto says 503 where AlloMia cannot be asked, so that nothing is lost', async () => {
		const { id, url } = await aTrigger(bench);
		bench.simulator.fault({ kind: 'status', status: 500, times: 1, match: { method: 'GET' } });
		expect((await post(url, event())).status).toBe(503);
		expect(await executionsOf(bench, id)).toBe(0);
	});

	it('none takes what comes', async () => {
		const { id, url } = await aTrigger(bench, { verification: 'none' });
		const outcome = { ...event(), extra: { kept: true } };
		expect((await post(url, outcome)).body).toEqual({ received: true });
		const [execution] = await triggered(bench, id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]).toEqual(outcome);
	});
});

describe('a trigger in another workflow', () => {
	it('gets the outcome without context from a URL that goes out exactly as it was given', async () => {
		const trigger = await aTrigger(bench);
		const callbackUrl = `${trigger.url}?a=%20b+c&a=%C3%A9&=#part?x`;
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'url', callbackUrl }),
		]);
		await workflow.run([{}]);
		const [execution] = await triggered(bench, trigger.id, 1);
		const [dial] = bench.simulator.dials;
		expect(dial?.body.callbackUrl).toBe(callbackUrl);
		const [output] = execution ? (outputsOf(execution, 'AlloMia Trigger')[0] ?? []) : [];
		expect(output).toMatchObject({ outboundCallId: dial?.outboundCallId, status: 'completed' });
		expect(output).not.toHaveProperty('source');
		expect(output).not.toHaveProperty('metadata');
	});

	it('gets any metadata back as it was, beside the URL’s own query', async () => {
		const trigger = await aTrigger(bench, { verification: 'signature' });
		const metadata = {
			'a&b=c#d?': '+ %20 "\\',
			名前: 'é 日本 😀',
			list: [1, null, { deep: true }],
			n: 0.1,
		};
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				callback: 'url',
				callbackUrl: `${trigger.url}?team=7&name=%C3%A9`,
				options: {
					metadata: {
						entry: Object.keys(metadata).map((name) => ({
							name,
							value: `={{ $json[${JSON.stringify(name)}] }}`,
						})),
					},
				},
			}),
		]);
		await workflow.run([metadata]);
		const [execution] = await triggered(bench, trigger.id, 1);
		expect(execution && outputsOf(execution, 'AlloMia Trigger')[0]?.[0]?.metadata).toEqual(
			metadata,
		);
		expect(bench.simulator.dials[0]?.body.callbackUrl).toMatch(/\?team=7&name=%C3%A9&[\w=&-]+$/);
	});

	it('is told of no call where metadata makes the URL longer than 4,000 characters', async () => {
		const workflow = await callAndTrigger(bench);
		const execution = await workflow.run([{ phone: '+15145551234', record: 'x'.repeat(4000) }]);
		expect(execution.data.resultData.error?.message).toMatch(/^Metadata: .*\d+ characters.*4000/);
		expect(bench.simulator.requests).toHaveLength(0);
	});

	it('gets context and signature where the URL is to be signed', async () => {
		const trigger = await aTrigger(bench, { verification: 'signature' });
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
