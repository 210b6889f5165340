import { readFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';

import {
	close,
	ids,
	keys,
	listen,
	numberEndings,
	startSimulator,
	type Simulator,
} from '../../simulator';
import { projectRoot } from '../../../scripts/lib/paths';
import { documentedCall as documented } from '../../documented';

type Json = Record<string, unknown>;

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

let simulator: Simulator;
let receiver: http.Server;
let callbackUrl: string;
let received: Json[];

beforeAll(async () => {
	simulator = await startSimulator({ pace: 20, callbackTimeout: 300 });
	receiver = http.createServer((req, res) => {
		let text = '';
		req.on('data', (chunk: Buffer) => (text += chunk.toString()));
		req.on('end', () => {
			received.push({ ...(JSON.parse(text) as Json), type: req.headers['content-type'] });
			if (req.url === '/hang') return;
			if (req.url === '/redirect') res.writeHead(302, { location: '/elsewhere' });
			res.end('{"received":true}');
		});
	});
	callbackUrl = await listen(receiver);
});

beforeEach(() => {
	simulator.reset();
	received = [];
});

afterAll(async () => {
	await simulator.stop();
	await close(receiver);
});

interface Asked {
	method?: string;
	key?: string;
	body?: unknown;
	headers?: Record<string, string>;
	signal?: AbortSignal;
}

async function ask(path: string, { method = 'GET', key = keys.organization, ...rest }: Asked = {}) {
	const { body, headers = {}, signal } = rest;
	const sent = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
	const response = await fetch(simulator.baseUrl + path, {
		method,
		signal,
		headers: {
			authorization: `Bearer ${key}`,
			...(sent === undefined ? {} : { 'content-type': 'application/json' }),
			...headers,
		},
		body: sent,
	});
	const text = await response.text();
	let json: Json = {};
	try {
		json = JSON.parse(text) as Json;
	} catch {
		// Some answers are not JSON on purpose.
	}
	return { status: response.status, headers: response.headers, text, json };
}

function dial(change: Json = {}, asked: Asked = {}) {
	return ask('/outbound', { method: 'POST', body: { ...documented, ...change }, ...asked });
}

/** Dials and returns the id of the call. */
async function dialled(change: Json = {}): Promise<string> {
	const { json } = await dial(change);
	return String(json.outboundCallId);
}

async function until(happened: () => boolean): Promise<void> {
	const deadline = Date.now() + 20_000;
	while (!happened()) {
		if (Date.now() > deadline) throw new Error('It did not happen within 20 s');
		await sleep(5);
	}
}

/** Dials, gives up once the simulator has the request whole, and lets it do what it still does. */
async function giveUp(change: Json = {}): Promise<void> {
	const patience = new AbortController();
	const dialling = dial(change, { signal: patience.signal });
	await Promise.race([dialling, until(() => simulator.requests.length === 1)]);
	await sleep(20);
	patience.abort();
	await expect(dialling).rejects.toMatchObject({ name: 'AbortError' });
}

function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}

function query(values: Record<string, string | number>): string {
	const all = { organizationId: ids.organizationId, ...values };
	const parameters = new URLSearchParams();
	for (const [name, value] of Object.entries(all)) parameters.set(name, String(value));
	return `/calls?${parameters}`;
}

describe('POST /outbound', () => {
	it('answers the documented example as documented', async () => {
		const { status, json } = await dial({ callbackUrl: `${callbackUrl}/ok` });
		expect(status).toBe(200);
		expect(json).toEqual({
			outboundCallId: expect.stringMatching(form),
			contactId: expect.stringMatching(form),
			status: 'calling',
			message: 'Outbound call dispatched',
		});
		expect(simulator.dials).toHaveLength(1);
		expect(simulator.dials[0]).toMatchObject({
			outboundCallId: json.outboundCallId,
			organizationId: ids.organizationId,
			body: documented,
		});
		await until(() => simulator.callbacks.length === 1);
	});

	it('answers a short number with the documented body', async () => {
		const { status, json } = await dial({ phoneNumber: '12345' });
		expect(status).toBe(400);
		expect(json).toEqual({
			error: 'Invalid request data',
			details: [
				{
					field: 'phoneNumber',
					message: 'Phone number must be at least 10 digits',
					code: 'too_small',
				},
			],
		});
	});

	it.each<[string, Json, string, string]>([
		['a long number', { phoneNumber: '+15145551234567890123' }, 'phoneNumber', 'too_big'],
		['letters for a number', { phoneNumber: 'abcdefghijkl' }, 'phoneNumber', 'invalid_string'],
		['dashes for a number', { phoneNumber: '+-----------' }, 'phoneNumber', 'invalid_string'],
		['a number as a number', { phoneNumber: 15145551234 }, 'phoneNumber', 'invalid_type'],
		['no number', { phoneNumber: undefined }, 'phoneNumber', 'invalid_type'],
		['no assistant', { assistantId: undefined }, 'assistantId', 'invalid_type'],
		['an id of another form', { assistantId: 'abc' }, 'assistantId', 'invalid_string'],
		['an id of another form', { phoneNumberId: '1' }, 'phoneNumberId', 'invalid_string'],
		['an empty name', { customerName: '' }, 'customerName', 'too_small'],
		['null for a name', { customerName: null }, 'customerName', 'invalid_type'],
		['null for variables', { dynamicVariables: null }, 'dynamicVariables', 'invalid_type'],
		['a list of variables', { dynamicVariables: ['a'] }, 'dynamicVariables', 'invalid_type'],
		[
			'a number as variable',
			{ dynamicVariables: { age: 3 } },
			'dynamicVariables.age',
			'invalid_type',
		],
		['an empty callback URL', { callbackUrl: '' }, 'callbackUrl', 'invalid_string'],
		['an ftp callback URL', { callbackUrl: 'ftp://a.b/c' }, 'callbackUrl', 'invalid_string'],
		['an unknown field', { priority: 'high' }, 'priority', 'unrecognized_keys'],
	])('refuses %s', async (_, change, field, code) => {
		const { status, json } = await dial(change);
		expect({ status, error: json.error }).toEqual({ status: 400, error: 'Invalid request data' });
		expect(json.details).toEqual([{ field, message: expect.any(String), code }]);
		expect(simulator.dials).toHaveLength(0);
	});

	it.each([
		['broken JSON', '{"phoneNumber":'],
		['a list', '[]'],
		['text', '"hello"'],
		['null', 'null'],
		['nothing', ''],
	])('refuses %s as a body', async (_, body) => {
		const { status, json } = await dial({}, { body });
		expect(status).toBe(400);
		expect(json).toMatchObject({ error: 'Invalid request data', details: [{ field: 'body' }] });
	});

	it('refuses another content type, and a body over 1 MB', async () => {
		const typed = await dial({}, { headers: { 'content-type': 'text/plain' } });
		expect(typed.status).toBe(400);
		expect(typed.json).toMatchObject({ details: [{ field: 'content-type' }] });
		const large = await dial({ customerName: 'x'.repeat(1024 * 1024) });
		expect(large.status).toBe(413);
		expect(large.json).toEqual({ error: 'Request body too large' });
		expect(simulator.dials).toHaveLength(0);
	});

	it('looks at the key first', async () => {
		const wrong = await dial({ phoneNumber: '' }, { key: 'sim-organization-keys' });
		expect(wrong.status).toBe(401);
		expect(wrong.json).toEqual({ error: 'Invalid or missing API key' });
		const basic = await dial({}, { headers: { authorization: keys.organization } });
		expect(basic.status).toBe(401);
		expect((await ask('/nothing', { key: 'no' })).status).toBe(401);
	});

	it.each([
		['an unknown assistant', { assistantId: documented.phoneNumberId }],
		['an unknown number', { phoneNumberId: documented.assistantId }],
		[
			'those of another organization',
			{ assistantId: ids.otherAssistantId, phoneNumberId: ids.otherPhoneNumberId },
		],
		['a number of another organization', { phoneNumberId: ids.otherPhoneNumberId }],
	])('does not find %s', async (_, change) => {
		const { status, json } = await dial(change);
		expect(status).toBe(404);
		expect(json).toEqual({ error: 'Assistant or phone number not found' });
	});

	it('refuses an inactive organization', async () => {
		const inactive = {
			assistantId: ids.inactiveAssistantId,
			phoneNumberId: ids.inactivePhoneNumberId,
		};
		const { status, json } = await dial(inactive, { key: keys.inactive });
		expect(status).toBe(403);
		expect(json).toEqual({ error: 'Organization is inactive' });
		expect((await dial(inactive, { key: keys.tenant })).status).toBe(404);
	});

	it('lets the tenant dial for its organizations', async () => {
		const other = { assistantId: ids.otherAssistantId, phoneNumberId: ids.otherPhoneNumberId };
		expect((await dial({}, { key: keys.tenant })).status).toBe(200);
		expect((await dial(other, { key: keys.tenant })).status).toBe(200);
		expect(simulator.dials.map(({ organizationId }) => organizationId)).toEqual([
			ids.organizationId,
			ids.otherOrganizationId,
		]);
	});

	it('knows no other paths and methods', async () => {
		const missing = await ask('/outbounds', { method: 'POST', body: documented });
		expect([missing.status, missing.json]).toEqual([404, { error: 'Not found' }]);
		const wrong = await ask('/outbound');
		expect([wrong.status, wrong.json]).toEqual([405, { error: 'Method not allowed' }]);
		expect(wrong.headers.get('allow')).toBe('POST');
	});
});

describe('number endings', () => {
	it.each([
		['5555', 'completed', 'customer-ended-call'],
		['0001', 'failed', 'call-start-error'],
		['0002', 'busy', 'customer-busy'],
		['0003', 'no-answer', 'customer-did-not-answer'],
	])('…%s ends as %s', async (ending, wanted, endedReason) => {
		simulator.setPace(300);
		const id = await dialled({ phoneNumber: `+1 (514) 555-${ending}` });
		const path = `/outbound/${id}/status`;
		const going = (await ask(path)).json;
		expect(going).toEqual({
			outboundCallId: id,
			contactId: expect.stringMatching(form),
			status: 'calling',
		});
		await sleep(400);
		const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
		expect((await ask(path)).json).toEqual({
			...going,
			status: wanted,
			callDetails: {
				startedAt: time,
				endedAt: time,
				duration: expect.any(Number),
				endedReason,
			},
		});
	});

	it('…0004 never ends, unless told to', async () => {
		const id = await dialled({ phoneNumber: '+15145550004', callbackUrl });
		await sleep(60);
		expect((await ask(`/outbound/${id}/status`)).json.status).toBe('calling');
		await simulator.endCall(id, 'busy');
		expect(simulator.callbacks.map(({ body }) => body.status)).toEqual(['busy']);
		await expect(simulator.endCall(id, 'busy')).rejects.toThrow('already ended');
		await expect(simulator.endCall('x', 'busy')).rejects.toThrow('no outbound call');
	});

	it.each([
		['0005', 400, 'Invalid request data'],
		['0006', 403, 'Organization is inactive'],
		['0007', 404, 'Assistant or phone number not found'],
		['0008', 500, 'Internal server error occurred'],
		['0020', 503, 'Service unavailable'],
	])('…%s is refused with %d %s, each time', async (ending, status, error) => {
		for (let time = 0; time < 2; time += 1) {
			const answer = await dial({ phoneNumber: `+1514555${ending}` });
			expect([answer.status, answer.json.error]).toEqual([status, error]);
			expect(answer.headers.get('retry-after')).toBeNull();
		}
		expect(simulator.dials).toHaveLength(0);
	});

	it.each([
		['0009', 429],
		['0010', 503],
		['0019', 429],
	])('…%s is refused with %d the first time', async (ending, status) => {
		const first = await dial({ phoneNumber: `+1514555${ending}` });
		expect(first.status).toBe(status);
		const after = first.headers.get('retry-after') ?? '';
		if (ending === '0019') {
			expect(Date.parse(after) - Date.now()).toBeGreaterThan(0);
			expect(Date.parse(after) - Date.now()).toBeLessThanOrEqual(2000);
		} else {
			expect(after).toBe('1');
		}
		expect(simulator.dials).toHaveLength(0);
		expect((await dial({ phoneNumber: `+1514555${ending}` })).status).toBe(200);
		expect((await dial({ phoneNumber: `+1438555${ending}` })).status).toBe(status);
		expect(simulator.dials).toHaveLength(1);
	});

	it('…0011 is dialled and reset', async () => {
		await expect(dial({ phoneNumber: '+15145550011' })).rejects.toMatchObject({
			cause: { code: 'ECONNRESET' },
		});
		expect(simulator.dials).toHaveLength(1);
		expect(simulator.requests[0]?.status).toBeUndefined();
	});

	it('…0012 is dialled and not answered', async () => {
		await giveUp({ phoneNumber: '+15145550012' });
		expect(simulator.dials).toHaveLength(1);
	});

	it.each([
		['0013', 502, /^<!DOCTYPE html>/],
		['0014', 200, /^\{"outboundCallId":"[^}]*$/],
		['0015', 200, /^<!DOCTYPE html>/],
		['0016', 200, /^$/],
		['0017', 200, /^\{"outboundCallId":12345,/],
	])('…%s is dialled and answered badly', async (ending, status, body) => {
		const answer = await dial({ phoneNumber: `+1514555${ending}` });
		expect(answer.status).toBe(status);
		expect(answer.text).toMatch(body);
		expect(simulator.dials).toHaveLength(1);
	});

	it('…0018 is answered late', async () => {
		const start = Date.now();
		expect((await dial({ phoneNumber: '+15145550018' })).status).toBe(200);
		expect(Date.now() - start).toBeGreaterThanOrEqual(2950);
	});

	it('…0021, 0022, 0023 and 0024 differ in their callbacks', async () => {
		await dial({ phoneNumber: '+15145550021', callbackUrl });
		await until(() => simulator.callbacks.length === 2);
		expect(simulator.callbacks.map(({ attempt }) => attempt).sort()).toEqual([1, 2]);

		simulator.reset();
		simulator.setPace(100);
		const late = await dialled({ phoneNumber: '+15145550022', callbackUrl });
		const none = await dialled({ phoneNumber: '+15145550023', callbackUrl });
		await sleep(200);
		expect(simulator.callbacks).toHaveLength(0);
		expect((await ask(`/outbound/${none}/status`)).json.status).toBe('completed');
		await until(() => simulator.callbacks.length === 1);
		await sleep(60);
		expect(simulator.callbacks.map(({ outboundCallId }) => outboundCallId)).toEqual([late]);

		simulator.reset();
		simulator.setPace(60_000);
		const { json } = await dial({ phoneNumber: '+15145550024', callbackUrl });
		expect(json.status).toBe('calling');
		expect(simulator.callbacks).toMatchObject([
			{ outboundCallId: json.outboundCallId, body: { status: 'completed' } },
		]);
	});

	it('…0025 is logged late, 0026 and 0027 have a neighbour in the log', async () => {
		simulator.setPace(60);
		const loggedTo = async (called: string) => {
			const { json } = await ask(`/calls?organizationId=${ids.organizationId}&callType=Outbound`);
			const calls = json.calls as Array<{ userPhoneNumber: string; callStartedAt: string }>;
			return calls.filter(({ userPhoneNumber }) => userPhoneNumber === called);
		};
		const ended = async (called: string) => {
			const id = await dialled({ phoneNumber: called, callbackUrl });
			await until(() => simulator.callbacks.some((it) => it.outboundCallId === id));
		};
		await ended('+15145550025');
		expect(await loggedTo('+15145550025')).toHaveLength(0);
		await sleep(400);
		expect(await loggedTo('+15145550025')).toHaveLength(1);

		await ended('+15145550026');
		const [second, first] = await loggedTo('+15145550026');
		expect(Date.parse(second?.callStartedAt ?? '') - Date.parse(first?.callStartedAt ?? '')).toBe(
			2000,
		);

		await ended('+15145550027');
		expect(await loggedTo('+15145550027')).toHaveLength(1);
		expect(await loggedTo('+14385551999')).toHaveLength(1);
	});

	it('are all in the documentation', () => {
		const page = readFileSync(join(projectRoot, 'docs/simulator.md'), 'utf8');
		for (const [ending, { does }] of Object.entries(numberEndings)) {
			expect(page).toContain(`| \`${ending}\` | ${does} |`);
		}
	});
});

describe('GET /outbound/{id}/status', () => {
	it('knows neither unknown ids nor those of others', async () => {
		const id = await dialled();
		const notFound = { error: 'Outbound call not found' };
		for (const [key, asked] of [
			[keys.otherOrganization, id],
			[keys.organization, ids.assistantId],
			[keys.organization, 'x%zz'],
		]) {
			const answer = await ask(`/outbound/${asked}/status`, { key });
			expect([answer.status, answer.json]).toEqual([404, notFound]);
		}
		expect((await ask(`/outbound/${id}/status`, { key: keys.tenant })).status).toBe(200);
		expect((await ask(`/outbound/${id}/status`, { key: '' })).status).toBe(401);
	});
});

describe('callbacks', () => {
	it('come once and mirror the status', async () => {
		const id = await dialled({ callbackUrl: `${callbackUrl}/ok` });
		await until(() => simulator.callbacks.length === 1);
		await sleep(60);
		const { json } = await ask(`/outbound/${id}/status`);
		expect(received).toEqual([{ ...json, type: 'application/json' }]);
		expect(simulator.callbacks).toEqual([
			{
				at: expect.any(Number),
				outboundCallId: id,
				url: `${callbackUrl}/ok`,
				body: json,
				status: 200,
				responseBody: '{"received":true}',
				attempt: 1,
			},
		]);
		expect(await simulator.deliverCallback(id)).toMatchObject({ attempt: 2, status: 200 });
		expect(received).toHaveLength(2);
	});

	it('follow no redirect, give up in time, and are not repeated', async () => {
		await dial({ callbackUrl: `${callbackUrl}/redirect` });
		await until(() => simulator.callbacks.length === 1);
		await dial({ callbackUrl: `${callbackUrl}/hang` });
		await until(() => simulator.callbacks.length === 2);
		await dial({ callbackUrl: 'http://127.0.0.1:9/' });
		await until(() => simulator.callbacks.length === 3);
		await sleep(60);
		expect(received).toHaveLength(2);
		expect(simulator.callbacks.map(({ status, error }) => status ?? error)).toEqual([
			302,
			'No answer within 300 ms',
			expect.stringContaining('ECONNREFUSED'),
		]);
	});

	it('can be multiplied and delayed', async () => {
		const delays = [80, 0, 40];
		simulator.setCallbacks({ copies: () => 3, delayMs: () => delays.shift() ?? 0 });
		const id = await dialled({ phoneNumber: '+15145550004', callbackUrl });
		await simulator.endCall(id, 'failed');
		expect(simulator.callbacks.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
		simulator.setCallbacks({ copies: 0 });
		const silent = await dialled({ phoneNumber: '+15145550004', callbackUrl });
		await simulator.endCall(silent, 'failed');
		expect(simulator.callbacks).toHaveLength(3);
	});

	it('of a call from before a reset never come', async () => {
		await dial({ callbackUrl });
		simulator.reset();
		await sleep(80);
		expect([received, simulator.callbacks, simulator.dials]).toEqual([[], [], []]);
	});

	it('takes as long as at the start again after a reset', async () => {
		simulator.setPace(60_000);
		simulator.reset();
		await dial({ callbackUrl });
		await until(() => simulator.callbacks.length === 1);
		expect(simulator.callbacks[0]?.body).toMatchObject({ status: 'completed' });
	});
});

describe('GET /calls', () => {
	interface List {
		calls: Json[];
		pagination: Json;
	}

	async function list(values: Record<string, string | number> = {}): Promise<List> {
		const { status, json } = await ask(query(values));
		expect(status).toBe(200);
		return json as unknown as List;
	}

	it('pages through everything exactly once', async () => {
		const seen: unknown[] = [];
		for (let page = 1, more: unknown = true; more === true; page += 1) {
			const { calls, pagination } = await list({ page, limit: 50 });
			seen.push(...calls.map(({ id }) => id));
			expect(pagination).toEqual({
				page,
				limit: 50,
				total: 120,
				totalPages: 3,
				hasNextPage: page < 3,
				hasPreviousPage: page > 1,
			});
			more = pagination.hasNextPage;
		}
		expect(new Set(seen).size).toBe(120);
		expect(seen).toHaveLength(120);
		expect((await list()).calls).toHaveLength(20);
		expect((await list({ page: 9 })).calls).toEqual([]);
	});

	it('shows the documented fields', async () => {
		const { calls } = await list({ limit: 50 });
		expect(calls[0]).toEqual({
			id: expect.stringMatching(form),
			organizationId: ids.organizationId,
			callType: 'Inbound',
			agentId: expect.any(String),
			agentName: expect.any(String),
			teamId: null,
			teamName: null,
			phoneNumber: expect.any(String),
			callStartedAt: expect.any(String),
			callEndedAt: expect.any(String),
			callDurationSeconds: expect.stringMatching(/^\d+$/),
			userPhoneNumber: expect.any(String),
			createdAt: expect.any(String),
		});
		expect(calls.some((call) => !('teamName' in call))).toBe(true);
		expect(calls.some((call) => typeof call.teamName === 'string')).toBe(true);
	});

	it('filters and sorts', async () => {
		const all = [...(await list({ limit: 50 })).calls];
		expect((await list({ callType: 'Web', limit: 50 })).pagination.total).toBe(40);
		const named = await list({ agentName: 'nuit' });
		expect(named.calls.every(({ agentName }) => agentName === 'Réception de nuit')).toBe(true);
		expect(named.pagination.total).toBe(30);
		expect((await list({ userPrimaryIntent: 'opening_hours' })).pagination.total).toBe(30);
		expect((await list({ userPrimaryIntent: 'opening' })).pagination.total).toBe(0);
		const [newest, second] = all.map(({ callStartedAt }) => String(callStartedAt));
		expect((await list({ from: second ?? '' })).pagination.total).toBe(2);
		expect((await list({ from: second ?? '', to: second ?? '' })).pagination.total).toBe(1);
		expect((await list({ to: '2025-03-03' })).pagination.total).toBe(0);
		expect(String(newest) > String(second)).toBe(true);
		const oldest = (await list({ sort: 'asc' })).calls[0];
		expect(String(oldest?.callStartedAt) < String(second)).toBe(true);
		const seconds = (found: List) => found.calls.map((call) => Number(call.callDurationSeconds));
		const rising = seconds(await list({ sort: 'duration_asc' }));
		expect(rising).toEqual([...rising].sort((a, b) => a - b));
		const falling = seconds(await list({ sort: 'duration_desc' }));
		expect(falling).toEqual([...falling].sort((a, b) => b - a));
		expect(falling[0]).toBeGreaterThan(rising[0] ?? 0);
	});

	it.each([
		['organizationId', '/calls'],
		['limit', query({ limit: 51 })],
		['limit', query({ limit: 0 })],
		['page', query({ page: 0 })],
		['page', query({ page: '1.5' })],
		['callType', query({ callType: 'inbound' })],
		['sort', query({ sort: 'up' })],
		['from', query({ from: 'yesterday' })],
		['to', query({ to: '2026-02-30' })],
		['from', query({ from: '2026-04-02', to: '2026-04-01T10:00:00Z' })],
		['page', `${query({ page: 1 })}&page=2`],
		['agent', query({ agent: 'x' })],
	])('refuses a wrong %s (%s)', async (field, path) => {
		const { status, json } = await ask(path);
		expect(status).toBe(400);
		expect(json).toEqual({
			error: 'Invalid request data',
			details: [{ field, message: expect.any(String), code: expect.any(String) }],
		});
	});

	it('shows organizations only to their keys', async () => {
		const of = (organizationId: string, key: string) => ask(query({ organizationId }), { key });
		expect((await of(ids.otherOrganizationId, keys.otherOrganization)).status).toBe(200);
		expect((await of(ids.otherOrganizationId, keys.tenant)).status).toBe(200);
		for (const [id, key] of [
			[ids.otherOrganizationId, keys.organization],
			[ids.foreignOrganizationId, keys.tenant],
			['unknown', keys.organization],
		] as const) {
			const answer = await of(id, key);
			expect([answer.status, answer.json]).toEqual([404, { error: 'Organization not found' }]);
		}
	});

	it('gains every call that ends', async () => {
		const id = await dialled({ phoneNumber: '+15145550002' });
		await until(() => simulator.dials.length === 1);
		await sleep(60);
		const { calls, pagination } = await list({ limit: 1 });
		expect(pagination.total).toBe(121);
		expect(calls[0]).toMatchObject({ userPhoneNumber: '+15145550002', callType: 'Outbound' });
		expect(calls[0]?.id).not.toBe(id);
	});
});

describe('GET /calls/{id} and the files', () => {
	it('gives links that open without the key, and only without it', async () => {
		const id = simulator.addCall({ userName: 'Zoé' });
		const { json } = await ask(`/calls/${id}`);
		expect(json).toMatchObject({ id, userName: 'Zoé', callOutcome: 'appointment_confirmed' });
		expect(String(json.transcriptUrl).startsWith(simulator.fileUrl)).toBe(true);
		const transcript = await fetch(String(json.transcriptUrl));
		expect(transcript.headers.get('content-type')).toMatch(/^text\/plain/);
		expect(await transcript.text()).toContain('Zoé');
		const recording = await fetch(String(json.recordingUrl));
		expect(recording.headers.get('content-type')).toBe('audio/wav');
		const audio = Buffer.from(await recording.arrayBuffer());
		expect(audio.subarray(0, 4).toString()).toBe('RIFF');
		expect(audio.readUInt32LE(4)).toBe(audio.length - 8);
		const authorization = `Bearer ${keys.organization}`;
		const refused = await fetch(String(json.recordingUrl), { headers: { authorization } });
		expect(refused.status).toBe(400);
		expect(await refused.text()).toContain('Only one auth mechanism allowed');
		expect(simulator.fileRequests.map(({ status }) => status)).toEqual([200, 200, 400]);
		expect(simulator.fileRequests[2]?.headers.authorization).toBe(authorization);
	});

	it('lets links expire, and gives fresh ones', async () => {
		const id = simulator.addCall();
		const old = (await ask(`/calls/${id}`)).json;
		simulator.expireLinks();
		const expired = await fetch(String(old.transcriptUrl));
		expect([expired.status, await expired.text()]).toEqual([
			403,
			expect.stringContaining('Request has expired'),
		]);
		const fresh = (await ask(`/calls/${id}`)).json;
		expect((await fetch(String(fresh.transcriptUrl))).status).toBe(200);
		const forged = String(fresh.transcriptUrl).replace(/expires=\d/, 'expires=9');
		expect((await fetch(forged)).status).toBe(403);
	});

	it('has links that are null, missing or elsewhere', async () => {
		const id = simulator.addCall({
			recordingUrl: 'https://elsewhere.example/a.wav',
			transcriptUrl: undefined,
		});
		const { json } = await ask(`/calls/${id}`);
		expect(json.recordingUrl).toBe('https://elsewhere.example/a.wav');
		expect('transcriptUrl' in json).toBe(false);
		const seeded = (await ask('/calls/70000000-0000-4000-8000-000000000010')).json;
		expect(seeded).toMatchObject({ recordingUrl: null, transcriptUrl: null });
	});

	it('does not show the calls of others', async () => {
		const answer = await ask('/calls/71000000-0000-4000-8000-000000000001');
		expect([answer.status, answer.json]).toEqual([404, { error: 'Call not found' }]);
	});
});

describe('organizations', () => {
	const key = keys.tenant;
	const clinic = {
		name: 'Clinique Étoile',
		email: 'office@etoile.example',
		address: '1 Rue Étoile',
		city: 'Montréal',
		stateProvince: 'QC',
		postalCode: 'H2X 1Y4',
		country: 'Canada',
		phoneNumber: '+15145550199',
		timezone: 'America/Toronto',
	};
	const main = `/organization/${ids.organizationId}`;

	it.each([
		['GET', '/organization'],
		['POST', '/organization'],
		['GET', main],
		['PUT', main],
		['PUT', `${main}/metadata`],
	])('%s %s is for tenants only', async (method, path) => {
		const { status, json } = await ask(path, { method });
		expect([status, json]).toEqual([403, { error: 'Insufficient permissions' }]);
	});

	it('are listed, searched, sorted and paged', async () => {
		const list = async (path: string) =>
			(await ask(path, { key })).json as { organizations: Json[]; pagination: Json };
		const first = await list('/organization');
		expect(first.organizations).toHaveLength(10);
		expect(first.pagination).toMatchObject({ total: 25, totalPages: 3, hasNextPage: true });
		const last = await list('/organization?page=3&sort=desc');
		expect(last.organizations).toHaveLength(5);
		expect(last.organizations[4]?.name).toBe(first.organizations[0]?.name);
		const found = await list('/organization?search=other');
		expect(found.organizations.map(({ id }) => id)).toEqual([ids.otherOrganizationId]);
		for (const wrong of ['limit=101', 'sort=up', 'page=x', 'name=x']) {
			expect((await ask(`/organization?${wrong}`, { key })).status).toBe(400);
		}
	});

	it('are created, read and changed', async () => {
		const body = { ...clinic, externalId: 'e1' };
		const made = await ask('/organization', { method: 'POST', key, body });
		expect(made.status).toBe(200);
		expect(made.json).toEqual({
			...clinic,
			id: expect.stringMatching(form),
			tenantId: ids.tenantId,
			createdAt: expect.any(String),
			createdBy: expect.any(String),
		});
		const path = `/organization/${String(made.json.id)}`;
		const change = { name: 'Étoile', email: 'new@etoile.example', timezone: 'Europe/Paris' };
		const changed = await ask(path, { method: 'PUT', key, body: change });
		expect(changed.json).toEqual({ ...made.json, ...change });
		const read = await ask(path, { key });
		expect(read.json.currentOrg).toEqual(changed.json);
		expect(read.json.userOrgs).toHaveLength(26);
	});

	it('need every field, a known time zone and nothing else', async () => {
		for (const field of Object.keys(clinic)) {
			const body = { ...clinic, [field]: undefined };
			const { status, json } = await ask('/organization', { method: 'POST', key, body });
			expect(status).toBe(400);
			expect(json.details).toMatchObject([{ field, code: 'invalid_type' }]);
		}
		for (const change of [{ timezone: 'America/Montreal' }, { email: 'x' }, { colour: 'red' }]) {
			const body = { ...clinic, ...change };
			const { status } = await ask('/organization', { method: 'POST', key, body });
			expect(status).toBe(400);
		}
		const body = { name: 'Only a name' };
		expect((await ask(main, { method: 'PUT', key, body })).status).toBe(400);
	});

	it('are unknown when another tenant has them', async () => {
		const path = `/organization/${ids.foreignOrganizationId}`;
		const answer = await ask(path, { key });
		expect([answer.status, answer.json]).toEqual([404, { error: 'Organization not found' }]);
	});

	it('have metadata that follow the schema of the tenant', async () => {
		const put = (metadata: unknown, path = `${main}/metadata`) =>
			ask(path, { method: 'PUT', key, body: { metadata } });
		const metadata = { clinicCode: 'MTL-1', bedCount: 4 };
		const first = await put(metadata);
		expect(first.json).toEqual({
			id: expect.stringMatching(form),
			organizationId: ids.organizationId,
			version: 1,
			metadata,
			createdAt: expect.any(String),
			createdBy: expect.any(String),
		});
		expect((await put(metadata)).json.version).toBe(2);
		const wrong = await put({ clinicCode: 1 });
		expect(wrong.status).toBe(400);
		expect(wrong.json).toMatchObject({
			error: 'Invalid metadata',
			details: [{ field: 'metadata.clinicCode', code: 'invalid_type' }],
		});
		expect((await put({ clinicCode: 'a', more: 1 })).status).toBe(400);
		const unknown = await put(metadata, '/organization/unknown/metadata');
		expect([unknown.status, unknown.json]).toEqual([404, { error: 'Metadata not found' }]);
	});
});

describe('faults', () => {
	const match = { method: 'POST', path: '/outbound' };

	it.each([
		['reset-before', 0],
		['reset-after', 1],
	] as const)('%s leaves %d dials', async (kind, dials) => {
		simulator.fault({ kind, match });
		await expect(dial()).rejects.toThrow('fetch failed');
		expect(simulator.dials).toHaveLength(dials);
		expect((await dial()).status).toBe(200);
	});

	it.each([
		['timeout-before', 0],
		['timeout-after', 1],
	] as const)('%s leaves %d dials', async (kind, dials) => {
		simulator.fault({ kind, match });
		await giveUp();
		expect(simulator.dials).toHaveLength(dials);
	});

	it('stalled leaves a dial, and half of its answer', async () => {
		simulator.fault({ kind: 'stalled', match });
		const patience = new AbortController();
		const answer = await fetch(`${simulator.baseUrl}/outbound`, {
			method: 'POST',
			headers: { authorization: `Bearer ${keys.organization}`, 'content-type': 'application/json' },
			body: JSON.stringify(documented),
			signal: patience.signal,
		});
		expect(answer.status).toBe(200);
		const half = answer.text();
		await expect(Promise.race([half, sleep(50)])).resolves.toBeUndefined();
		patience.abort();
		await expect(half).rejects.toMatchObject({ name: 'AbortError' });
		expect(simulator.dials).toHaveLength(1);
	});

	it('answers with a status as often as told', async () => {
		const headers = { 'retry-after': '7' };
		simulator.fault({ kind: 'status', status: 429, headers, body: 'busy', times: 2, match });
		for (let time = 0; time < 2; time += 1) {
			const answer = await dial();
			expect([answer.status, answer.text]).toEqual([429, 'busy']);
			expect(answer.headers.get('retry-after')).toBe('7');
		}
		expect(simulator.dials).toHaveLength(0);
		expect((await dial()).status).toBe(200);
		simulator.fault({ kind: 'status', status: 401 });
		expect((await dial()).json).toEqual({ error: 'Invalid or missing API key' });
	});

	it('spoils answers of requests that took effect', async () => {
		const { number, texts } = { number: documented.phoneNumber, texts: [] as string[] };
		for (const kind of ['truncated', 'html', 'empty', 'wrong-types'] as const) {
			simulator.fault({ kind, match: { number } });
			texts.push((await dial()).text);
		}
		expect(texts).toEqual([
			expect.stringMatching(/^\{"outbound[^}]*$/),
			expect.stringContaining('<h1>200 OK</h1>'),
			'',
			expect.stringContaining('"outboundCallId":12345'),
		]);
		expect(simulator.dials).toHaveLength(4);
		simulator.fault({ kind: 'slow', delayMs: 120 });
		const start = Date.now();
		expect((await dial()).status).toBe(200);
		expect(Date.now() - start).toBeGreaterThanOrEqual(110);
	});

	it('matches by method, path, number and host', async () => {
		simulator.fault({ kind: 'status', match: { number: '+15145559999' }, times: 9 });
		simulator.fault({ kind: 'status', match: { path: '/outbound/*/status' }, times: 9 });
		simulator.fault({ kind: 'status', match: { path: /calls\?.*limit=3/g }, times: 9 });
		simulator.fault({ kind: 'status', match: { host: 'files' }, times: 9 });
		const first = await dial();
		expect(first.status).toBe(200);
		expect((await dial({ phoneNumber: '+15145559999' })).status).toBe(500);
		expect((await ask(`/outbound/${String(first.json.outboundCallId)}/status`)).status).toBe(500);
		expect((await ask(query({ limit: 3 }))).status).toBe(500);
		expect((await ask(query({ limit: 4 }))).status).toBe(200);
		expect((await fetch(`${simulator.fileUrl}/x`)).status).toBe(500);
		simulator.fault(null);
		expect((await ask(query({ limit: 3 }))).status).toBe(200);
	});

	it('can be set over HTTP', async () => {
		const control = async (method: string, path: string, body?: unknown) => {
			const response = await fetch(simulator.baseUrl.replace('/api', `/_simulator/${path}`), {
				method,
				headers: { 'content-type': 'application/json' },
				body: body === undefined ? undefined : JSON.stringify(body),
			});
			return { status: response.status, json: (await response.json()) as Json };
		};
		expect((await control('POST', 'faults', { kind: 'status', status: 502 })).status).toBe(200);
		expect((await control('POST', 'faults', { kind: 'nonsense' })).status).toBe(400);
		expect((await dial()).status).toBe(502);
		await control('POST', 'faults', { kind: 'status', times: 5 });
		await control('DELETE', 'faults');
		const random = { ms: { from: 1, to: 5 } };
		expect((await control('POST', 'pace', random)).json).toEqual(random);
		expect((await control('POST', 'pace', { ms: { from: 5, to: 1 } })).status).toBe(400);
		await control('POST', 'pace', { ms: 60_000 });
		const id = await dialled({ callbackUrl });
		const ended = await control('POST', `calls/${id}/end`, { status: 'no-answer' });
		expect(ended.json).toMatchObject({ outboundCallId: id, status: 'no-answer' });
		expect((await control('POST', `calls/${id}/end`, { status: 'busy' })).status).toBe(400);
		expect((await control('GET', 'nothing')).status).toBe(404);
		const outOfOrder = { copies: 2, delayMs: { from: 0, to: 5 } };
		expect((await control('POST', 'callbacks', outOfOrder)).json).toEqual(outOfOrder);
		for (const wrong of [{ copies: -1 }, { delayMs: { from: 2, to: 1 } }, { late: true }]) {
			expect((await control('POST', 'callbacks', wrong)).status).toBe(400);
		}
		expect((await control('POST', 'capacity', { calls: 0 })).json).toEqual({ calls: 0 });
		expect((await dial()).status).toBe(429);
		expect((await control('POST', 'capacity', { calls: '5' })).status).toBe(400);
		await control('POST', 'capacity', { calls: 5 });
		const doubled = await dialled({ callbackUrl });
		await control('POST', `calls/${doubled}/end`, { status: 'busy' });
		expect(simulator.callbacks.filter((it) => it.outboundCallId === doubled)).toHaveLength(2);
		const { dials } = (await control('GET', 'dials')).json as { dials: Json[] };
		expect(dials.map(({ outboundCallId }) => outboundCallId)).toEqual([id, doubled]);
		expect(dials[0]?.body).toMatchObject({ callbackUrl });
		expect((await control('GET', 'state')).json).toMatchObject({
			dials: 2,
			calls: { calling: 0, busy: 1, 'no-answer': 1 },
			callbacks: { delivered: 3, failed: 0 },
			faults: [],
			pace: 60_000,
			mostInProgress: 1,
		});
		expect(simulator.requests).toHaveLength(4);
	});
});

describe('calls in progress', () => {
	it('are counted, and limited where it is told to: more get 429 until one has ended', async () => {
		simulator.setPace(60_000);
		expect(simulator.mostInProgress()).toBe(0);
		const [first] = [await dialled(), await dialled()];
		simulator.setCapacity(2);
		expect((await dial()).status).toBe(429);
		expect(simulator.dials).toHaveLength(2);
		await simulator.endCall(String(first), 'busy');
		await dialled();
		expect((await dial()).status).toBe(429);
		expect(simulator.mostInProgress()).toBe(2);
		simulator.reset();
		expect(simulator.mostInProgress()).toBe(0);
		expect((await dial()).status).toBe(200);
	});
});

describe('as a whole', () => {
	it('logs readable lines without full keys, and stops with requests open', async () => {
		const lines: string[] = [];
		const own = await startSimulator({ pace: 5, log: (line) => lines.push(line) });
		const call = (change: Json) =>
			fetch(`${own.baseUrl}/outbound`, {
				method: 'POST',
				headers: {
					authorization: `Bearer ${keys.organization}`,
					'content-type': 'application/json',
				},
				body: JSON.stringify({ ...documented, ...change }),
			});
		await call({ callbackUrl: `${callbackUrl}/?key=${keys.organization}` });
		await until(() => own.callbacks.length === 1);
		const hanging = expect(call({ phoneNumber: '+15145550012' })).rejects.toThrow();
		await until(() => own.dials.length === 2);
		await own.stop();
		await hanging;
		const text = lines.join('\n');
		expect(text).toContain('<- POST /api/outbound +15145551234');
		expect(text).toContain('-> 200 calling');
		expect(text).toMatch(/callback -> http.* completed: 200 \{"received":true\}/);
		expect(text).not.toContain(keys.organization);
	});

	it('says so when its port is taken', async () => {
		const port = Number(new URL(simulator.baseUrl).port);
		await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
	});

	it('makes recordings of the size asked for', async () => {
		const own = await startSimulator({ recordingBytes: 1_000_000 });
		try {
			const response = await fetch(`${own.baseUrl}/calls/${own.addCall()}`, {
				headers: { authorization: `Bearer ${keys.organization}` },
			});
			const { recordingUrl } = (await response.json()) as Json;
			const audio = await (await fetch(String(recordingUrl))).arrayBuffer();
			expect(audio.byteLength).toBe(1_000_000);
		} finally {
			await own.stop();
		}
	});
});
