import { randomUUID } from 'node:crypto';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import {
	outputParkedOutcomes,
	assertCanWait,
	stateKey,
	parkUntilCallbacks,
	waitKey,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/park';
import { readConnection } from '../../../../../../nodes/shared/api/client';
import type { WaitingItem } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitingState';

let apiVersion: number | undefined;

jest.mock('n8n-workflow', () => ({
	...jest.requireActual<object>('n8n-workflow'),
	get N8N_NODES_API_VERSION() {
		return apiVersion;
	},
}));

const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const phoneNumber = '+15145551234';
const body = { phoneNumber, assistantId: 'a', phoneNumberId: 'p', callbackUrl: 'https://n8n/x' };
const calling = { itemIndex: 0, ok: true as const, value: { body, dryRun: false } };
const shown = { itemIndex: 1, ok: true as const, value: { body, dryRun: true } };
const bad = { itemIndex: 2, ok: false as const, issues: [] };

interface Request {
	url: string;
	timeout: number;
}

beforeEach(() => {
	jest.useFakeTimers();
	apiVersion = 1;
});
afterEach(() => jest.useRealTimers());

/** A node in a run, its address, and what AlloMia and n8n say to it. */
function place({
	url = `https://${randomUUID()}.example.com/webhook-waiting/7`,
	mode = 'webhook',
	retryOnFail = false,
	insideAgent = false,
	executionOrder = 'v1',
	answer = async () => await Promise.resolve({ statusCode: 409, body: '' } as object),
} = {}) {
	const kept: IDataObject = {};
	const entry: { data: { main?: unknown }; metadata?: object; source?: unknown; node: object } = {
		data: {},
		node: { name: 'AlloMia' },
	};
	const asked: Request[] = [];
	const warnings: string[] = [];
	const stack: Array<typeof entry> = [];
	const context = {
		runExecutionData: { executionData: { nodeExecutionStack: stack } },
		workflow: { settings: { executionOrder } },
		getExecutionCancelSignal: () => undefined,
		getCredentials: async () => await Promise.resolve({ apiKey: 'k' }),
		getNode: () => ({ name: 'AlloMia', type: 'alloMia', retryOnFail, parameters: {} }),
		getMode: () => mode,
		getContext: () => kept,
		getExecuteData: () => entry,
		getNodeParameter: (name: string) => (name === 'options' ? {} : false),
		isToolExecution: () => insideAgent,
		evaluateExpression: () => url,
		putExecutionToWait: async () => await Promise.resolve(),
		logger: { warn: (text: string) => warnings.push(text) },
		helpers: {
			httpRequest: async (request: Request) => {
				asked.push(request);
				return await answer();
			},
			httpRequestWithAuthentication: async (_: string, request: Request) => {
				asked.push(request);
				return await new Promise((_resolve, reject) =>
					setTimeout(() => reject(new Error('ETIMEDOUT')), request.timeout),
				);
			},
		},
	} as unknown as IExecuteFunctions;

	async function done<T>(work: Promise<T>): Promise<T> {
		work.catch(() => undefined);
		await jest.advanceTimersByTimeAsync(60_000);
		return await work;
	}
	const refuse = async (items: Parameters<typeof assertCanWait>[2], perStatus = false) =>
		await done(assertCanWait(context, connection, items, perStatus)).catch(
			({ message, description }: Error & { description: string }) => [message, description],
		);
	const park = async (items: WaitingItem[], count = items.length) => {
		const deadline = Date.now() + 3_600_000;
		const state = { wait: randomUUID(), deadline, outputPerStatus: false, items };
		const calls = Array.from({ length: count }, (_, itemIndex) => ({ ...calling, itemIndex }));
		const begun = Date.now();
		const parked = parkUntilCallbacks(context, connection, state, calls).then((outputs) => ({
			outputs,
			took: Date.now() - begun,
		}));
		return await done(parked);
	};
	const outcomes = async () => await done(outputParkedOutcomes(context));
	return { asked, warnings, kept, entry, stack, refuse, park, outcomes };
}

const waiting = (itemIndex: number): WaitingItem => ({
	itemIndex,
	call: { outboundCallId: uuid(itemIndex), contactId: 'c', status: 'calling' },
});
const failed: WaitingItem = { itemIndex: 0, error: { message: 'It failed' } };

describe('the parking', () => {
	it('does not wait longer than 20 seconds for an AlloMia that does not answer', async () => {
		const { park, asked, kept } = place();
		const { took } = await park(Array.from({ length: 50 }, (_, index) => waiting(index)));
		expect(took).toBe(20_000);
		const ofAlloMia = asked.filter(({ url }) => url.startsWith('https://allomia.com/'));
		expect(new Set(ofAlloMia.map(({ timeout }) => timeout))).toEqual(new Set([8_000, 4_000]));
		expect(JSON.parse(String(kept[stateKey]))).toMatchObject({ wait: kept[waitKey] });
	});

	it('lets n8n hand on nothing, and run the node again, where no callback resumes it', async () => {
		const { park, entry, stack } = place();
		const { node } = entry;
		const { outputs } = await park([failed, waiting(1)], 2);
		expect(outputs[0]?.map(({ json }) => json.error ?? json.status)).toEqual([
			'It failed',
			'calling',
		]);
		expect(entry.data.main).toEqual([]);
		expect(entry.node).toEqual({ ...node, alwaysOutputData: false });
		// What is known now goes on where n8n disables the node there, too.
		expect(stack).toEqual([{ ...entry, data: { main: outputs }, node }]);
		// n8n disables the node of the first.
		expect(stack[0]?.node).not.toBe(entry.node);
	});

	it('hands on what it knows where n8n needs items in the first list', async () => {
		const { park, entry, stack } = place({ executionOrder: 'v0' });
		const { outputs } = await park([failed, waiting(1)], 2);
		expect([entry.data.main, stack]).toEqual([outputs, []]);
		expect((entry.data.main as unknown[])[0]).not.toBe(outputs[0]);
	});

	it.each([
		['an error', [failed, waiting(1)], 0],
		['a call', [waiting(0), { ...failed, itemIndex: 1 }], 2],
	])('does not make n8n try again where the first item is %s', async (_, items, handedOn) => {
		const { park } = place({ retryOnFail: true });
		const { outputs } = await park(items);
		expect(outputs.map((it) => it.length)).toEqual([handedOn]);
	});
});

describe('a wait that is over', () => {
	const hour = 3_600_000;

	it('knows its outcomes whatever the case of their IDs', async () => {
		const { park, entry, outcomes } = place();
		const id = 'ABCDEF00-0000-4000-8000-00000000000a';
		const call = { outboundCallId: id, contactId: 'c', status: 'calling' };
		await park([{ itemIndex: 0, call }]);
		const json = { ...call, outboundCallId: id.toLowerCase(), status: 'busy' };
		entry.data.main = [[{ json }]];
		expect((await outcomes())[0]?.map((it) => it.json)).toEqual([json]);
	});

	it('calls those timed out of whom nothing came', async () => {
		const { park, entry, outcomes } = place();
		await park([waiting(0)]);
		jest.setSystemTime(Date.now() + hour);
		const timedOut = [expect.objectContaining({ status: 'calling', timedOut: true }) as object];
		for (const main of [undefined, [null], [[]]]) {
			entry.data.main = main;
			expect((await outcomes())[0]?.map((it) => it.json)).toEqual(timedOut);
		}
	});

	it('asks about those without an answer for half a minute, and longer for many', async () => {
		const { park, asked, outcomes } = place();
		await park([waiting(0)]);
		jest.setSystemTime(Date.now() + hour);
		const ofAlloMia = () => asked.filter(({ url }) => url.startsWith('https://allomia.com/'));
		const before = ofAlloMia().length;
		await outcomes();
		// Each request times out after 8 seconds, and two seconds later the next is sent.
		expect(
			ofAlloMia()
				.map(({ timeout }) => timeout)
				.slice(before),
		).toEqual([8_000, 8_000, 8_000]);
	});

	it.each([
		['webhook', 1],
		['retry', 0],
	])('that n8n ends too early goes on (in a run of mode %s: %i)', async (mode, parked) => {
		const { park, stack, entry, outcomes } = place({ mode });
		await park([waiting(0)]);
		Object.assign(entry, stack.shift());
		const [items = []] = await outcomes();
		expect(stack).toHaveLength(parked);
		expect(items.map(({ json }) => json.timedOut)).toEqual([true]);
	});
});

describe('a wait in vain is refused', () => {
	const nobody = expect.stringMatching(/^Nobody was called\. .*\(polling\)/) as unknown;
	const refusal = (message: RegExp) => [expect.stringMatching(message), nobody];
	const atHome = { url: 'http://localhost:5678/webhook-waiting/7' };

	it('where AlloMia could never reach this n8n', async () => {
		const unreachable = refusal(/^AlloMia cannot reach this n8n at http:\/\/localhost:5678,/);
		expect(await place(atHome).refuse([calling])).toEqual(unreachable);
		expect(await place(atHome).refuse([bad, shown, calling])).toEqual(unreachable);
	});

	it('but not where nobody would be called', async () => {
		const { refuse, asked } = place(atHome);
		expect(await refuse([])).toBeUndefined();
		expect(await refuse([bad, shown])).toBeUndefined();
		expect(asked).toEqual([]);
	});

	it('inside an agent that cannot pause its tools', async () => {
		expect(await place({ insideAgent: true }).refuse([calling])).toEqual(
			refusal(/^This AI agent cannot pause its tools/),
		);
	});

	it('with an output for each status, where n8n would hand on the first alone', async () => {
		const { refuse } = place();
		expect(await refuse([calling], true)).toBeUndefined();
		apiVersion = undefined;
		expect(await refuse([calling])).toBeUndefined();
		expect(await refuse([calling], true)).toEqual(refusal(/need n8n 2\.39 or newer$/));
	});

	it('where n8n may not ask itself; what runs by itself goes on, and the log says so', async () => {
		const blocked = async () =>
			await Promise.reject(new Error('The request was blocked because it resolves to 10.0.0.1'));
		const byHand = place({ mode: 'manual', answer: blocked });
		expect(await byHand.refuse([calling])).toEqual(
			refusal(/^n8n blocks requests to itself at https:/),
		);
		expect(byHand.warnings).toEqual([]);
		const { refuse, warnings } = place({ answer: blocked });
		expect(await refuse([calling])).toBeUndefined();
		expect(warnings).toEqual([
			expect.stringMatching(/^AlloMia: n8n blocks requests to itself .*N8N_SSRF_ALLOWED_HOSTNAMES/),
		]);
	});

	it('and n8n is asked once for the addresses of all executions', async () => {
		const base = `https://${randomUUID()}.example.com/webhook-waiting`;
		const [one, other] = [place({ url: `${base}/7` }), place({ url: `${base}/8` })];
		expect(await one.refuse([calling])).toBeUndefined();
		expect(await other.refuse([calling])).toBeUndefined();
		expect(one.asked.map(({ url }) => url)).toEqual([`${base}/7/allomia`]);
		expect(other.asked).toEqual([]);
	});
});
