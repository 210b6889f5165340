import { createCredential, outputsOf } from '../../scripts/lib/workflows';
import type { FaultRule } from '../simulator';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia } from './support/nodes';
import { isSince } from './support/version';

const bench = useBench();

/** What "Save" and "Retry" of n8n's credential dialog ask for. */
const test = async (data: Record<string, string>) =>
	await bench.n8n.session.call<{ status: string; message: string }>(
		'POST',
		'/rest/credentials/test',
		{ credentials: { id: bench.credential.id, name: 'AlloMia', type: 'alloMiaApi', data } },
	);

const passed = { status: 'OK', message: 'Connection successful!' };

/** Before 2.11, n8n shows a test the answer's body and not its status. */
const seesStatus = isSince('2.11.0');

/** Before 2.30, it has words of its own for a status that is refused, and goes where it is led. */
const saysStatus = isSince('2.30.0');

/** What is said of a status: by ours, n8n's own words, or what the body says. */
function ofStatus(ours: RegExp, ownWords: RegExp, ofBody: RegExp): RegExp {
	if (saysStatus) return ours;
	return seesStatus ? ownWords : ofBody;
}

async function call(data: { apiKey: string; baseUrl: string }) {
	const credential = await createCredential(bench.n8n.session, data);
	const workflow = await activeWorkflow(bench, [alloMia(credential, {})]);
	const execution = await workflow.run([{}]);
	const { error } = execution.data.resultData.runData.AlloMia?.[0] ?? {};
	return { outputs: outputsOf(execution, 'AlloMia'), error };
}

describe('the test of the credential', () => {
	it.each(['organization', 'tenant'] as const)('accepts a key of the %s level', async (level) => {
		const { baseUrl, keys } = bench.simulator;
		expect(await test({ apiKey: ` ${keys[level]}\n`, baseUrl: ` ${baseUrl}/ ` })).toEqual(passed);
		expect(bench.simulator.requests.map(({ method }) => method)).toEqual(['GET']);
		expect(bench.simulator.dials).toHaveLength(0);
	});

	it('accepts a key with the word Bearer and a line break inside, and dials with it', async () => {
		const { baseUrl, keys } = bench.simulator;
		const key = keys.organization;
		const data = { apiKey: `Bearer ${key.slice(0, 6)}\n${key.slice(6)}`, baseUrl };
		expect(await test(data)).toEqual(passed);
		const { outputs } = await call(data);
		expect(outputs[0]).toMatchObject([{ status: 'calling' }]);
	});

	it.each([
		['', 'API Key: it is empty'],
		['clé', 'invalid characters'],
	])('refuses the key "%s" before anything is sent', async (apiKey, says) => {
		const data = { apiKey, baseUrl: bench.simulator.baseUrl };
		const { status, message } = await test(data);
		expect(status).toBe('Error');
		expect(message).toContain(says);
		// An older n8n does not keep a credential without a key.
		if (apiKey !== '' || isSince('2.10.0')) {
			const { error } = await call(data);
			expect(error?.message).toContain(says);
		}
		expect(bench.simulator.requests).toHaveLength(0);
	});

	const wrongKey = /^Invalid or missing API key$/;

	it('says that a key is wrong', async () => {
		const result = await test({ apiKey: 'wrong-key', baseUrl: bench.simulator.baseUrl });
		const message = ofStatus(wrongKey, /^Authorization failed/, wrongKey);
		expect(result).toEqual({ status: 'Error', message: expect.stringMatching(message) });
	});

	const notAlloMia = /^The server at Base URL is not AlloMia’s API/;
	const page = '<html>Welcome</html>';

	it.each<[string, Pick<FaultRule, 'status' | 'body' | 'headers'>, RegExp]>([
		[
			'the organization is inactive',
			{ status: 403, body: { error: 'Organization is inactive' } },
			/^AlloMia said: Organization is inactive$/,
		],
		[
			'AlloMia fails',
			{ status: 500, body: { error: 'Internal server error occurred' } },
			ofStatus(/^AlloMia /, /^The service was not able/, /^AlloMia /),
		],
		['a web page answers', { status: 200, body: page }, notAlloMia],
		['a web page says that it is not there', { status: 404, body: page }, notAlloMia],
		['another API answers', { status: 200, body: { ok: true } }, notAlloMia],
		['another API says so', { status: 404, body: { error: 'Not Found' } }, notAlloMia],
		['nothing answers', { status: 204 }, notAlloMia],
		[
			'it is led elsewhere',
			{ status: 302, headers: { location: 'https://allomia.example.com/login' }, body: page },
			saysStatus ? notAlloMia : /^(The connection cannot be established|ENOTFOUND)/,
		],
		[
			'a page says that the key is wrong',
			{ status: 401, body: page },
			ofStatus(wrongKey, /^Authorization failed/, notAlloMia),
		],
		[
			'a proxy answers for AlloMia',
			{ status: 502, body: page },
			ofStatus(/^AlloMia cannot answer now \(HTTP 502\)/, /^Bad gateway/, notAlloMia),
		],
	])('says so where %s', async (_, answer, message) => {
		// n8n asks again after a 401.
		bench.simulator.fault({ kind: 'status', times: 2, ...answer });
		const { baseUrl, keys } = bench.simulator;
		const result = await test({ apiKey: keys.organization, baseUrl });
		expect(result).toEqual({ status: 'Error', message: expect.stringMatching(message) });
		bench.simulator.clearFaults();
	});

	it.each<[string, string, RegExp]>([
		['the key would travel in the open', 'http://allomia.example.com/api', /unencrypted/],
		['there is no address', 'allomia', /is not a valid URL/],
		[
			'nobody listens',
			'http://127.0.0.1:9/api',
			/ECONNREFUSED|^The service refused the connection/,
		],
	])('says so where %s', async (_, baseUrl, message) => {
		const result = await test({ apiKey: 'some-long-key', baseUrl });
		expect(result.status).toBe('Error');
		expect(result.message).toMatch(message);
		expect(result.message).not.toContain('some-long-key');
	});

	it('does not wait for long', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 60_000 });
		const { baseUrl, keys } = bench.simulator;
		const begun = Date.now();
		const result = await test({ apiKey: keys.organization, baseUrl });
		expect(result.status).toBe('Error');
		expect(Date.now() - begun).toBeLessThan(30_000);
	});
});
