import { execFile } from 'node:child_process';
import http from 'node:http';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
	createCredential,
	readExecution,
	stopExecution,
	until,
	type OutputItem,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { close, ids, keys, listen, startSimulator, type Simulator } from '../simulator';
import { activeWorkflow, runNode, useBench } from './support/bench';
import { describeOneBadItem } from '../badItems';
import { inN8n } from './support/badItems';
import { alloMia } from './support/nodes';

// As n8n 2.x has it by itself.
const bench = useBench({ N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' });
let simulator: Simulator;

beforeAll(() => {
	({ simulator } = bench);
});

/** Runs the AlloMia node in a real n8n, by default once. */
async function run(
	parameters: Record<string, unknown>,
	items: unknown[] = [{}],
	extras: Partial<WorkflowNode> = {},
) {
	const node = alloMia(bench.credential, { resource: 'call', ...parameters }, extras);
	return await runNode(bench, node, items);
}

/** A file that n8n keeps, as its editor downloads it. */
async function contentOf(item: OutputItem | undefined, name: string): Promise<Buffer> {
	const { id = '' } = item?.binary?.[name] ?? {};
	const { baseUrl, session } = bench.n8n;
	const query = new URLSearchParams({ id, action: 'download' });
	const response = await fetch(`${baseUrl}/rest/binary-data?${query}`, {
		headers: { cookie: session.cookie, 'browser-id': session.browserId },
	});
	expect(response.status).toBe(200);
	return Buffer.from(await response.arrayBuffer());
}

/** A host of files that answers as a test wants, and keeps what it was asked. */
async function fileHost(answer: http.RequestListener) {
	const asked: http.IncomingMessage[] = [];
	const server = http.createServer((req, res) => {
		asked.push(req);
		answer(req, res);
	});
	const url = await listen(server);
	return { asked, url, stop: async () => await close(server) };
}

/** What a process has in memory, in bytes. */
async function memoryOf(pid: number | undefined): Promise<number> {
	const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
	return Number(stdout) * 1024;
}

/** Writes until the reader goes away. */
function endless(res: http.ServerResponse): void {
	const chunk = Buffer.alloc(100_000, 1);
	const more = () => {
		while (!res.destroyed && res.write(chunk));
		if (!res.destroyed) res.once('drain', more);
	};
	more();
}

const get = { operation: 'get', download: ['transcript', 'recording'] };

describe('call: get', () => {
	it('gives out AlloMia’s answer untouched, and downloads nothing unasked', async () => {
		const callId = simulator.addCall({ callSummary: 'Done.' });
		const { items, main } = await run({ operation: 'get', callId, simplify: false });
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({
			id: callId,
			callSummary: 'Done.',
			transcriptUrl: expect.stringContaining(simulator.fileUrl) as string,
		});
		expect(main[0]).not.toHaveProperty('binary');
		expect(simulator.fileRequests).toHaveLength(0);
	});

	it('simplifies it unless told otherwise: what counts comes first, nothing new is lost', async () => {
		const callId = simulator.addCall({ ...{ newField: 'new' }, userSentiment: null });
		const raw = (await run({ operation: 'get', callId, simplify: false })).items[0] ?? {};
		expect(Object.keys(raw).length).toBeGreaterThan(20);
		const { items } = await run({ operation: 'get', callId, download: ['transcript'] });
		const simplified = items[0] ?? {};
		expect(Object.keys(simplified)).toEqual([
			'id',
			'callSummary',
			'userPrimaryIntent',
			'userSentiment',
			'userName',
			'userPhoneNumber',
			'callStartedAt',
			'callDurationSeconds',
			'callOutcome',
			'callSummaryFr',
			'newField',
		]);
		expect(raw).toMatchObject(simplified);
	});

	it('downloads transcript and recording whole, and without the API key', async () => {
		const callId = simulator.addCall({ agentName: 'Réception' });
		const { main, hints } = await run({ ...get, callId });
		expect(main[0]?.binary).toMatchObject({
			transcript: { fileName: `transcript-${callId}.txt`, mimeType: 'text/plain' },
			recording: { fileName: `recording-${callId}.wav`, mimeType: 'audio/wav' },
		});
		expect((await contentOf(main[0], 'transcript')).toString()).toContain('Réception');
		const recording = await contentOf(main[0], 'recording');
		expect(recording).toHaveLength(16_044);
		expect(recording.subarray(0, 4).toString()).toBe('RIFF');
		expect(hints).toEqual([]);
		expect(simulator.fileRequests).toHaveLength(2);
		for (const request of simulator.fileRequests) {
			expect(request.status).toBe(200);
			expect(JSON.stringify(request)).not.toContain(keys.organization);
		}
	});

	it('gets each item its own files, in order', async () => {
		const names = ['Ada', 'Grace', 'Mary', 'Hedy'];
		const calls = names.map((userName) => ({ id: simulator.addCall({ userName }) }));
		const { main } = await run(
			{ operation: 'get', callId: '={{ $json.id }}', download: ['transcript'] },
			calls,
		);
		expect(main.map(({ json }) => json.id)).toEqual(calls.map(({ id }) => id));
		expect(main.map(({ pairedItem }) => pairedItem)).toEqual(names.map((_, item) => ({ item })));
		for (const [index, name] of names.entries()) {
			expect((await contentOf(main[index], 'transcript')).toString()).toContain(name);
		}
	});

	it('goes on without what AlloMia has no link to, and says so', async () => {
		const callId = simulator.addCall({ transcriptUrl: null, recordingUrl: undefined });
		const { execution, main, hints } = await run({ ...get, callId });
		expect(execution.status).toBe('success');
		expect(main[0]).not.toHaveProperty('binary');
		expect(hints).toEqual([expect.stringContaining(`recording of ${callId}`)]);
	});

	it('gets a fresh link where one has expired, once', async () => {
		const callId = simulator.addCall();
		simulator.fault({ kind: 'status', status: 403, match: { host: 'files' } });
		const { main } = await run({ ...get, callId });
		expect(Object.keys(main[0]?.binary ?? {})).toEqual(['transcript', 'recording']);
		const asked = simulator.requests.filter(({ path }) => path.endsWith(callId));
		expect(asked).toHaveLength(2);

		simulator.reset();
		const again = simulator.addCall();
		simulator.fault({ kind: 'status', status: 403, times: 9, match: { host: 'files' } });
		const { error } = await run({ ...get, callId: again });
		expect(error?.message).toBe('The transcript could not be downloaded');
		expect(simulator.fileRequests).toHaveLength(2);
	});

	it('fails clearly where the fresh link has expired as well, and keeps it to itself', async () => {
		const old = simulator.addCall();
		const headers = { authorization: `Bearer ${keys.organization}` };
		const answer = await fetch(`${simulator.baseUrl}/calls/${old}`, { headers });
		const { transcriptUrl } = (await answer.json()) as { transcriptUrl: string };
		simulator.expireLinks();
		const callId = simulator.addCall({ transcriptUrl });
		const { error } = await run({ operation: 'get', callId, download: ['transcript'] });
		expect(error?.description).toContain('HTTP status 403');
		expect(JSON.stringify(error)).not.toContain('signature=');
		expect(simulator.fileRequests.map(({ status }) => status)).toEqual([403, 403]);
	});

	it('follows redirects to another host, and still takes no key along', async () => {
		const target = await fileHost((_, res) => res.end('the transcript'));
		let closed = false;
		const host = await fileHost((_, res) => {
			res.on('close', () => (closed = true));
			// Its text never ends: nobody may wait for it.
			res.writeHead(302, { location: `${target.url}/file?signature=secret` }).write('moved');
		});
		const callId = simulator.addCall({ transcriptUrl: `${host.url}/file?signature=secret` });
		const { main } = await run({ operation: 'get', callId, download: ['transcript'] });
		await until('the first host to be left', () => closed, 60_000);
		await Promise.all([host.stop(), target.stop()]);
		expect((await contentOf(main[0], 'transcript')).toString()).toBe('the transcript');
		for (const { headers } of [...host.asked, ...target.asked]) {
			expect(headers.authorization).toBeUndefined();
			expect(JSON.stringify(headers)).not.toContain(keys.organization);
		}
	});

	it.each<[string, http.RequestListener]>([
		['has an error', (_, res) => res.writeHead(500).end()],
		['has a web page', (_, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
		[
			'breaks off',
			(_, res) => {
				res.writeHead(200, { 'content-length': 100_000 }).write('x'.repeat(50_000), () => {
					res.destroy();
				});
			},
		],
		['redirects in circles', (req, res) => res.writeHead(302, { location: req.url }).end()],
	])('fails clearly where the host %s, and keeps the link to itself', async (_, answer) => {
		const host = await fileHost(answer);
		const recordingUrl = `${host.url}/file.mp3?signature=secret`;
		const callId = simulator.addCall({ recordingUrl });
		const { execution, error, main } = await run({
			operation: 'get',
			callId,
			download: ['recording'],
		});
		await host.stop();
		expect(execution.status).toBe('error');
		expect(error?.message).toBe('The recording could not be downloaded');
		expect(JSON.stringify([error, main])).not.toContain('secret');
	});

	it('streams a recording: n8n never holds the whole of it', async () => {
		const size = 300_000_000;
		const chunk = Buffer.alloc(1_000_000, 1);
		const host = await fileHost((_, res) => {
			res.writeHead(200, { 'content-length': size, 'content-type': 'audio/mpeg' });
			let sent = 0;
			const more = () => {
				while (sent < size) {
					sent += chunk.length;
					if (!res.write(chunk)) return void res.once('drain', more);
				}
				res.end();
			};
			more();
		});
		const callId = simulator.addCall({ recordingUrl: `${host.url}/file` });
		const before = await memoryOf(bench.n8n.pid);
		let peak = before;
		const watch = setInterval(() => {
			void memoryOf(bench.n8n.pid).then((now) => (peak = Math.max(peak, now)));
		}, 50);
		const { main } = await run({ operation: 'get', callId, download: ['recording'] });
		clearInterval(watch);
		await host.stop();
		expect(peak - before).toBeLessThan(size / 2);
		expect(main[0]?.binary?.recording).toMatchObject({
			fileName: `recording-${callId}.mp3`,
			fileSize: '300 MB',
		});
	});

	it.each<[string, (res: http.ServerResponse, size: number) => void]>([
		[
			'its host announces',
			(res, size) => res.writeHead(200, { 'content-length': size }).flushHeaders(),
		],
		['keeps coming', (res) => endless(res.writeHead(200))],
		[
			'is blown up on arrival',
			(res, size) => {
				const small = gzipSync(Buffer.alloc(size));
				res.writeHead(200, { 'content-encoding': 'gzip', 'content-length': small.length });
				res.end(small);
			},
		],
	])('downloads no file that is too large, though its size %s', async (_, answer) => {
		let closed = false;
		const host = await fileHost((_req, res) => {
			res.on('close', () => (closed = true));
			answer(res, 2_000_001);
		});
		const callId = simulator.addCall({ recordingUrl: `${host.url}/file.mp3?signature=secret` });
		const { error } = await run({
			operation: 'get',
			callId,
			download: ['recording'],
			options: { maxFileSize: 2 },
		});
		await until('the host to be left', () => closed);
		await host.stop();
		expect(error?.message).toBe('The recording is too large');
		expect(error?.description).toContain('2 MB');
		expect(error?.description).toContain('Options > Max File Size');
		expect(host.asked).toHaveLength(1);
	});

	it('downloads a file that is just as large as it may be', async () => {
		const host = await fileHost((_, res) => res.writeHead(200).end(Buffer.alloc(2_000_000)));
		const callId = simulator.addCall({ recordingUrl: `${host.url}/file.mp3` });
		const { main } = await run({
			operation: 'get',
			callId,
			download: ['recording'],
			options: { maxFileSize: 2 },
		});
		await host.stop();
		expect(await contentOf(main[0], 'recording')).toHaveLength(2_000_000);
	});

	it('continues with an error item for a call that there is not', async () => {
		const callId = simulator.addCall();
		const { main } = await run(
			{ operation: 'get', callId: '={{ $json.id }}' },
			[{ id: 'unknown' }, { id: callId }, { id: '../outbound' }],
			{ onError: 'continueRegularOutput' },
		);
		expect(main[0]?.json.error).toBe('Call not found');
		expect(main[1]?.json.id).toBe(callId);
		expect(main[2]?.json.error).toContain('Call ID');
		expect(main.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
	});
});

describeOneBadItem(bench, inN8n(bench), [
	'Call Log: Get',
	'Call Log: Get Many',
	'Call Log: Get by Outbound Call',
]);

const getAll = { operation: 'getAll', organizationId: ids.organizationId };

const queries = () =>
	simulator.requests.map(({ path }) =>
		Object.fromEntries(new URL(path, simulator.baseUrl).searchParams),
	);

describe('call: getAll', () => {
	it('follows the pages of 50 to the end, one item per call', async () => {
		const { items, main } = await run({ ...getAll, returnAll: true });
		expect(items).toHaveLength(120);
		expect(new Set(items.map(({ id }) => id)).size).toBe(120);
		expect(queries()).toEqual(
			['1', '2', '3'].map((page) => ({
				organizationId: ids.organizationId,
				sort: 'desc',
				page,
				limit: '50',
			})),
		);
		expect(main.every(({ pairedItem }) => JSON.stringify(pairedItem) === '{"item":0}')).toBe(true);
	});

	it('simplifies each call unless told otherwise', async () => {
		const [simplified] = (await run({ ...getAll, limit: 1 })).items;
		const [raw] = (await run({ ...getAll, limit: 1, simplify: false })).items;
		expect(Object.keys(simplified ?? {})).toEqual([
			'id',
			'callStartedAt',
			'callDurationSeconds',
			'callType',
			'userPhoneNumber',
			'agentName',
		]);
		expect(raw).toMatchObject(simplified ?? {});
		expect(raw).toHaveProperty('organizationId', ids.organizationId);
		const { error } = await run({ ...getAll, simplify: '={{ "perhaps" }}' });
		expect(error?.message).toContain('Simplify');
	});

	it('gives 50 calls unless told otherwise, and asks for no more than are wanted', async () => {
		expect((await run(getAll)).items).toHaveLength(50);
		expect((await run({ ...getAll, limit: 3 })).items).toHaveLength(3);
		expect((await run({ ...getAll, limit: 60 })).items).toHaveLength(60);
		expect(queries().map(({ page, limit }) => [page, limit])).toEqual([
			['1', '50'],
			['1', '3'],
			['1', '50'],
			['2', '50'],
		]);
	});

	it.each([
		['plain text', ids.organizationId],
		['a choice from the list', { __rl: true, mode: 'list', value: ids.organizationId }],
		['an ID by hand', { __rl: true, mode: 'id', value: ` ${ids.organizationId}\n` }],
		['an expression', '={{ $json.organization }}'],
		['an expression by hand', { __rl: true, mode: 'id', value: '={{ $json.organization }}' }],
	])('takes the organization as %s', async (_, organizationId) => {
		const { items } = await run({ ...getAll, organizationId, limit: 1 }, [
			{ organization: ids.organizationId },
		]);
		expect(items).toHaveLength(1);
		expect(queries()[0]?.organizationId).toBe(ids.organizationId);
	});

	it('filters and sorts', async () => {
		const match = {
			callType: 'Web' as const,
			agentName: 'Night desk',
			userPrimaryIntent: 'opening_hours',
		};
		const at = (hour: number, callDurationSeconds: string) =>
			simulator.addCall({
				...match,
				organizationId: ids.organizationId,
				callStartedAt: `2026-04-01T${hour}:00:00.000Z`,
				callDurationSeconds,
			});
		const [, second, third] = [at(12, '9'), at(14, '10'), at(16, '200'), at(18, '1')];
		const { items } = await run({
			...getAll,
			// The tests' n8n is in Toronto, four hours behind UTC.
			filters: {
				...match,
				agentName: 'night',
				from: '2026-04-01T09:30:00',
				to: '2026-04-01T17:00:00Z',
			},
			sort: 'duration_desc',
		});
		expect(items.map(({ id }) => id)).toEqual([third, second]);
	});

	it('keeps each call once though calls come in meanwhile', async () => {
		simulator.fault({ kind: 'slow', delayMs: 1500, match: { path: '/calls' } });
		const running = run({ ...getAll, returnAll: true });
		const deadline = Date.now() + 20_000;
		while (simulator.requests.length === 0 && Date.now() < deadline) {
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		simulator.addCall({
			organizationId: ids.organizationId,
			callStartedAt: new Date().toISOString(),
		});
		const { items } = await running;
		expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
		expect(items.length).toBeGreaterThanOrEqual(120);
	});

	it('asks for no further page once the execution is cancelled', async () => {
		simulator.fault({ kind: 'slow', delayMs: 1_000, times: 99, match: { path: '/calls' } });
		const node = alloMia(bench.credential, { resource: 'call', ...getAll, returnAll: true });
		const workflow = await activeWorkflow(bench, [node]);
		const executionId = await workflow.begin([{}]);
		await until('the first page to be asked for', () => simulator.requests.length > 0);
		await stopExecution(bench.n8n.session, executionId);
		await until('the execution to be over', async () => {
			return (await readExecution(bench.n8n.session, executionId)).status === 'canceled';
		});
		await new Promise((resolve) => setTimeout(resolve, 3_000));
		expect(simulator.requests).toHaveLength(1);
	});

	it('waits as AlloMia asks where it gets too many requests, and loses no page', async () => {
		simulator.fault({
			kind: 'status',
			status: 429,
			headers: { 'retry-after': '1' },
			match: { path: '/calls' },
		});
		expect((await run({ ...getAll, returnAll: true })).items).toHaveLength(120);
	});

	it.each([
		['truncated', 'Unexpected response'],
		['wrong-types', 'Unexpected response'],
		['html', 'Unexpected response'],
		['empty', 'Unexpected response'],
	] as const)('fails clearly with an answer that is %s', async (kind, message) => {
		simulator.fault({ kind, match: { path: '/calls' } });
		const { error, items } = await run(getAll);
		expect(error?.message).toContain(message);
		expect(items).toEqual([]);
	});

	it('says what to do about an organization that the key does not see', async () => {
		const { error } = await run({ ...getAll, organizationId: ids.otherOrganizationId });
		expect(error?.message).toBe('Organization not found');
		expect(error?.description).toContain('Check Organization');
	});

	it('refuses bad filters of all items by name before anything is asked', async () => {
		const { error } = await run(
			{ ...getAll, filters: { from: '={{ $json.from }}', to: '2026-04-01' } },
			[{ from: '2026-03-01' }, { from: 'soon' }, { from: '2026-05-01' }],
		);
		expect(error?.description).toContain('Item 1: Filters > From');
		expect(error?.description).toContain('Item 2: Filters > From');
		expect(simulator.requests).toHaveLength(0);
	});
});

describe('an API on another network than its files', () => {
	it('is not asked twice for a link that may not be followed', async () => {
		const other = await startSimulator({ pace: 20 });
		const credential = await createCredential(bench.n8n.session, {
			name: 'Other',
			apiKey: keys.organization,
			baseUrl: other.baseUrl,
		});
		const callId = other.addCall({ transcriptUrl: 'file:///etc/hostname' });
		const { error } = await run({ operation: 'get', callId, download: ['transcript'] }, [{}], {
			credentials: { alloMiaApi: credential },
		});
		expect(error?.description).toContain('not a valid URL');
		expect(other.requests).toHaveLength(1);
		await other.stop();
	});
});
