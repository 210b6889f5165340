import { createCredential, outputsOf, type CredentialReference } from '../../scripts/lib/workflows';
import { ids, keys, startSimulator, type Simulator } from '../simulator';
import { activeWorkflow } from './support/bench';
import { Instance } from './support/instance';
import { startInternet, type Internet } from './support/internet';
import { alloMia, alloMiaTrigger, connect, node } from './support/nodes';
import { forward } from './support/proxy';
import { event } from './support/triggers';
import { post } from '../webhooks';
import { hasNodeVersion, since } from './support/version';

/**
 * AlloMia's API under a public name, as users have it: the simulator, reached by n8n through a proxy.
 * There, a link to a file may lead to the internet only.
 */
const api = 'api.allomia.example';
const files = 'files.allomia.example';
/** Where axios would take the key along. */
const below = `files.${api}`;
const inside = 'inside.allomia.example';
/** What n8n is called there. */
const ours = 'n8n.example';

let simulator: Simulator;
let internet: Internet;
let n8n: Instance;
let credential: CredentialReference;

beforeAll(async () => {
	simulator = await startSimulator();
	internet = await startInternet(
		{
			[api]: (req, res) => {
				const [, host] = /^\/moved\/(.*)/.exec(req.url ?? '') ?? [];
				if (host) return void res.writeHead(302, { location: `https://${host}/` }).end();
				forward(`${new URL(simulator.baseUrl).origin}${req.url}`, req, res);
			},
			'allomia.com': (req, res) =>
				forward(`${new URL(simulator.baseUrl).origin}${req.url}`, req, res),
			[ours]: (req, res) => forward(`${n8n.baseUrl}${req.url}`, req, res),
			[below]: (_, res) => void res.end('what is there'),
			[files]: (req, res) => {
				const target = new URL(req.url ?? '', `https://${files}`).searchParams.get('to');
				if (target) res.writeHead(302, { location: target }).end();
				else res.writeHead(200, { 'content-type': 'text/plain' }).end('what was said');
			},
		},
		{ [inside]: '10.0.0.7' },
	);
	n8n = await Instance.start({ ...internet.settings, WEBHOOK_URL: `https://${ours}/` });
	credential = await createCredential(n8n.session, {
		apiKey: keys.organization,
		baseUrl: `https://${api}/api`,
	});
});

afterAll(async () => {
	await n8n?.stop();
	await internet?.stop();
	await simulator?.stop();
});

beforeEach(() => {
	simulator.reset();
	internet.asked.length = 0;
	internet.dialled.length = 0;
});

/** Downloads a call's transcript in a real n8n. */
async function download(transcriptUrl: string) {
	const callId = simulator.addCall({ transcriptUrl });
	const node = alloMia(credential, {
		resource: 'call',
		operation: 'get',
		callId,
		download: ['transcript'],
	});
	const workflow = await activeWorkflow({ n8n }, [node]);
	const { data } = await workflow.run([{}]);
	const main = data.resultData.runData.AlloMia?.[0]?.data?.main?.[0] ?? [];
	return { error: data.resultData.error, transcript: main[0]?.binary?.transcript };
}

describe('with AlloMia’s API on the internet, a link to a file', () => {
	it('is followed to another host there, redirects too, without the API key', async () => {
		const link = `https://${files}/t.txt`;
		for (const each of [link, `https://${files}/moved?to=${encodeURIComponent(link)}`]) {
			const { error, transcript } = await download(each);
			expect(error).toBeUndefined();
			expect(transcript).toMatchObject({ mimeType: 'text/plain', fileSize: '13 B' });
		}
		const toFiles = internet.asked.filter(({ url }) => url.startsWith(files));
		expect(toFiles).toHaveLength(3);
		expect(JSON.stringify(toFiles)).not.toContain(keys.organization);
		expect(toFiles.some(({ headers }) => 'authorization' in headers)).toBe(false);
	});

	async function isNotFollowed(target: string) {
		for (const link of [target, `https://${files}/moved?to=${encodeURIComponent(target)}`]) {
			const { error, transcript } = await download(link);
			expect(error?.message).toBe('The transcript could not be downloaded');
			expect(error?.description).toContain(`${new URL(target).host}, which is not on the internet`);
			expect(transcript).toBeUndefined();
		}
		expect(new Set(internet.dialled)).toEqual(new Set([`${api}:443`, `${files}:443`]));
	}

	it.each([
		'http://127.0.0.1:5678/rest/credentials',
		'http://localhost/secret',
		'http://169.254.169.254/latest/meta-data',
		'http://10.0.0.7/secret',
		'https://192.168.1.1/secret',
		'http://[::ffff:10.0.0.7]/secret',
		'http://redis:6379/',
	])('is not followed to %s, nor is a redirect', isNotFollowed);

	// An older n8n does not tell nodes what a name stands for.
	since('2.30.0').it(
		'is not followed to a name of an internal address, nor is a redirect',
		async () => {
			await isNotFollowed(`https://${inside}/secret`);
		},
	);
});

it('sends nothing to anybody but AlloMia and n8n itself', async () => {
	const ourselves = (name: string, parameters: Record<string, unknown>) => ({
		...alloMia(credential, parameters),
		name,
	});
	const call = { resource: 'call', organizationId: ids.organizationId };
	const workflow = await activeWorkflow(
		{ n8n },
		[
			ourselves('AlloMia', { operation: 'createAndWait' }),
			ourselves('Polling', { operation: 'createAndWait', waitFor: 'polling' }),
			ourselves('Create', { callback: 'trigger' }),
			ourselves('Status', {
				operation: 'getStatus',
				outboundCallId: '={{ $json.outboundCallId }}',
			}),
			ourselves('Calls', { ...call, operation: 'getAll' }),
			alloMiaTrigger(credential),
		],
		{
			...connect('AlloMia', 'Polling'),
			...connect('Polling', 'Create'),
			...connect('Create', 'Status'),
			...connect('Status', 'Calls'),
		},
	);
	const url = `${n8n.baseUrl}/webhook/allomia/${workflow.id}`;
	const execution = await workflow.run([{}]);
	expect(execution.data.resultData.error).toBeUndefined();
	expect(outputsOf(execution, 'Calls').flat()).not.toEqual([]);
	// It is asked about an outcome without a signature.
	expect((await post(url, event())).status).toBe(401);
	const isN8ns = (host: string) => /(^|\.)n8n\.io(:443)?$/.test(host);
	const hosts = internet.dialled.filter((host) => !isN8ns(host));
	expect(new Set(hosts)).toEqual(new Set([`${api}:443`, `${ours}:443`]));
	expect(internet.passedBy().filter((host) => !isN8ns(host))).toEqual([]);
});

describe('a call that is waited for by an n8n that is not on the internet', () => {
	let atHome: Instance;

	beforeAll(async () => {
		atHome = await Instance.start(internet.settings);
	});

	afterAll(async () => await atHome?.stop());

	const waiting = async (waitFor?: string) => {
		const real = await createCredential(atHome.session, {
			apiKey: keys.organization,
			baseUrl: 'https://allomia.com/api',
		});
		const parameters = { operation: 'createAndWait', ...(waitFor ? { waitFor } : {}) };
		const workflow = await activeWorkflow({ n8n: atHome }, [alloMia(real, parameters)]);
		return (await workflow.run([{}])).data.resultData;
	};

	it('has its result looked up, and says so', async () => {
		const { runData, error } = await waiting();
		expect(error).toBeUndefined();
		const [{ data, hints } = {}] = runData.AlloMia ?? [];
		expect(data?.main?.[0]?.map(({ json }) => json)).toMatchObject([{ status: 'completed' }]);
		expect(simulator.dials.map(({ body }) => body.callbackUrl)).toEqual([undefined]);
		const message = expect.stringContaining(`cannot reach this n8n at ${atHome.baseUrl}`) as string;
		expect(hints).toContainEqual(expect.objectContaining({ message }));
	});

	it('is not placed where it is to be notified', async () => {
		const { error } = await waiting('callback');
		expect(error?.message).toContain(`AlloMia cannot reach this n8n at ${atHome.baseUrl}`);
		expect(error?.description).toContain('Auto or Polling');
		expect(simulator.requests).toEqual([]);
	});
});

describe('the credential in n8n’s HTTP Request node', () => {
	/** Asks for an address with it. */
	async function ask(url: string, typeVersion: number) {
		const workflow = await activeWorkflow({ n8n }, [
			node(
				'n8n-nodes-base.httpRequest',
				typeVersion,
				'AlloMia',
				{
					url,
					authentication: 'predefinedCredentialType',
					nodeCredentialType: 'alloMiaApi',
					options: { response: { response: { responseFormat: 'text' } } },
				},
				{ credentials: { alloMiaApi: credential } },
			),
		]);
		return (await workflow.run([{}])).data.resultData;
	}

	const keyed = () => internet.asked.filter(({ headers }) => headers.authorization !== undefined);

	it('sends the API key to AlloMia', async () => {
		const { error } = await ask(
			`https://${api}/api/calls?organizationId=${ids.organizationId}`,
			4.2,
		);
		expect(error).toBeUndefined();
		expect(keyed()).toHaveLength(1);
	});

	it.each([
		['another host', `https://${files}/`],
		['AlloMia in the open', `http://${api}/api/calls`],
		['another port', `https://${api}:8443/api/calls`],
	])('sends nothing to %s, and says why', async (_, url) => {
		const { error } = await ask(url, 4.2);
		expect(`${error?.message} ${error?.description ?? ''}`).toContain(
			`The API key may only be sent to https://${api},`,
		);
		expect(internet.asked).toEqual([]);
	});

	const httpRequest = 'n8n-nodes-base/dist/nodes/HttpRequest/HttpRequest.node.js';
	describe.each([4.2, 4.4])('version %d', (version) => {
		const there = hasNodeVersion(httpRequest, version) ? it : it.skip;

		there.each([files, below])('does not follow AlloMia to %s', async (host) => {
			await ask(`https://${api}/moved/${host}`, version);
			expect(internet.asked.map(({ url }) => url)).toEqual([`${api}/moved/${host}`]);
			expect(keyed()).toHaveLength(1);
		});
	});
});
