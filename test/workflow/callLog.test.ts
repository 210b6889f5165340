import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { IDataObject, INodeParameters, IRun } from 'n8n-workflow';
import { close, ids, listen } from '../simulator';
import { call, credential, ending, numbers, simulator, until } from './bench';
import { errorOf, execute, output, outputJson, runOf, start } from './engine';

const getting = (more: INodeParameters = {}) => ({
	parameters: { resource: 'call', operation: 'get', callId: '={{ $json.id }}', ...more },
	credential,
});

const get = async (id: string, more: INodeParameters = {}) => {
	const run = await execute({ ...getting(more), items: [{ id }] });
	return { run, hints: (runOf(run).hints ?? []).map(({ message }) => message) };
};

const filesOf = (run: IRun) => Object.keys(output(run)[0]?.binary ?? {});

const text = (data = '') => Buffer.from(data, 'base64').toString();

/** A host of files that answers like that, for one test. */
let hosts: http.Server[] = [];
const host = async (answer: http.RequestListener) => {
	const server = http.createServer(answer);
	hosts.push(server);
	return await listen(server);
};
afterEach(async () => {
	await Promise.all(hosts.map(close));
	hosts = [];
});

describe('the files of a call', () => {
	const download = ['transcript', 'recording'];

	it('come as binary data, each under its kind', async () => {
		const id = simulator.addCall({ agentName: 'Réception' });
		const { run, hints } = await get(id, { download });
		const { binary } = output(run)[0] ?? {};
		expect(binary).toMatchObject({
			transcript: { fileName: `transcript-${id}.txt`, mimeType: 'text/plain' },
			recording: { fileName: `recording-${id}.wav`, mimeType: 'audio/wav' },
		});
		expect(text(binary?.transcript?.data)).toContain('Réception');
		expect(Buffer.from(binary?.recording?.data ?? '', 'base64')).toHaveLength(16_044);
		expect(hints).toEqual([]);
	});

	it('are not downloaded unasked', async () => {
		const { run } = await get(simulator.addCall());
		expect(output(run)[0]).not.toHaveProperty('binary');
		expect(simulator.fileRequests).toEqual([]);
	});

	it('that AlloMia has no link to are named in a hint', async () => {
		const id = simulator.addCall({ recordingUrl: null });
		const { run } = await get(id, { download });
		expect(filesOf(run)).toEqual(['transcript']);
		expect(runOf(run).hints).toEqual([
			{
				type: 'info',
				location: 'outputPane',
				message: `AlloMia has no recording of ${id}. Those items are output without it.`,
			},
		]);
		// Nobody waits for it.
		expect(simulator.requests).toHaveLength(1);
	});

	it.each([400, 401, 403, 404, 410])(
		'whose link answers %d are read by a fresh one, once',
		async (status) => {
			const id = simulator.addCall();
			const match = { host: 'files' } as const;
			simulator.fault({ kind: 'status', status, match });
			expect(filesOf((await get(id, { download: ['recording'] })).run)).toEqual(['recording']);
			expect(simulator.requests).toHaveLength(2);
			simulator.fault({ kind: 'status', status, times: 9, match });
			const { run } = await get(id, { download: ['recording'] });
			expect(errorOf(run).description).toContain(`responded with HTTP status ${status}.`);
			expect(simulator.requests).toHaveLength(4);
		},
	);

	it('that fail for another reason are not asked for again', async () => {
		const id = simulator.addCall();
		simulator.fault({ kind: 'status', status: 500, match: { host: 'files' } });
		const { run } = await get(id, { download: ['recording'] });
		expect(errorOf(run).message).toBe('The recording could not be downloaded');
		expect(simulator.requests).toHaveLength(1);
	});

	it('say why where the call is gone by the time of the fresh link', async () => {
		const recordingUrl = await host((_, response) => {
			const body = { error: 'Call not found' };
			simulator.fault({ kind: 'status', status: 404, body, times: 9 });
			response.writeHead(403).end();
		});
		const { run } = await get(simulator.addCall({ recordingUrl }), { download: ['recording'] });
		expect(errorOf(run).message).toBe('Call not found');
	});

	const answers: Array<[string, http.RequestListener, string]> = [
		[
			'end early',
			(_, response) =>
				void response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
			'was lost during the download',
		],
		[
			'are a web page',
			(_, response) =>
				response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>'),
			'a web page instead of the file',
		],
		[
			'lead round in circles',
			({ url }, response) => response.writeHead(302, { location: url }).end(),
			'too many redirects',
		],
		[
			'lead nowhere',
			(_, response) => response.writeHead(302).end(),
			'responded with HTTP status 302',
		],
		['break off at once', (_, response) => void response.destroy(), 'did not respond (ECONNRESET)'],
	];
	it.each(answers)(
		'that %s are an error, which keeps the link to itself',
		async (_, answer, says) => {
			const recordingUrl = `${await host(answer)}/file.mp3?signature=secret`;
			const { run } = await get(simulator.addCall({ recordingUrl }), { download: ['recording'] });
			expect(errorOf(run).message).toBe('The recording could not be downloaded');
			expect(errorOf(run).description).toContain(says);
			expect(JSON.stringify(run.data)).not.toContain('secret');
		},
	);

	it.each([
		[1_000_000, undefined],
		[1_000_001, 'The recording is too large'],
	])('of %d bytes are taken where one MB may be: %s', async (size, message) => {
		const recordingUrl = await host((request, response) => {
			const isKnown = request.url?.includes('known');
			response.writeHead(200, isKnown ? { 'content-length': size } : {}).end(Buffer.alloc(size));
		});
		for (const way of ['known', 'unknown']) {
			const id = simulator.addCall({ recordingUrl: `${recordingUrl}/${way}` });
			const { run } = await get(id, { download: ['recording'], options: { maxFileSize: 1 } });
			expect(runOf(run).error?.message).toBe(message);
		}
	});

	it('follow a redirect, and get their name from where they are in the end', async () => {
		const there = await host((_, response) =>
			response.writeHead(200, { 'content-type': 'audio/mpeg' }).end('abc'),
		);
		const recordingUrl = await host((_, response) =>
			response.writeHead(301, { location: there }).end(),
		);
		const id = simulator.addCall({ recordingUrl });
		const { run } = await get(id, { download: ['recording'] });
		expect(output(run)[0]?.binary?.recording).toMatchObject({
			fileName: `recording-${id}.mp3`,
			mimeType: 'audio/mpeg',
		});
	});
});

describe('the call behind an outcome', () => {
	/** A call that has ended. */
	async function placed(logLag = 0): Promise<string> {
		simulator.setLogLag(logLag);
		// This number's call does not end by itself.
		const run = await execute({ parameters: call(), credential, items: numbers(ending('0004')) });
		const [{ outboundCallId } = {}] = outputJson(run);
		await simulator.endCall(String(outboundCallId), 'completed');
		return String(outboundCallId);
	}

	const behind = (options: IDataObject = {}, settings = {}) => ({
		parameters: {
			resource: 'call',
			operation: 'getByOutboundCall',
			outboundCallId: '={{ $json.id }}',
			organizationId: ids.organizationId,
			options: options as INodeParameters,
		},
		credential,
		settings,
	});

	const find = async (id: string, options: IDataObject = {}) =>
		await execute({ ...behind(options), items: [{ id }] });

	const paths = () => simulator.requests.map(({ path }) => path.replace(/^\/api|\?.*/g, ''));

	it('is found by its number at once', async () => {
		const phoneNumber = ending('0004');
		const id = await placed();
		simulator.requests.length = 0;
		const [found] = outputJson(await find(id, { phoneNumber }));
		expect(found).toMatchObject({ userPhoneNumber: phoneNumber });
		expect(paths()).toEqual([
			`/calls/${id}`,
			`/outbound/${id}/status`,
			'/calls',
			`/calls/${String(found?.id)}`,
		]);
	});

	it('is read directly where AlloMia knows it by that ID', async () => {
		const id = simulator.addCall({ id: 'aaaaaaaa-0000-4000-8000-000000000001' });
		expect(outputJson(await find(id))).toMatchObject([{ id }]);
		expect(paths()).toEqual([`/calls/${id}`]);
	});

	it('is waited for until it is in the log, and when it took place is asked once', async () => {
		const id = await placed(1_500);
		simulator.requests.length = 0;
		const run = await find(id, { phoneNumber: ending('0004') });
		expect(outputJson(run)).toMatchObject([{ userPhoneNumber: ending('0004') }]);
		expect(paths().filter((path) => path.endsWith('/status'))).toHaveLength(1);
		expect(paths().filter((path) => path === '/calls')).toHaveLength(3);
	});

	it('is not waited for longer than that', async () => {
		const id = await placed(600_000);
		const begun = Date.now();
		const run = await find(id, { phoneNumber: ending('0004'), waitUpTo: 2 });
		expect(errorOf(run).message).toBe('The call was not found in the call log');
		expect(Date.now() - begun).toBeGreaterThanOrEqual(2_000);
		expect(Date.now() - begun).toBeLessThan(4_000);
	});

	it('is looked for again where AlloMia fails, three times in a row at most', async () => {
		const id = await placed();
		const fault = { kind: 'status', status: 502, match: { path: '/calls' } } as const;
		simulator.fault({ ...fault, times: 2 });
		const found = await find(id, { phoneNumber: ending('0004') });
		expect(outputJson(found)).toMatchObject([{ userPhoneNumber: ending('0004') }]);
		simulator.fault({ ...fault, times: 99 });
		simulator.requests.length = 0;
		expect(errorOf(await find(id, { phoneNumber: ending('0004') })).message).toBe('Bad Gateway');
		expect(paths().filter((path) => path === '/calls')).toHaveLength(3);
	});

	it.each([
		['its call is unknown', '/outbound/*/status', 404, 'Outbound call not found', 2],
		['the key may not', '/calls', 403, 'Insufficient permissions', 3],
		['the key is gone', '/calls/*', 401, 'Invalid or missing API key', 1],
	])('is not looked for again where %s', async (_, path, status, error, asked) => {
		const id = await placed();
		simulator.requests.length = 0;
		simulator.fault({ kind: 'status', status, body: { error }, times: 99, match: { path } });
		expect(errorOf(await find(id)).message).toBe(error);
		expect(simulator.requests).toHaveLength(asked);
	});

	it('is an error where the log’s answer makes no sense', async () => {
		const id = await placed();
		const match = { path: '/calls' };
		const body = { calls: [{ id: 7 }], pagination: { hasNextPage: false } };
		simulator.fault({ kind: 'status', status: 200, body, times: 99, match });
		expect(errorOf(await find(id)).message).toBe('Unexpected response from AlloMia');
	});

	it('comes with its files, which are waited for, too', async () => {
		const phoneNumber = ending('0004');
		const id = await placed();
		simulator.fault({ kind: 'status', status: 404, times: 2, match: { host: 'files' } });
		const run = await find(id, { phoneNumber, download: ['recording'] });
		expect(filesOf(run)).toEqual(['recording']);
		simulator.fault({ kind: 'status', status: 404, times: 99, match: { host: 'files' } });
		const failed = await find(id, { phoneNumber, download: ['recording'], waitUpTo: 1 });
		expect(errorOf(failed).message).toBe('The recording could not be downloaded');
	});

	it('is not looked for any more where the execution is stopped', async () => {
		const id = await placed(600_000);
		const { execution } = start({ ...behind({ waitUpTo: 600 }), items: [{ id }] });
		await until(() => paths().includes('/calls'));
		execution.cancel();
		await execution;
		const { length } = simulator.requests;
		await delay(1_500);
		expect(simulator.requests).toHaveLength(length);
	});

	it('of others is not looked for any more where one fails, and the node is set to stop', async () => {
		const id = await placed(600_000);
		const items = [{ id }, { id: 'aaaaaaaa-0000-4000-8000-000000000002' }];
		const run = await execute({ ...behind({ waitUpTo: 600 }), items });
		expect(errorOf(run).message).toBe('Outbound call not found');
		const { length } = simulator.requests;
		await delay(1_500);
		expect(simulator.requests.length - length).toBeLessThanOrEqual(1);
	});
});
