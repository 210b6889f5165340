import { createServer, type Server } from 'node:http';
import { DateTime } from 'luxon';
import type { IDataObject } from 'n8n-workflow';
import {
	createCredential,
	until,
	waitForEnd,
	type CredentialReference,
	type Execution,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { close, ids, keys, listen } from '../simulator';
import { activeWorkflow, useBench } from './support/bench';
import { clinic } from '../clinics';
import { alloMia, node } from './support/nodes';
import { killAndRestart, runAgain } from './support/reruns';
import { hasNodeVersion } from './support/version';
import { dialOf, parked } from './support/waiting';

interface Tool {
	function: {
		name: string;
		description: string;
		parameters: { properties: Record<string, { description?: string }> };
	};
}

interface ChatRequest {
	messages: Array<{ role: string; content: unknown }>;
	tools?: Tool[];
	stream?: boolean;
}

const bench = useBench({ N8N_COMMUNITY_PACKAGES_ALLOW_TOOL_USAGE: 'true' });
let model: Server;

let modelUrl = '';
let tenant: CredentialReference;
let asked: ChatRequest[] = [];
type Filled = Record<string, string>;
/** What the model fills into the tool's fields; where that differs, by what it is told. */
let filled: Filled | ((told: string) => Filled) = {};

/** How often the model calls the tool, and whether it fails in the end. */
let insists = 1;
let isFailing = false;
/** Whether it does not answer any more once it is told what came of the call. */
let isSilent = false;
/** Which of its answers fails, if one does. */
let failsAt = 0;
const retrying = { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 };

/** A chat model that calls the tool it is given, and then says what came of it. */
function answer({ messages, tools: [tool] = [], stream }: ChatRequest): string {
	const last = messages.at(-1);
	const isTold = last?.role === 'tool' && (insists === 1 || asked.length > insists);
	const over = isTold || !tool;
	const values = typeof filled === 'function' ? filled(JSON.stringify(messages)) : filled;
	const message = over
		? { role: 'assistant', content: `The tool said: ${JSON.stringify(last?.content)}` }
		: {
				role: 'assistant',
				content: null,
				tool_calls: [
					{
						index: 0,
						id: 'call_1',
						type: 'function',
						function: { name: tool.function.name, arguments: JSON.stringify(values) },
					},
				],
			};
	const reason = over ? 'stop' : 'tool_calls';
	const common = { id: 'chat', object: 'chat.completion', created: 0, model: 'test' };
	const body = (choice: object) =>
		JSON.stringify({ ...common, choices: [{ index: 0, ...choice }] });
	if (!stream) return body({ message, finish_reason: reason });
	const chunks = [
		{ delta: message, finish_reason: null },
		{ delta: {}, finish_reason: reason },
	];
	return [...chunks.map(body), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
}

beforeAll(async () => {
	tenant = await createCredential(bench.n8n.session, {
		name: 'Tenant',
		apiKey: keys.tenant,
		baseUrl: bench.simulator.baseUrl,
	});
	model = createServer((request, response) => {
		let text = '';
		request.on('data', (chunk) => (text += String(chunk)));
		request.on('end', () => {
			const chat = JSON.parse(text) as ChatRequest;
			asked.push(chat);
			const isLast = chat.messages.at(-1)?.role === 'tool';
			if (isSilent && isLast) return;
			const fails = (isFailing && isLast) || asked.length === failsAt;
			response.writeHead(fails ? 500 : 200, {
				'content-type': chat.stream ? 'text/event-stream' : 'application/json',
			});
			response.end(answer(chat));
		});
	});
	modelUrl = await listen(model);
});

afterAll(async () => {
	await close(model);
});

beforeEach(() => {
	[asked, insists, isFailing, isSilent, failsAt] = [[], 1, false, false, 0];
});

const langchain = '@n8n/n8n-nodes-langchain';

/** The agent that hands its tools to n8n, which runs them as nodes. */
const newest = hasNodeVersion(`${langchain}/dist/nodes/agents/Agent/Agent.node.js`, 3.1) ? 3.1 : 3;

/** An agent with the AlloMia node as its only tool; resolves with what the agent says in the end. */
async function ask(
	parameters: Record<string, unknown>,
	version = newest,
	extras: Partial<WorkflowNode> = {},
): Promise<string> {
	const [said] = await askAbout([{}], parameters, version, extras);
	return said ?? '';
}

/** The same with several items, two of them at a time. */
async function askAbout(
	items: IDataObject[],
	...settings: Parameters<typeof agentWorkflow>
): Promise<string[]> {
	return saidIn(await (await agentWorkflow(...settings)).run(items));
}

/** What the agent said at the end of an execution. */
function saidIn(execution: Execution): string[] {
	// An agent that leaves its tools to n8n runs once more after them.
	const run = execution.data.resultData.runData.Agent?.at(-1);
	if (run?.error) throw new Error(run.error.message);
	return (run?.data?.main?.[0] ?? []).map(({ json }) => String(json.output));
}

/** @param loop a node that hands the agent its items in rounds */
async function agentWorkflow(
	parameters: Record<string, unknown>,
	version: number,
	extras: Partial<WorkflowNode> = {},
	agentExtras: Partial<WorkflowNode> = {},
	loop?: WorkflowNode,
) {
	const { id } = await bench.n8n.session.call<{ id: string }>('POST', '/rest/credentials', {
		name: 'Model',
		type: 'openAiApi',
		data: { apiKey: 'none', url: `${modelUrl}/v1`, header: false },
	});
	const tool = alloMia(bench.credential, parameters, extras);
	const agent = node(
		`${langchain}.agent`,
		version,
		'Agent',
		{
			promptType: 'define',
			text: '=Call the patient {{ $json.name }}.',
			options: { batching: { batchSize: 2, delayBetweenBatches: 0 } },
		},
		agentExtras,
	);
	const rounds = {
		Loop: { main: [[], [{ node: 'Agent', type: 'main', index: 0 }]] },
		Agent: { main: [[{ node: 'Loop', type: 'main', index: 0 }]] },
	};
	return await activeWorkflow(
		bench,
		[
			...(loop ? [loop] : []),
			agent,
			node(
				`${langchain}.lmChatOpenAi`,
				1.2,
				'Model',
				{ model: { __rl: true, mode: 'id', value: 'test' }, options: { maxRetries: 0 } },
				{ credentials: { openAiApi: { id, name: 'Model' } } },
			),
			{ ...tool, name: 'Call somebody', type: `${tool.type}Tool` },
		],
		{
			...(loop ? rounds : {}),
			Model: { ai_languageModel: [[{ node: 'Agent', type: 'ai_languageModel', index: 0 }]] },
			'Call somebody': { ai_tool: [[{ node: 'Agent', type: 'ai_tool', index: 0 }]] },
		},
	);
}

const byModel = {
	phoneNumber: "={{ $fromAI('Phone_Number', 'Whom to call, with the country code', 'string') }}",
	customerName: "={{ $fromAI('Customer_Name', 'The name of the person', 'string') }}",
};

describe('the AlloMia node as the tool of an AI agent', () => {
	it('lets the model fill in fields, calls whom it names, and tells it what came of it', async () => {
		filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
		const said = await ask(byModel);
		const [dial] = bench.simulator.dials;
		expect(dial?.body).toMatchObject({ phoneNumber: '+15145551234', customerName: 'Ada' });
		expect(bench.simulator.dials).toHaveLength(1);
		expect(said).toContain(String(dial?.outboundCallId));
	});

	it('tells the model what the tool does and what each field is', async () => {
		filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
		await ask(byModel);
		const tool = asked[0]?.tools?.[0]?.function;
		expect(tool?.description).toMatch(/call/i);
		expect(tool?.parameters.properties).toMatchObject({
			Phone_Number: { description: 'Whom to call, with the country code' },
			Customer_Name: { description: 'The name of the person' },
		});
	});

	it('tells the model what is wrong with a number, and calls nobody', async () => {
		filled = { Phone_Number: 'the patient', Customer_Name: 'Ada' };
		expect(await ask(byModel)).toContain('Phone Number');
		expect(bench.simulator.requests).toHaveLength(0);
	});

	it.each(['create', 'createAndWait'])(
		'tells the model when to call instead, outside of the hours: %s',
		async (operation) => {
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			// Half a day ahead, wherever the day stands.
			const from = DateTime.utc().plus({ hours: 12 });
			const window = {
				days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
				from: from.toFormat('HH:mm'),
				to: from.plus({ hours: 1 }).toFormat('HH:mm'),
			};
			const options = {
				callingHours: 'custom',
				callingWindows: { window: [window] },
				timeZone: 'UTC',
			};
			for (const version of [1.9, newest]) {
				const said = await ask({ ...byModel, operation, waitFor: 'polling', options }, version);
				const time = from.startOf('minute').toISO({ suppressMilliseconds: true });
				expect(said).toContain(`outside of the calling hours until ${time}`);
				expect(said).toContain('Nobody was called');
			}
			expect(bench.simulator.requests).toHaveLength(0);
		},
	);

	it('looks up how a call stands', async () => {
		// A call that does not end by itself.
		filled = { Phone_Number: '+15145550004', Customer_Name: 'Ada' };
		await ask(byModel);
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		await bench.simulator.endCall(id, 'no-answer');
		filled = { Outbound_Call_ID: id };
		const said = await ask({
			operation: 'getStatus',
			outboundCallId: "={{ $fromAI('Outbound_Call_ID', 'The outboundCallId', 'string') }}",
		});
		expect(said).toContain('no-answer');
	});

	it('waits for the outcome by polling, and tells it', async () => {
		filled = { Phone_Number: '+15145550003', Customer_Name: 'Ada' };
		const said = await ask({
			...byModel,
			operation: 'createAndWait',
			waitFor: 'polling',
			options: { pollInterval: 1 },
		});
		expect(said).toContain('no-answer');
		expect(bench.simulator.dials).toHaveLength(1);
		expect(bench.simulator.dials[0]?.body).not.toHaveProperty('callbackUrl');
	});

	it('waits for a callback, where n8n runs tools as nodes', async () => {
		filled = { Phone_Number: '+15145550004', Customer_Name: 'Ada' };
		const workflow = await agentWorkflow({ ...byModel, operation: 'createAndWait' }, newest);
		const id = await workflow.begin([{}]);
		await parked(bench, id);
		await bench.simulator.endCall(dialOf(bench, '+15145550004').outboundCallId, 'busy');
		const [said] = saidIn(await waitForEnd(bench.n8n.session, id));
		expect(said).toContain('busy');
		expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200]);
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('tells the agent at the limit that the call has not ended', async () => {
		filled = { Phone_Number: '+15145550004', Customer_Name: 'Ada' };
		const said = await ask({
			...byModel,
			operation: 'createAndWait',
			maxWait: 0.05,
			maxWaitUnit: 'minutes',
		});
		expect(said).toContain('timedOut');
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it.each([
		[1.9, 'polling'],
		[newest, 'polling'],
		[newest, 'callback'],
	])(
		'tells agent %s every outcome, though each has an output of its own elsewhere (%s)',
		async (version, waitFor) => {
			filled = { Phone_Number: '+15145550002', Customer_Name: 'Ada' };
			const said = await ask(
				{
					...byModel,
					operation: 'createAndWait',
					waitFor,
					options: { outputPerStatus: true, pollInterval: 1 },
				},
				version,
			);
			expect(said).toContain('busy');
		},
	);

	it('calls nobody where the agent cannot pause its tools, and tells it what to use instead', async () => {
		filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
		const waiting = { ...byModel, operation: 'createAndWait' };
		const said = await ask({ ...waiting, waitFor: 'callback' }, 2.2);
		expect(said).toMatch(/cannot pause.*Nobody was called.*Polling.*Create/);
		expect(bench.simulator.requests).toHaveLength(0);
		// Unless told to be notified, it looks up the result itself.
		expect(await ask(waiting, 2.2)).toContain('customer-ended-call');
		expect(bench.simulator.dials.map(({ body }) => body.callbackUrl)).toEqual([undefined]);
	});

	it('tells an older agent, too, what is wrong with a number', async () => {
		filled = { Phone_Number: 'the patient', Customer_Name: 'Ada' };
		expect(await ask(byModel, 1.9)).toContain('Phone Number');
		expect(bench.simulator.requests).toHaveLength(0);
	});

	it.each([1.9, 2.2, newest])(
		'calls nobody twice where n8n is to try the tool again (agent %s)',
		async (version) => {
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			bench.simulator.fault({ kind: 'reset-after', times: 9, match: { method: 'POST' } });
			await ask(byModel, version, { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 });
			const sent = bench.simulator.requests.filter(({ method }) => method === 'POST');
			expect([sent.length, bench.simulator.dials.length]).toEqual([1, 1]);
			expect(JSON.stringify(asked.at(-1)?.messages)).toContain('may have been placed');
		},
	);

	it.each([1.9, 2.2, newest])(
		'calls nobody twice where the model asks again for a call of which nobody knows (agent %s)',
		async (version) => {
			insists = 2;
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			bench.simulator.fault({ kind: 'reset-after', match: { method: 'POST' } });
			const said = await ask(byModel, version);
			expect(bench.simulator.dials).toHaveLength(1);
			expect(said).toContain('may have been placed');
		},
	);

	it.each([1.9, 2.2, newest])(
		'calls nobody twice where the agent failed after the call, and is run again (agent %s)',
		async (version) => {
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			isFailing = true;
			const workflow = await agentWorkflow(byModel, version);
			const failed = await workflow.run([{}]);
			expect([failed.status, bench.simulator.dials.length]).toEqual(['error', 1]);
			isFailing = false;
			const again = await runAgain(bench, workflow.id, failed.id);
			expect(again.status).toBe('success');
			const said = again.data.resultData.runData.Agent?.at(-1)?.data?.main?.[0]?.[0]?.json.output;
			expect(said).toContain(bench.simulator.dials[0]?.outboundCallId);
			expect(bench.simulator.dials).toHaveLength(1);
		},
	);

	it.each([
		['its original workflow', 'create', false],
		['the currently saved workflow', 'create', true],
		['its original workflow', 'createAndWait', false],
		['the currently saved workflow', 'createAndWait', true],
	])(
		'tells the model what came of its call where n8n was killed after it, and the execution is run again with %s (%s)',
		async (_, operation, isSaved) => {
			bench.simulator.setPace(3_000);
			filled = { Phone_Number: '+15145550002', Customer_Name: 'Ada' };
			isSilent = true;
			const workflow = await agentWorkflow({ ...byModel, operation }, newest);
			const id = await workflow.begin([{}]);
			await until('the model to be told', () => asked.length === 2, 60_000);
			await killAndRestart(bench, [workflow.id]);
			isSilent = false;
			const again = await runAgain(bench, workflow.id, id, isSaved);
			expect([again.status, bench.simulator.dials.length]).toEqual(['success', 1]);
			const told = JSON.stringify(asked.at(-1)?.messages.at(-1));
			// n8n has stored nothing of the agent's since it began.
			const isKnown = operation === 'createAndWait';
			expect(told).toContain(isKnown ? bench.simulator.dials[0]?.outboundCallId : 'interrupted');
		},
	);

	it.each([1.9, 2.2, newest])(
		'calls again where the model asks again for a call that was placed (agent %s)',
		async (version) => {
			insists = 2;
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			await ask(byModel, version);
			expect(bench.simulator.dials).toHaveLength(2);
		},
	);

	it.each([1.9, 2.2])(
		'calls nobody twice where n8n tries an agent again that failed after the call (agent %s)',
		async (version) => {
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			isFailing = true;
			const workflow = await agentWorkflow(byModel, version, {}, retrying);
			expect((await workflow.run([{}])).status).toBe('error');
			expect(asked.length).toBeGreaterThan(2);
			expect(bench.simulator.dials).toHaveLength(1);
		},
	);

	it.each([1.9, 2.2, newest])(
		'calls again in the next round of a loop, also after the agent was run again (agent %s)',
		async (version) => {
			filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
			const loop = node('n8n-nodes-base.splitInBatches', 3, 'Loop', { batchSize: 1, options: {} });
			const workflow = await agentWorkflow(byModel, version, {}, {}, loop);
			// The model fails after the second call.
			failsAt = 4;
			const failed = await workflow.run([{}, {}, {}]);
			expect([failed.status, bench.simulator.dials.length]).toEqual(['error', 2]);
			failsAt = 0;
			const again = await runAgain(bench, workflow.id, failed.id);
			expect([again.status, bench.simulator.dials.length]).toEqual(['success', 3]);
		},
	);

	it.each([1.9, 2.2, newest])(
		'calls each of a batch’s people once, and tells each their own outcome (agent %s)',
		async (version) => {
			const people = Object.fromEntries(
				Array.from({ length: 5 }, (_, index) => [`Ada ${index}`, `+1514555123${index}`]),
			);
			filled = (told) => {
				const name = /Call the patient (Ada \d)/.exec(told)?.[1] ?? '';
				return { Phone_Number: people[name] ?? '', Customer_Name: name };
			};
			const items = Object.keys(people).map((name) => ({ name }));
			const said = await askAbout(items, byModel, version);
			const dials = bench.simulator.dials.map(({ body, outboundCallId }) => [
				body.customerName,
				body.phoneNumber,
				outboundCallId,
			]);
			expect(dials.map(([name, number]) => [name, number]).sort()).toEqual(Object.entries(people));
			const ids = new Map(dials.map(([name, , id]) => [name, id]));
			said.forEach((text, index) => expect(text).toContain(ids.get(`Ada ${index}`)));
			expect(said).toHaveLength(5);
		},
	);

	it.each([1.9, newest])(
		'tells agent %s what was said in a call: it gets no files',
		async (version) => {
			const callId = bench.simulator.addCall({ userName: 'Ada Lovelace' });
			filled = { Call_ID: callId };
			const said = await ask(
				{
					resource: 'call',
					operation: 'get',
					callId: "={{ $fromAI('Call_ID', 'The ID of the call', 'string') }}",
					download: ['transcript'],
				},
				version,
			);
			expect(said).toContain('appointment_confirmed');
			expect(said).toContain('this is Ada Lovelace');
			expect(said).toContain('À bientôt');
		},
	);

	it('finds the call behind an outcome, and waits for its log', async () => {
		bench.simulator.setLogLag(2_000);
		filled = { Phone_Number: '+15145551234', Customer_Name: 'Ada' };
		await ask({ ...byModel, operation: 'createAndWait', waitFor: 'polling' });
		filled = {
			Outbound_Call_ID: bench.simulator.dials[0]?.outboundCallId ?? '',
			Phone_Number: '(514) 555-1234',
		};
		const said = await ask({
			resource: 'call',
			operation: 'getByOutboundCall',
			outboundCallId: "={{ $fromAI('Outbound_Call_ID', 'The outboundCallId', 'string') }}",
			organizationId: ids.organizationId,
			options: { phoneNumber: byModel.phoneNumber, download: ['transcript'] },
		});
		expect(said).toContain('appointment_confirmed');
		expect(said).toContain('this is Ada');
	});

	it('lists calls by what the model asks for', async () => {
		const organizationId = "={{ $fromAI('Organization', 'The ID', 'string') }}";
		bench.simulator.addCall({ agentName: 'Night desk', userPhoneNumber: '+14385551234' });
		filled = { Organization: ids.organizationId, Agent: 'night desk' };
		const said = await ask({
			resource: 'call',
			operation: 'getAll',
			organizationId: { __rl: true, mode: 'id', value: organizationId },
			filters: { agentName: "={{ $fromAI('Agent', 'Part of its name', 'string') }}" },
		});
		expect(said).toContain('+14385551234');
		expect(said).not.toContain('Reception');
	});

	it('tells the model why there is no call, and what to do', async () => {
		filled = { Call_ID: 'unknown' };
		const callId = "={{ $fromAI('Call_ID', 'The ID of the call', 'string') }}";
		const said = await ask({ resource: 'call', operation: 'get', callId });
		expect(said).toContain('Call not found');
		expect(said).toContain('Check the ID');
	});

	it.each<[string, Record<string, unknown>, string]>([
		['get', { organizationId: ids.organizationId }, 'Main Street Clinic'],
		['getAll', { filters: { search: "={{ $fromAI('Name') }}" } }, 'Other Clinic'],
		['create', { ...clinic, name: "={{ $fromAI('Name') }}" }, 'Other Clinic'],
		[
			'update',
			{ organizationId: ids.organizationId, name: "={{ $fromAI('Name') }}", email: 'a@b.example' },
			'Other Clinic',
		],
		[
			'updateMetadata',
			{
				organizationId: ids.organizationId,
				metadata: "={{ { clinicCode: $fromAI('Name') } }}",
			},
			'Other Clinic',
		],
	])('works with organizations: %s', async (operation, parameters, expected) => {
		filled = { Name: 'Other Clinic' };
		const asTool = { resource: 'organization', operation, ...parameters };
		expect(await ask(asTool, newest, { credentials: { alloMiaApi: tenant } })).toContain(expected);
		const refused = await ask(asTool);
		expect(refused).toContain('Insufficient permissions');
		expect(refused).toContain('tenant');
	});
});
