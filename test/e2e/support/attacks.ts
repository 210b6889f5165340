import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { event } from './triggers';

/** What an attacker is taken to know: URLs that were signed for others, and one whose result has come. */
export interface Known {
	/** The trigger's URL, which anyone may know. */
	trigger: string;
	/** A signed URL of that trigger, whose result has come. */
	replayed: { url: string; body: object };
	/** A signed URL of another workflow's trigger. */
	otherWorkflow: string;
	/** A URL of that trigger, signed with another API key. */
	otherKey: string;
	/** A signed URL of a waiting execution, and the call that it is for. */
	waiting: { url: string; outboundCallId: string };
}

/** A request that must not start or resume anything. */
export interface Attack {
	name: string;
	/** How it must be answered: the status, and what the body holds. */
	status: number;
	says?: string;
	request(known: Known): Request;
}

interface Request {
	url: string;
	method?: string;
	headers?: Record<string, string>;
	body?: string | object;
}

const json = { 'content-type': 'application/json' };

const at = (url: string, change: (url: URL) => void): string => {
	const changed = new URL(url);
	change(changed);
	return changed.href;
};

const query = (name: string, value: (old: string) => string) => (url: URL) =>
	url.searchParams.set(name, value(url.searchParams.get(name) ?? ''));

const altered = (text: string) => text.slice(0, 5) + (text[5] === 'A' ? 'B' : 'A') + text.slice(6);

/** Levels of lists in lists. */
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

const withField = (field: string) => {
	const text = JSON.stringify(event());
	return `${text.slice(0, -1)},${field}}`;
};

export const attacks: Attack[] = [
	...forgeries(),
	...bodies(),
	...addresses(),
	{
		name: 'The genuine callback again',
		status: 200,
		says: '"ignored":"duplicate"',
		request: ({ replayed: { url, body } }) => ({ url, body }),
	},
	...['calling', 'voicemail'].map((status) => ({
		name: `A status that is no result (${status})`,
		status: 200,
		says: '"ignored":"status"',
		request: ({ replayed: { url } }: Known) => ({ url, body: event(status) }),
	})),
];

/** Results that somebody has made up, of calls that AlloMia does not know. */
function forgeries(): Attack[] {
	const made = (name: string, url: (known: Known) => string, headers = {}): Attack => ({
		name,
		status: 401,
		says: 'Unverified callback',
		request: (known) => ({ url: url(known), headers: { ...json, ...headers }, body: event() }),
	});
	const signed = (change: (url: URL) => void) => (known: Known) => at(known.replayed.url, change);
	const context = 'alloMiaContext';
	const signature = 'alloMiaSignature';
	return [
		made('Made up, without a signature', ({ trigger }) => trigger),
		made('An invented signature', signed(query(signature, () => 'A'.repeat(43)))),
		made('A signature with a changed character', signed(query(signature, altered))),
		made('A signature with something behind it', signed(query(signature, (old) => `${old}=`))),
		made('Changed metadata', signed(query(context, altered))),
		made(
			'Empty metadata and signature',
			signed((url) => {
				url.searchParams.set(context, '');
				url.searchParams.set(signature, '');
			}),
		),
		made(
			'The signature twice',
			signed((url) => url.searchParams.append(signature, 'x')),
		),
		made(
			'The signature as an object',
			({ trigger }) => `${trigger}?${context}[a]=1&${signature}[b]=2`,
		),
		made(
			'A name of a prototype in the query',
			({ trigger }) => `${trigger}?__proto__[${context}]=x&constructor=y`,
		),
		made(
			'Signed for the trigger of another workflow',
			({ trigger, otherWorkflow }) => trigger + new URL(otherWorkflow).search,
		),
		made('Signed with another API key', ({ otherKey }) => otherKey),
		made('Headers that say what it should be', ({ trigger }) => trigger, {
			'x-http-method-override': 'PUT',
			'x-original-url': '/rest/login',
			'x-forwarded-for': '127.0.0.1',
			'x-forwarded-host': 'allomia.com',
			'x-allomia-look': '1',
			authorization: 'Bearer x',
		}),
		made('To a waiting execution, of another call', ({ waiting: { url } }) => url),
		made('To a waiting execution, with a changed signature', ({ waiting: { url } }) =>
			at(url, query(signature, altered)),
		),
		made('To a waiting execution, signed for a trigger', ({ waiting: { url }, replayed }) =>
			at(url, (it) => {
				for (const name of [context, signature]) {
					it.searchParams.set(name, new URL(replayed.url).searchParams.get(name) ?? '');
				}
			}),
		),
	];
}

/** Bodies that are no status object, with a valid signature. */
function bodies(): Attack[] {
	const body = (
		name: string,
		text: string | object,
		says = 'Invalid callback',
		headers = json,
	): Attack => ({
		name,
		status: 400,
		says,
		request: ({ replayed: { url } }) => ({ url, headers, body: text }),
	});
	const form = { 'content-type': 'application/x-www-form-urlencoded' };
	return [
		body('Text', 'status=completed', 'application/json', { 'content-type': 'text/plain' }),
		body('A form', 'outboundCallId=1&status=completed', 'application/json', form),
		body(
			'An upload',
			'--x\r\ncontent-disposition: form-data; name="status"\r\n\r\nbusy\r\n--x--\r\n',
			'application/json',
			{
				'content-type': 'multipart/form-data; boundary=x',
			},
		),
		body('A list', [event()]),
		body('Nothing', {}),
		body('Nothing at all', ''),
		body('Numbers in place of text', { ...event(), outboundCallId: 7, status: 8 }),
		body('Objects in place of text', {
			...event(),
			outboundCallId: { $ne: null },
			status: ['busy'],
		}),
		body('An ID that is none', { ...event(), outboundCallId: "' OR 1=1 --" }),
		body('A path as an ID', { ...event(), outboundCallId: '../../organization' }),
		body('Details that are none', { ...event(), callDetails: 'long' }),
		...['__proto__', 'constructor', 'prototype'].map((name) =>
			body(`A property named ${name}`, withField(`"${name}":{"isAdmin":true}`), 'is not allowed'),
		),
		body('One deep inside', withField('"a":[{"b":{"__proto__":{"c":1}}}]'), 'is not allowed'),
		body('A thousand levels of nesting', withField(`"a":${nested(1_000)}`)),
		body('200 kB', withField(`"a":"${'x'.repeat(200_000)}"`)),
		{ ...body('Broken JSON', '{"status":"completed"'), status: 422, says: 'parse' },
		{ ...body('17 MB', withField(`"a":"${'x'.repeat(17_000_000)}"`)), status: 500, says: '' },
	];
}

/** Requests that lead elsewhere. */
function addresses(): Attack[] {
	const lost = (
		name: string,
		url: (known: Known) => string,
		method = 'POST',
		status = 404,
	): Attack => ({
		name,
		status,
		request: (known) => ({
			url: url(known),
			method,
			headers: json,
			body: method === 'GET' ? undefined : event(),
		}),
	});
	return [
		...['GET', 'PUT', 'PATCH', 'DELETE'].map((method) =>
			lost(`The method ${method}`, ({ replayed: { url } }) => url, method),
		),
		lost('A folder below', ({ trigger }) => `${trigger}/more`),
		lost('A folder above, encoded', ({ trigger }) => `${trigger}/%2e%2e%2f%2e%2e%2fx`),
		lost('Another workflow’s ID', ({ trigger }) => trigger.replace(/[^/]+$/, randomUUID())),
		lost('An execution that does not exist', ({ waiting: { url } }) =>
			url.replace(/\/\d+\//, '/999999999/'),
		),
		lost('Headers of 20 kB', ({ trigger }) => `${trigger}?x=${'x'.repeat(20_000)}`, 'POST', 431),
	];
}

/** Sends an attack, and returns how it was answered. */
export async function strike(
	attack: Attack,
	known: Known,
): Promise<{ status: number; text: string }> {
	const { url, method = 'POST', headers = json, body } = attack.request(known);
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	return await send(url, method, { ...headers, connection: 'close' }, text);
}

/** Not `fetch`: it corrects URLs. */
async function send(url: string, method: string, headers: Record<string, string>, body = '') {
	const { hostname, port } = new URL(url);
	const path = url.replace(/^[^/]+\/\/[^/]+/, '');
	return await new Promise<{ status: number; text: string }>((resolve, reject) => {
		const length = { 'content-length': String(Buffer.byteLength(body)) };
		const request = http.request({
			hostname,
			port,
			path,
			method,
			headers: { ...headers, ...length },
		});
		request.setTimeout(30_000, () => request.destroy(new Error('No answer within 30 s')));
		request.on('error', reject);
		request.on('response', (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', reject);
			response.on('end', () =>
				resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
			);
		});
		request.end(body);
	});
}
