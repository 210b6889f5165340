import { randomUUID } from 'node:crypto';
import type { INodeParameters } from 'n8n-workflow';
import { keys } from '../simulator';
import { call, credential, ending, simulator, until } from './bench';
import { execute, log } from './engine';
import { post } from '../webhooks';
import { listenTo } from './webhooks';

const received = { status: 200, body: { received: true } };
const ignored = (what: string) => ({ status: 200, body: { received: true, ignored: what } });
const unverified = { status: 401, body: { error: 'Unverified callback' } };
const unavailable = { status: 503, body: { error: expect.any(String) as string } };

const listening = (parameters: INodeParameters = {}) => listenTo({ parameters, credential });

const event = (status = 'completed', outboundCallId: string = randomUUID()) => ({
	outboundCallId,
	contactId: 'contact',
	status,
});

/** Places a call that does not end by itself, whose outcome goes there: its ID, and the signed address. */
async function callTo(url: string) {
	await execute({
		parameters: call({
			phoneNumber: ending('0004'),
			callback: 'url',
			callbackUrl: url,
			options: {
				signCallbackUrl: true,
				metadata: { entry: [{ name: 'record', value: 'crm-42' }] },
			},
		}),
		credential,
	});
	const dial = simulator.dials.at(-1);
	return { id: dial?.outboundCallId ?? '', signed: dial?.body.callbackUrl ?? '' };
}

describe('the trigger', () => {
	it('starts with an outcome whose address is signed, with what that carries, and asks nobody', async () => {
		const { url, outputs } = listening();
		const { id } = await callTo(url);
		await simulator.endCall(id, 'busy');
		await until(() => outputs.length > 0);
		expect(outputs).toMatchObject([
			[[{ outboundCallId: id, status: 'busy', metadata: { record: 'crm-42' } }]],
		]);
		expect(simulator.callbacks).toMatchObject([{ status: 200, responseBody: '{"received":true}' }]);
		expect(simulator.requests.filter(({ method }) => method === 'GET')).toEqual([]);
	});

	it.each([
		['auto', true, received, 'busy', 0],
		['signature', true, received, 'busy', 0],
		['always', true, received, 'completed', 1],
		['none', true, received, 'busy', 0],
		['auto', false, received, 'completed', 1],
		['signature', false, unverified, undefined, 0],
		['always', false, received, 'completed', 1],
		['none', false, received, 'busy', 0],
	])(
		'with Verification %s, an event whose address is signed (%s) gets %j',
		async (verification, isSigned, answer, status, looks) => {
			const { url, outputs } = listening({ verification });
			const { id, signed } = await callTo(url);
			simulator.setCallbacks({ copies: 0 });
			// AlloMia says something else than the event, where it is asked.
			await simulator.endCall(id, 'completed');
			expect(await post(isSigned ? signed : url, event('busy', id))).toEqual(answer);
			expect(outputs.flat(2).map((it) => it.status)).toEqual(status ? [status] : []);
			expect(simulator.requests.filter(({ method }) => method === 'GET')).toHaveLength(looks);
		},
	);

	it.each(['auto', 'always'])(
		'%s does not start with what AlloMia does not confirm',
		async (verification) => {
			const { url, outputs } = listening({ verification });
			expect(await post(url, event())).toEqual(unverified);
			const { id } = await callTo(url);
			// It goes on.
			expect(await post(url, event('completed', id))).toEqual(unavailable);
			simulator.fault({ kind: 'status', status: 500, times: 9, match: { method: 'GET' } });
			expect(await post(url, event())).toEqual(unavailable);
			expect(outputs).toEqual([]);
		},
	);

	it.each(['auto', 'signature', 'always'])(
		'%s believes no signature of another key',
		async (verification) => {
			const { url, outputs } = listenTo({
				parameters: { verification },
				credential: { ...credential, apiKey: keys.otherOrganization },
				settings: { credentials: { alloMiaApi: { id: 'other', name: 'Other' } } },
			});
			const { signed } = await callTo(url);
			expect(await post(signed, event())).toEqual(unverified);
			expect(outputs).toEqual([]);
		},
	);

	it('ignores the statuses that were not chosen, and those of a call that goes on', async () => {
		const { url, outputs } = listening({ verification: 'none', statuses: ['busy', 'failed'] });
		expect(await post(url, event('completed'))).toEqual(ignored('status'));
		expect(await post(url, event('calling'))).toEqual(ignored('status'));
		expect(await post(url, event('failed'))).toEqual(received);
		expect(outputs.flat(2)).toMatchObject([{ status: 'failed' }]);
	});

	it('starts once for an event that comes twice, unless that is wanted', async () => {
		const once = listening({ verification: 'none' });
		const sent = event();
		expect([await post(once.url, sent), await post(once.url, sent)]).toEqual([
			received,
			ignored('duplicate'),
		]);
		const twice = listening({ verification: 'none', options: { ignoreDuplicates: false } });
		expect([await post(twice.url, sent), await post(twice.url, sent)]).toEqual([
			received,
			received,
		]);
	});

	it('starts once for an event that comes twice at the same time, and is asked about twice', async () => {
		const { url, outputs } = listening({ verification: 'always' });
		const { id } = await callTo(url);
		simulator.setCallbacks({ copies: 0 });
		await simulator.endCall(id, 'busy');
		simulator.fault({ kind: 'slow', delayMs: 200, times: 2, match: { method: 'GET' } });
		const both = await Promise.all([1, 2].map(async () => await post(url, event('busy', id))));
		expect(both.map(({ body }) => body)).toEqual(
			expect.arrayContaining([received.body, ignored('duplicate').body]),
		);
		expect(outputs).toHaveLength(1);
	});

	it.each([
		[true, 0],
		[false, 1],
	])(
		'sends one away of 13 that wait for AlloMia’s word, unless they are signed (%s)',
		async (isSigned, sentAway) => {
			const { url } = listening({ verification: 'always' });
			const { id, signed } = await callTo(url);
			simulator.setCallbacks({ copies: 0 });
			await simulator.endCall(id, 'busy');
			// Longer than a busy machine needs for 13 requests.
			simulator.fault({ kind: 'slow', delayMs: 3_000, times: 13, match: { method: 'GET' } });
			const all = Array.from({ length: 13 }, async () => {
				return await post(isSigned ? signed : url, event('busy', id));
			});
			const statuses = (await Promise.all(all)).map(({ status }) => status);
			expect(statuses.filter((status) => status === 503)).toHaveLength(sentAway);
		},
	);

	it.each([
		[{ statuses: '={{ "ringing" }}' }, 'Trigger On: It is "ringing".'],
		[{ verification: '={{ "perhaps" }}' }, 'Verification: It is "perhaps".'],
		[{ options: { outputPerStatus: '={{ 1 }}' } }, 'Output per Status: It is 1.'],
	])('says 503, and why, where %j cannot be used', async (parameters, says) => {
		const { url, outputs } = listening(parameters);
		log.length = 0;
		const { status, body } = await post(url, event());
		expect(status).toBe(503);
		expect((body as { error: string }).error).toContain(says);
		expect(log.join()).toContain(says.split(':')[0]);
		expect(outputs).toEqual([]);
	});

	it('takes the statuses as a text, too', async () => {
		const { url, outputs } = listening({ verification: 'none', statuses: '={{ "busy, failed" }}' });
		expect(await post(url, event('completed'))).toEqual(ignored('status'));
		expect(await post(url, event('busy'))).toEqual(received);
		expect(outputs).toHaveLength(1);
	});

	it('has an output for each status that was chosen', async () => {
		const { url, outputs } = listening({
			verification: 'none',
			statuses: ['failed', 'completed', 'busy'],
			options: { outputPerStatus: true },
		});
		await post(url, event('busy'));
		expect(outputs).toMatchObject([[[], [{ status: 'busy' }], []]]);
	});

	it.each([
		['no JSON object', ['x']],
		['no status', { outboundCallId: randomUUID(), contactId: 'c' }],
		['another ID', event('completed', 'x')],
		['too much', { ...event(), more: 'x'.repeat(2_000_000) }],
	])('refuses %s', async (_, body) => {
		const { url, outputs } = listening({ verification: 'none' });
		expect((await post(url, body)).status).toBe(400);
		expect(outputs).toEqual([]);
	});

	it('says 503, and why in the log, where its credential cannot be used', async () => {
		const { url, outputs } = listenTo({
			parameters: {},
			credential: { ...credential, baseUrl: 'nonsense' },
		});
		log.length = 0;
		expect(await post(url, event())).toEqual(unavailable);
		expect(log.join()).toContain('a callback could not be checked');
		expect(outputs).toEqual([]);
	});
});
