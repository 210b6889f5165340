import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { INode, INodeParameters, IRun } from 'n8n-workflow';
import { generate } from 'selfsigned';
import { errorRows } from '../errorsTable';
import { close, ids, keys, listen } from '../simulator';
import { call, credential, ending, numbers, rung, simulator, until } from './bench';
import { errorOf, execute, node, retry, start, store, type Execution } from './engine';

const [ada, bob] = ['+15145551234', '+15145551235'];

/** An execution that fails with the message of a row: what is not as usual, or the run itself. */
type Failing = () => Partial<Execution> | IRun | Promise<Partial<Execution> | IRun>;

const calling = (change: Partial<Execution> = {}): Execution => ({
	parameters: call(),
	credential,
	items: numbers(ada),
	...change,
});

const answering = (status: number, more: object = {}): Partial<Execution> => {
	simulator.fault({ kind: 'status', status, times: 9, ...more });
	return {};
};

const to = (digits: string, options: INodeParameters = {}) => ({
	parameters: call({ options }),
	items: numbers(ending(digits)),
});

const options = (value: INodeParameters, more: INodeParameters = {}) => ({
	parameters: call({ options: value, ...more }),
});

/** Servers that stand there for one test. */
const servers: http.Server[] = [];
const serve = async (server: http.Server) => {
	servers.push(server);
	return await listen(server);
};
afterEach(async () => {
	store.broken = false;
	jest.restoreAllMocks();
	await Promise.all(servers.splice(0).map(close));
});

/** A public address of n8n, that answers everything like that. */
const publicUrl = async (status: number, body: string, headers: object = {}) =>
	await serve(
		http.createServer((_, response) => {
			response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
		}),
	);

/** The same, of which a proxy leads to https. */
const securing = async () =>
	await serve(
		http.createServer(({ headers, url }, response) => {
			response.writeHead(301, { location: `https://${headers.host}${url}` }).end();
		}),
	);

const trigger = (change: Partial<INode> = {}): INode => ({
	...node('AlloMia Trigger', 'n8n-nodes-allomia.alloMiaTrigger'),
	...change,
});

const toTrigger = (change: Partial<Execution> = {}, triggerName?: string) => ({
	parameters: call({ callback: 'trigger', ...(triggerName === undefined ? {} : { triggerName }) }),
	nodes: [trigger()],
	...change,
});

const byHand = (address: string) => toTrigger({ unpublished: true, publicUrl: address });

const waiting = (more: Partial<Execution> = {}) => ({
	parameters: call({ operation: 'createAndWait', waitFor: 'callback' }),
	...more,
});

const lookingFor = (callId: string, waitUpTo = 0) => ({
	parameters: {
		resource: 'call',
		operation: 'getByOutboundCall',
		outboundCallId: callId,
		organizationId: ids.organizationId,
		options: { waitUpTo },
	},
});

/** A call that has ended like that, as another execution has placed it. */
async function ended(digits: string, logLag = 0) {
	simulator.setLogLag(logLag);
	await execute(calling({ items: numbers(ending(digits)) }));
	const { outboundCallId = '' } = simulator.dials[0] ?? {};
	const { status } = await execute({
		credential,
		parameters: call({ operation: 'getStatus', outboundCallId }),
	});
	expect(status).toBe('success');
	await delay(100);
	simulator.dials.length = 0;
	return outboundCallId;
}

const ofTenant = (parameters: INodeParameters) => ({
	parameters: { resource: 'organization', ...parameters },
	credential: { ...credential, apiKey: keys.tenant },
});

const downloading = (more: INodeParameters = {}) => ({
	parameters: {
		resource: 'call',
		operation: 'get',
		callId: simulator.addCall(),
		download: ['recording'],
		...more,
	},
});

/** Does something once n8n's database has recorded a value with that text, before it says so. */
function storing(text: string, act: () => Promise<void>): void {
	const record = store.checkProcessedAndRecord.bind(store);
	let isDone = false;
	jest.spyOn(store, 'checkProcessedAndRecord').mockImplementation(async (items, ...more) => {
		const result = await record(items, ...more);
		if (isDone || !items.some((it) => String(it).includes(text))) return result;
		isDone = true;
		await act();
		return result;
	});
}

/** Kills an execution once somebody has been called, and runs it again. */
async function runAgainAfterKill(execution: Partial<Execution> = {}, killing?: () => void) {
	simulator.fault({ kind: 'timeout-after', match: { number: ada } });
	const killed = start(calling(execution));
	await until(() => rung(ada) === 1);
	killing?.();
	const again = await retry(calling(execution), killed.saved());
	killed.execution.cancel();
	return again;
}

const keyed = (onceKey: string) => options({ onceKey });

/** By the row of docs/errors.md, how it comes about. */
const scenarios: Record<string, Failing> = {
	'Phone Number to Call: …': () => ({ items: numbers('call me') }),
	'2 of 3 items have invalid values. …': () => ({ items: numbers('call me', ada, '') }),
	'Trigger Name: There is no node "…" in this workflow. …': () => toTrigger({ nodes: [] }),
	'Trigger Name: It is empty. …': () => toTrigger({}, '={{ "" }}'),
	'Trigger Name: This workflow has several AlloMia Triggers: …': () =>
		toTrigger({ nodes: [trigger(), trigger({ id: 'West', name: 'West' })] }, ''),
	'Trigger Name: "…" is not an AlloMia Trigger. …': () => toTrigger({}, 'Start'),
	'Trigger Name: "…" is deactivated on the canvas, …': () =>
		toTrigger({ nodes: [trigger({ disabled: true })] }),
	'Trigger Name: The option Path of "…" …': () =>
		toTrigger({ nodes: [trigger({ parameters: { options: { path: 'two words' } } })] }),
	'Send Result To: "…" is not listening: …': async () => {
		const message = 'The requested webhook "POST allomia/workflow1" is not registered.';
		return byHand(await publicUrl(404, JSON.stringify({ code: 404, message })));
	},
	'Send Result To: n8n cannot check whether "…" is listening, …': () =>
		byHand('http://127.0.0.1:9'),
	'Send Result To: This n8n uses custom webhook endpoints, …': () =>
		toTrigger({ waitingEndpoint: 'waiting' }),
	'Send Result To: "…" is not at … (404): …': async () =>
		byHand(await publicUrl(404, 'Cannot POST /webhook', { 'content-type': 'text/html' })),
	'Send Result To: http://… redirects to https, …': async () => byHand(await securing()),
	'Calling Hours: There is no time within a week …': () => ({
		items: numbers('+18005551234'),
		parameters: call({
			options: {
				callingHours: 'custom',
				callingWindows: { window: [{ days: ['mon'], from: '09:00', to: '10:00' }] },
			},
		}),
	}),
	'Dry Run: It is …': () => options({ dryRun: '={{ "perhaps" }}' }),
	'Metadata: It is returned with the result, …': () =>
		options({ metadata: { entry: [{ name: 'id', value: '7' }] } }),
	'Metadata: With it the callback URL is … characters long …': () =>
		options(
			{ metadata: { entry: [{ name: 'text', value: 'x'.repeat(4000) }] } },
			{ callback: 'url', callbackUrl: 'https://example.com/' },
		),
	'Base URL: …': () => ({ credential: { ...credential, baseUrl: 'http://allomia.com/api' } }),
	'n8n could not read the AlloMia credential: …': () => ({
		credential: { unreadable: 'Connection terminated unexpectedly' },
	}),
	'API Key: …': () => ({ credential: { ...credential, apiKey: '' } }),
	'Invalid request data': () => to('0005'),
	'Invalid or missing API key': () => ({ credential: { ...credential, apiKey: 'wrong' } }),
	'Insufficient permissions': () => ({
		parameters: { resource: 'organization', operation: 'getAll', limit: 1 },
	}),
	'Organization is inactive': () => to('0006'),
	'Assistant or phone number not found': () => to('0007'),
	'Outbound call not found': () => ({
		parameters: call({ operation: 'getStatus', outboundCallId: randomUUID() }),
	}),
	'The call was not found in the call log': async () => lookingFor(await ended('0001', 600_000)),
	'… entries in the call log match this call': async () => {
		const callId = await ended('1000');
		simulator.addCall({ callStartedAt: new Date().toISOString(), callType: 'Outbound' });
		return lookingFor(callId);
	},
	'The call has not ended yet': async () => lookingFor(await ended('0004')),
	'This call has no start time': async () => {
		const outboundCallId = await ended('0003');
		const body = { outboundCallId, contactId: randomUUID(), status: 'failed' };
		const path = `/outbound/${outboundCallId}/status`;
		simulator.fault({ kind: 'status', status: 200, body, times: 9, match: { path } });
		return lookingFor(outboundCallId);
	},
	'Organization not found': () =>
		ofTenant({ operation: 'get', organizationId: ids.foreignOrganizationId }),
	'Metadata not found': () =>
		ofTenant({
			operation: 'updateMetadata',
			organizationId: ids.foreignOrganizationId,
			metadata: '{ "clinicCode": "A" }',
		}),
	'The public URL of this n8n redirects to https, …': async () =>
		waiting({ publicUrl: await securing() }),
	'AlloMia responded with HTTP status 429': () =>
		answering(429, { headers: { 'retry-after': '60' }, body: '' }),
	'AlloMia cannot be reached: its address …': () => ({
		// Nothing listens on the port for discarded traffic.
		credential: { ...credential, baseUrl: 'http://127.0.0.1:9/api' },
	}),
	'AlloMia cannot be reached: no connection could be established': () => ({
		credential: { ...credential, baseUrl: `${credential.baseUrl}`.replace('http', 'https') },
	}),
	'AlloMia cannot be reached': async () => {
		const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
		const address = await serve(https.createServer({ key, cert }));
		return { credential: { ...credential, baseUrl: address.replace('http:', 'https:') } };
	},
	'AlloMia cannot reach this n8n at …': () =>
		waiting({
			publicUrl: 'http://localhost:5678',
			credential: { ...credential, baseUrl: 'https://allomia.com/api' },
		}),
	'Internal server error occurred': () => to('0008'),
	'AlloMia responded with HTTP status 502': () => to('0013'),
	'The Base URL redirects to another address': () =>
		answering(302, { headers: { location: 'http://127.0.0.1:9/' } }),
	'AlloMia did not respond in time': () => to('0012', { timeout: 300 }),
	'The connection to AlloMia was lost before its response': () => to('0011'),
	'Unexpected response from AlloMia': () => to('0014'),
	'An earlier attempt at this call was interrupted': async () => await runAgainAfterKill(),
	'… of … calls may have been placed by an earlier attempt, …': async () =>
		await runAgainAfterKill({ items: numbers(ada, bob) }),
	'It cannot be determined whether this call was placed before': async () =>
		await runAgainAfterKill({}, () => (store.broken = true)),
	'n8n does not tell whether this run is a test': async () => {
		simulator.fault({ kind: 'status', status: 403 });
		const { data } = await execute(calling());
		delete data.executionData?.runtimeData;
		return await retry(calling(options({ testNumber: ending('1999') })), data);
	},
	'Test Number is called 5 times in an execution at most': async () => {
		simulator.fault({ kind: 'status', status: 403 });
		const tested = calling(options({ testNumber: ending('1999') }));
		const { data } = await execute({ ...tested, unpublished: true });
		for (const context of Object.values(data.executionData?.contextData ?? {})) {
			context.alloMiaTested = { 1: 5 };
		}
		return await retry(tested, data);
	},
	'This execution was a test, and Test Number has been removed since': async () => {
		simulator.fault({ kind: 'status', status: 403 });
		const tested = options({ testNumber: ending('1999') });
		const failed = await execute(calling({ ...tested, unpublished: true }));
		return await retry(calling(), failed.data);
	},
	'Another execution may be calling for the same value …': () => {
		const onceKey = randomUUID();
		storing(onceKey, async () => await delay(1_100));
		return { ...keyed(onceKey), unpublished: true };
	},
	'It is unknown who has claimed this value …': async () => {
		const execution = calling(keyed(randomUUID()));
		storing('key/', async () => {
			store.broken = true;
			return await Promise.reject(new Error('SQLITE_BUSY'));
		});
		const { data } = await execute(execution);
		store.broken = false;
		return await retry(execution, data);
	},
	'The value of Call Once Per could not be saved …': () => {
		store.broken = true;
		return keyed(randomUUID());
	},
	'The recording could not be downloaded': () =>
		answering(403, { match: { host: 'files' } }) && downloading(),
	'The recording is too large': () => downloading({ options: { maxFileSize: 0.001 } }),
};

/** Rows that this engine cannot bring about, and the test in a real n8n that does. */
const inN8n: Record<string, [file: string, says: string]> = {
	'The API key may only be sent to …, not to …': [
		'linkSafety',
		'The API key may only be sent to https://${api},',
	],
	'n8n blocks requests to itself at …': ['triggerLife', 'n8n blocks requests to itself at'],
	'Output per Status and Calling Hours, together with Webhook, need n8n 2.39 or newer': [
		'createAndWait',
		'need n8n 2.39 or newer',
	],
	'… may not be called now: …': ['agent', 'outside of the calling hours until'],
	'This AI agent cannot pause its tools, …': ['agent', 'cannot pause'],
};

describe('docs/errors.md', () => {
	const rows = errorRows();

	it.each(Object.entries(scenarios))('says what becomes of: %s', async (shown, failing) => {
		const made = await failing();
		const run = 'data' in made ? made : await execute(calling(made));
		const { message, description } = errorOf(run);
		const row = rows.find(({ pattern }) => pattern.test(message));
		expect({ message, shown: row?.shown }).toEqual({ message, shown });
		if (row?.mayHaveCalled) expect(description).toMatch(/look for (the call|these) /i);
		else {
			expect(description).not.toContain('may have been placed');
			expect(simulator.dials).toEqual([]);
		}
	});

	it.each(Object.entries(inN8n))('leaves to a test in a real n8n: %s', (_, [file, says]) => {
		const text = readFileSync(path.join(__dirname, '..', 'e2e', `${file}.test.ts`), 'utf8');
		expect(text).toContain(says);
	});

	it('advises nobody to publish a test without saying whom that calls', async () => {
		const message = 'The requested webhook "POST allomia/workflow1" is not registered.';
		const wanted = byHand(await publicUrl(404, JSON.stringify({ code: 404, message })));
		const tested = { ...wanted.parameters, options: { testNumber: ending('1999') } };
		const says = async (parameters: INodeParameters) =>
			errorOf(await execute(calling({ ...wanted, parameters }))).message;
		const note = 'Test Number only counts in the editor';
		expect(await says(tested)).toContain(note);
		expect(await says(wanted.parameters)).not.toContain(note);
	});

	it('has no other row', () => {
		const driven = [...Object.keys(scenarios), ...Object.keys(inN8n)].sort();
		expect(rows.map(({ shown }) => shown).sort()).toEqual(driven);
	});
});
