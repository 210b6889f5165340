import type { IDataObject, INode, INodeParameters } from 'n8n-workflow';
import { verificationKey, verifyContext } from '../../nodes/shared/callbacks/signedUrl';
import { ids, keys } from '../simulator';
import { call, credential, dialRequests, numbers, simulator } from './bench';
import { errorOf, execute, node, output, outputJson, runOf, type Execution } from './engine';

const one = '+15145551234';
const two = '+15145551235';
const three = '+15145551236';
const another = '+14165559876';

/** What was sent for the only item. */
async function sent(change: INodeParameters, item: IDataObject = { number: one }) {
	const run = await execute({ parameters: call(change), credential, items: [item] });
	expect(run.status).toBe('success');
	expect(simulator.dials).toHaveLength(1);
	return simulator.dials[0]?.body;
}

const minimal = {
	phoneNumber: one,
	assistantId: ids.assistantId,
	phoneNumberId: ids.phoneNumberId,
};

const pairs = (key: string, ...list: Array<[string, unknown]>) =>
	({ [key]: list.map(([name, value]) => ({ name, value })) }) as INodeParameters;

describe('what is sent for a call', () => {
	it('holds the three required fields and nothing else where nothing else was set', async () => {
		expect(await sent({})).toEqual(minimal);
	});

	it.each<[string, INodeParameters, object]>([
		['a customer name', { customerName: ' John Doe ' }, { customerName: 'John Doe' }],
		['no customer name where it is blank', { customerName: ' \n' }, {}],
		[
			'variables from fields',
			{ dynamicVariables: pairs('variable', ['slot', '2026-04-01T10:00:00Z'], ['note', '']) },
			{ dynamicVariables: { slot: '2026-04-01T10:00:00Z', note: '' } },
		],
		['no variables where there are none', { dynamicVariables: {} }, {}],
		[
			'variables from JSON',
			{
				specifyDynamicVariables: 'json',
				dynamicVariablesJson: '{ "age": 42, "fasting": true, "tests": ["a", 1] }',
			},
			{ dynamicVariables: { age: '42', fasting: 'true', tests: '["a",1]' } },
		],
		[
			'variables from an expression that gives an object',
			{
				specifyDynamicVariables: 'json',
				dynamicVariablesJson: '={{ { at: DateTime.fromISO("2026-04-01T10:00:00Z").toUTC() } }}',
			},
			{ dynamicVariables: { at: '2026-04-01T10:00:00.000Z' } },
		],
		[
			'no variables from the fields that the other choice hides',
			{ specifyDynamicVariables: 'json', dynamicVariables: pairs('variable', ['a', 'b']) },
			{},
		],
		[
			'a national number in the form of its country',
			{ phoneNumber: '(514) 555-1234', options: { defaultCountry: 'ca' } },
			{},
		],
		[
			'ids without what was pasted around them',
			{ assistantId: `\u200b ${ids.assistantId}\n`, phoneNumberId: `${ids.phoneNumberId}\t` },
			{},
		],
		[
			'a callback URL exactly as given',
			{ callback: 'url', callbackUrl: 'https://example.com/a?b=c&b=d#e' },
			{ callbackUrl: 'https://example.com/a?b=c&b=d#e' },
		],
		[
			'no callback URL where it is not asked for',
			{ callback: 'none', callbackUrl: 'https://example.com/a' },
			{},
		],
	])('has %s', async (_, change, more) => {
		expect(await sent(change)).toEqual({ ...minimal, ...more });
	});

	it('takes each item’s own parameters, options and metadata included', async () => {
		const run = await execute({
			parameters: call({
				phoneNumber: '={{ $json.number }}',
				customerName: '={{ $json.name }}',
				callback: 'url',
				callbackUrl: 'https://example.com/webhook/1/webhook',
				options: {
					defaultCountry: '={{ $json.country }}',
					metadata: pairs('entry', ['id', '={{ $json.id }}']),
					maxConcurrency: 1,
				},
			}),
			credential,
			items: [
				{ number: '(514) 555-1234', country: 'CA', name: 'Ada', id: 7 },
				{ number: '01 23 45 67 89', country: 'FR', id: 8 },
			],
		});
		expect(run.status).toBe('success');
		expect(simulator.dials.map(({ body }) => [body.phoneNumber, body.customerName])).toEqual([
			['+15145551234', 'Ada'],
			['+33123456789', undefined],
		]);
		expect(simulator.dials.map(({ body }) => contextOf(body.callbackUrl)?.metadata)).toEqual([
			{ id: 7 },
			{ id: 8 },
		]);
	});

	it('carries the key of the credential, and goes where the credential says', async () => {
		await sent({});
		expect(simulator.dials[0]?.headers.authorization).toBe(`Bearer ${keys.organization}`);
	});
});

function contextOf(callbackUrl: string | undefined) {
	const url = new URL(String(callbackUrl));
	return verifyContext(
		Object.fromEntries(url.searchParams),
		url.pathname,
		verificationKey(keys.organization),
	);
}

describe('where the outcome goes', () => {
	const url = 'https://other.example.com/webhook/abc/webhook?team=7';

	it.each<[string, INodeParameters]>([
		['it is to be signed', { options: { signCallbackUrl: true } }],
		['there is metadata', { options: { metadata: pairs('entry', ['crm', 'A-1']) } }],
	])('keeps the URL’s own query and says which item it is for where %s', async (_, change) => {
		const body = await sent({ callback: 'url', callbackUrl: url, ...change });
		expect(body?.callbackUrl?.startsWith(`${url}&`)).toBe(true);
		expect(contextOf(body?.callbackUrl)).toMatchObject({
			workflowId: 'workflow1',
			executionId: expect.stringMatching(/^\d+$/),
			itemIndex: 0,
		});
	});

	const trigger = (name = 'AlloMia Trigger', change: Partial<INode> = {}): INode => ({
		...node(name, 'n8n-nodes-allomia.alloMiaTrigger'),
		...change,
	});

	const toTrigger = (nodes: INode[], change: Partial<Execution> = {}): Execution => ({
		parameters: call({ callback: 'trigger' }),
		credential,
		items: numbers(one, another),
		nodes,
		...change,
	});

	it('is the trigger of this workflow, under the address that n8n has today', async () => {
		const publicUrl = 'https://today.example.com/n8n';
		const run = await execute(toTrigger([trigger()], { publicUrl }));
		expect(run.status).toBe('success');
		const urls = simulator.dials.map(({ body }) => String(body.callbackUrl));
		for (const it of urls)
			expect(it.startsWith(`${publicUrl}/webhook/allomia/workflow1?`)).toBe(true);
		expect(urls.map((it) => contextOf(it)?.itemIndex).sort()).toEqual([0, 1]);
	});

	it('is the trigger that is named, at its own path, item by item', async () => {
		const run = await execute(
			toTrigger(
				[
					trigger('East', { parameters: { options: { path: ' /clinic/east/ ' } } }),
					trigger('West', { parameters: { options: { path: 'west' } } }),
					node('End', 'test.pass'),
				],
				{
					parameters: call({ callback: 'trigger', triggerName: '={{ $json.trigger }}' }),
					items: [
						{ number: one, trigger: 'East' },
						{ number: another, trigger: 'West' },
					],
					connections: [
						['Start', 'AlloMia'],
						['East', 'End'],
						['West', 'End'],
					],
				},
			),
		);
		expect(run.status).toBe('success');
		const paths = simulator.dials.map(({ body }) => [
			body.phoneNumber,
			new URL(String(body.callbackUrl)).pathname,
		]);
		expect(new Map(paths as Array<[string, string]>)).toEqual(
			new Map([
				[one, '/webhook/clinic/east'],
				[another, '/webhook/west'],
			]),
		);
	});

	it('finds the only trigger of the workflow, whatever its name, where the name is left empty', async () => {
		const results = trigger('Results', { parameters: { options: { path: 'clinic' } } });
		const parameters = call({ callback: 'trigger', triggerName: '' });
		const run = await execute(toTrigger([results], { parameters }));
		expect(run.status).toBe('success');
		expect(new URL(String(simulator.dials[0]?.body.callbackUrl)).pathname).toBe('/webhook/clinic');
	});

	it.each<[string, INode[], Partial<Execution>, RegExp]>([
		['there is no trigger', [], {}, /^Trigger Name: There is no node "AlloMia Trigger"[^]*Add/],
		['it was renamed', [trigger('Outcome')], {}, /^Trigger Name: There is no node/],
		[
			'it is no AlloMia Trigger',
			[node('AlloMia Trigger', 'test.start')],
			{},
			/^Trigger Name: "AlloMia Trigger" is not an AlloMia Trigger/,
		],
		[
			'it is this very node',
			[],
			{ parameters: call({ callback: 'trigger', triggerName: 'AlloMia' }) },
			/^Trigger Name: "AlloMia" is not an AlloMia Trigger/,
		],
		[
			'it is deactivated',
			[trigger('AlloMia Trigger', { disabled: true }), node('End', 'test.pass')],
			{
				connections: [
					['Start', 'AlloMia'],
					['AlloMia Trigger', 'End'],
				],
			},
			/^Trigger Name: "AlloMia Trigger" is deactivated[^]*publish/,
		],
		[
			'it is deactivated, and leads nowhere',
			[trigger('AlloMia Trigger', { disabled: true })],
			{},
			/^Trigger Name: "AlloMia Trigger" is deactivated[^]*publish/,
		],
		[
			'n8n, which does not tell whether the workflow is published, does not reach itself',
			[trigger()],
			{ unpublished: true, publicUrl: 'http://127.0.0.1:9' },
			/^Send Result To: .*cannot reach itself at http:\/\/127\.0\.0\.1:9/,
		],
		[
			'its path cannot be one',
			[trigger('AlloMia Trigger', { parameters: { options: { path: 'two words' } } })],
			{},
			/^Trigger Name: The option Path of "AlloMia Trigger"/,
		],
		[
			'its path is an expression, which n8n does not resolve there',
			[trigger('AlloMia Trigger', { parameters: { options: { path: '={{ "a" }}' } } })],
			{},
			/^Trigger Name: The option Path of "AlloMia Trigger"/,
		],
		[
			'n8n’s endpoints are renamed',
			[trigger()],
			{ waitingEndpoint: 'waiting' },
			/^Send Result To: .*custom webhook endpoints.*Production URL/,
		],
	])('is asked for, and nobody is called, where %s', async (_, nodes, change, says) => {
		const run = await execute(toTrigger(nodes, { ...change, items: numbers(one) }));
		expect(run.status).toBe('error');
		expect(errorOf(run).message).toMatch(says);
		expect(dialRequests()).toBe(0);
	});

	it('must be somewhere where there is metadata', async () => {
		const options = { metadata: pairs('entry', ['id', '7']) };
		const run = await execute({ parameters: call({ options }), credential, items: numbers(one) });
		expect(errorOf(run).message).toMatch(/^Metadata: .*Send Result To/);
		expect(dialRequests()).toBe(0);
	});

	it('may be as long as servers take, and no longer', async () => {
		const place = 'https://other.example.com/';
		const calling = async (callbackUrl: string) =>
			await execute({
				parameters: call({ callback: 'url', callbackUrl, options: { signCallbackUrl: true } }),
				credential,
				items: numbers(one),
			});
		await calling(place);
		const room = 4_000 - (simulator.dials[0]?.body.callbackUrl ?? '').length;
		await calling(place + 'x'.repeat(room));
		expect(simulator.dials[1]?.body.callbackUrl).toHaveLength(4_000);
		const { message } = errorOf(await calling(place + 'x'.repeat(room + 1)));
		expect(message).toMatch(/^Webhook URL: .*is 4001 characters long/);
		expect(simulator.dials).toHaveLength(2);
	});

	it('is refused where metadata makes the URL longer than servers take', async () => {
		const run = await execute({
			parameters: call({
				callback: 'url',
				callbackUrl: url,
				options: { metadata: pairs('entry', ['text', 'x'.repeat(4000)]) },
			}),
			credential,
			items: numbers(one),
		});
		expect(errorOf(run).message).toMatch(/^Metadata: .*\d+ characters/);
		expect(dialRequests()).toBe(0);
	});
});

describe('what comes out', () => {
	it('is AlloMia’s answer, untouched, with what the documentation does not know', async () => {
		const answer = {
			outboundCallId: 'c3d4e5f6-a7b8-9012-cdef-345678901234',
			contactId: 'd4e5f6a7-b8c9-0123-defa-456789012345',
			status: 'calling',
			message: 'Outbound call dispatched',
			queue: { position: 3, tags: ['new'] },
		};
		simulator.fault({ kind: 'status', status: 200, body: answer });
		const run = await execute({ parameters: call(), credential, items: numbers(one) });
		expect(outputJson(run)).toEqual([answer]);
	});

	it('stands in the order of the input, each item tied to the one it came from', async () => {
		const list = Array.from({ length: 12 }, (_, index) => `+1514555${2000 + index}`);
		// The first is answered last.
		simulator.fault({ kind: 'slow', delayMs: 200, match: { number: list[0] } });
		const run = await execute({
			parameters: call({ options: { maxConcurrency: 4 } }),
			credential,
			items: numbers(...list),
			nodes: [node('After', 'test.value', { value: '={{ $("Start").item.json.number }}' })],
			connections: [
				['Start', 'AlloMia'],
				['AlloMia', 'After'],
			],
		});
		const idOf = new Map(simulator.dials.map((it) => [it.body.phoneNumber, it.outboundCallId]));
		expect(outputJson(run).map(({ outboundCallId }) => outboundCallId)).toEqual(
			list.map((number) => idOf.get(number)),
		);
		expect(output(run).map(({ pairedItem }) => pairedItem)).toEqual(
			list.map((_, item) => ({ item })),
		);
		expect(outputJson(run, 0, 0, 'After')).toEqual(list.map((value) => ({ value })));
	});
});

describe('options', () => {
	it.each([
		[3, 9],
		[undefined, 25],
	])(
		'never hands over more than Max Parallel Requests (%s) at once',
		async (maxConcurrency, count) => {
			simulator.fault({ kind: 'slow', delayMs: 80, times: count });
			let most = 0;
			const watch = setInterval(() => {
				const open = simulator.requests.filter(({ status }) => status === undefined).length;
				most = Math.max(most, open);
			}, 4);
			const run = await execute({
				parameters: call({ options: maxConcurrency === undefined ? {} : { maxConcurrency } }),
				credential,
				items: numbers(...Array.from({ length: count }, (_, index) => `+1514555${3000 + index}`)),
			}).finally(() => clearInterval(watch));
			expect(output(run)).toHaveLength(count);
			expect(most).toBe(maxConcurrency ?? 10);
		},
	);

	it.each<[string, INodeParameters, RegExp]>([
		['Max Parallel Requests', { maxConcurrency: 0 }, /^Max Parallel Requests: It is 0/],
		['Max Parallel Requests', { maxConcurrency: 'many' }, /^Max Parallel Requests: It is "many"/],
		['Timeout', { timeout: -1 }, /^Timeout: It is -1/],
	])('refuses a %s that makes no sense, and calls nobody', async (_, options, says) => {
		const run = await execute({
			parameters: call({ options }),
			credential,
			items: numbers(one),
		});
		expect(errorOf(run).message).toMatch(says);
		expect(dialRequests()).toBe(0);
	});

	it('gives up waiting after Timeout', async () => {
		const started = Date.now();
		simulator.fault({ kind: 'timeout-after' });
		const run = await execute({
			parameters: call({ options: { timeout: 250 } }),
			credential,
			items: numbers(one),
		});
		expect(Date.now() - started).toBeLessThan(2000);
		expect(errorOf(run).message).toMatch(/did not respond in time/);
		expect(simulator.dials).toHaveLength(1);
	});
});

describe('a dry run', () => {
	const parameters = (dryRun: boolean) =>
		call({
			customerName: 'John Doe',
			dynamicVariables: pairs('variable', ['practitioner', 'Dr. Smith']),
			callback: 'url',
			callbackUrl: 'https://example.com/hook',
			options: { dryRun },
		});

	it('shows exactly what would be sent, and sends nothing', async () => {
		const dry = await execute({ parameters: parameters(true), credential, items: numbers(one) });
		expect(simulator.requests).toHaveLength(0);
		await execute({ parameters: parameters(false), credential, items: numbers(one) });
		const real: unknown = JSON.parse(String(simulator.dials[0]?.rawBody));
		expect(outputJson(dry)).toEqual([{ dryRun: true, request: real }]);
		expect(output(dry)[0]?.pairedItem).toEqual({ item: 0 });
	});

	it('of some items calls the others only, in the order of the input', async () => {
		const items = [
			{ number: one, try: false },
			{ number: two, try: true },
			{ number: three, try: 'false' },
		];
		const options = { dryRun: '={{ $json.try }}' };
		const run = await execute({ parameters: call({ options }), credential, items });
		expect(simulator.dials.map(({ body }) => body.phoneNumber).sort()).toEqual([one, three]);
		expect(outputJson(run)).toEqual([
			expect.objectContaining({ status: 'calling' }),
			{ dryRun: true, request: expect.objectContaining({ phoneNumber: two }) },
			expect.objectContaining({ status: 'calling' }),
		]);
		expect(output(run).map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
	});

	it.each([['$json.missing'], ['"perhaps"'], ['null'], ['1']])(
		'that an expression gives as %s calls nobody, rather than somebody by accident',
		async (expression) => {
			const run = await execute({
				parameters: call({ options: { dryRun: `={{ ${expression} }}` } }),
				credential,
				items: numbers(one),
			});
			expect(errorOf(run).message).toMatch(/^Dry Run: It is .* Use true or false/);
			expect(simulator.requests).toHaveLength(0);
		},
	);

	it('tells of bad items as a real run would', async () => {
		const stopped = await execute({
			parameters: parameters(true),
			credential,
			items: numbers(one, 'nonsense'),
		});
		expect(stopped.status).toBe('error');
		const continued = await execute({
			parameters: parameters(true),
			credential,
			items: numbers('nonsense', one),
			settings: { onError: 'continueRegularOutput' },
		});
		expect(outputJson(continued)).toEqual([
			{
				dryRun: true,
				error: expect.stringContaining('Phone Number'),
				message: expect.stringContaining('Nobody was called'),
			},
			{ dryRun: true, request: expect.objectContaining({ phoneNumber: one }) },
		]);
		expect(simulator.requests).toHaveLength(0);
	});
});

describe('hints', () => {
	const real = { apiKey: keys.organization, baseUrl: 'https://allomia.com/api' };
	const trigger = node('AlloMia Trigger', 'n8n-nodes-allomia.alloMiaTrigger');

	async function hints(change: INodeParameters, publicUrl: string, to = real) {
		const run = await execute({
			parameters: call({ ...change, options: { dryRun: true, ...(change.options as object) } }),
			credential: to,
			items: numbers(one),
			nodes: [trigger],
			publicUrl,
		});
		expect(run.status).toBe('success');
		const warnings = (runOf(run).hints ?? []).filter(({ type }) => type === 'warning');
		expect(warnings.map(({ location }) => location)).toEqual(warnings.map(() => 'outputPane'));
		return warnings.map(({ message }) => message);
	}

	it.each<[string, INodeParameters, string]>([
		['this workflow’s trigger', { callback: 'trigger' }, 'http://localhost:5678'],
		['this workflow’s trigger', { callback: 'trigger' }, 'http://192.168.1.20:5678'],
		[
			'a URL',
			{ callback: 'url', callbackUrl: 'http://10.0.0.7/webhook/x' },
			'https://n8n.example.com',
		],
	])('warn that AlloMia cannot reach %s', async (_, change, publicUrl) => {
		const said = await hints(change, publicUrl);
		const origin = new URL(String(change.callbackUrl ?? publicUrl)).origin;
		expect(said).toEqual([expect.stringContaining(`cannot reach ${origin}`)]);
		expect(said[0]).toContain('WEBHOOK_URL');
	});

	it('say that nothing tells how the calls end, with Send Result To set to Nowhere', async () => {
		const [hint] =
			runOf(await execute({ parameters: call(), credential, items: numbers(one) })).hints ?? [];
		expect(hint?.message).toContain('nothing tells this workflow how they end');
	});

	it('say nothing where AlloMia can reach it', async () => {
		expect(await hints({ callback: 'trigger' }, 'https://n8n.example.com')).toEqual([]);
	});

	it('say nothing where AlloMia’s stand-in runs on this machine too', async () => {
		const local = { apiKey: keys.organization, baseUrl: simulator.baseUrl };
		expect(await hints({ callback: 'trigger' }, 'http://localhost:5678', local)).toEqual([]);
	});
});
