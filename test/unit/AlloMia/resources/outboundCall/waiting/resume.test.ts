import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import {
	stateKey,
	waitKey,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/park';
import { resume } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/resume';
import { responses } from '../../../../../../nodes/shared/callbacks/responses';
import { signCallbackUrl } from '../../../../../../nodes/shared/callbacks/signedUrl';
import type { WaitingItem } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitingState';

const uuid = (number: number) => `aaaaaaaa-0000-4000-8000-${String(number).padStart(12, '0')}`;
const address = 'https://n8n.example.com/webhook-waiting/7';

/** What was wrong with the requests of a test. */
let wrong: unknown[] = [];

beforeEach(() => {
	wrong = [];
	jest.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
	jest.useRealTimers();
	expect(wrong).toEqual([]);
});

let waits = 0;

interface Request {
	url: string;
	headers: IDataObject;
	body: string;
	timeout: number;
}

interface Sent {
	/** Which call the address was made for. */
	of?: number;
	look?: true;
	status?: string;
	signed?: boolean;
}

/** An execution that waits for these calls, an AlloMia, and n8n around them. */
function waitFor(
	calls: number,
	{ maxWait = 600, more = [] as WaitingItem[], source = undefined as object | undefined } = {},
) {
	waits += 1;
	const begun = Date.now();
	const wait = `7/AlloMia/${waits}`;
	/** What AlloMia says of a call, if not that it goes on. */
	const statuses = new Map<number, string>();
	/** Whom AlloMia was asked about, and when, in seconds. */
	const asked: Array<[number, number]> = [];
	/** The looks that this process has sent to the execution, in seconds. */
	const looks: number[] = [];
	const alloMia = { slow: 0, status: 200 };
	const warnings: string[] = [];
	const credential = { apiKey: 'k', baseUrl: 'https://allomia.com/api', gone: false };
	const now = () => (Date.now() - begun) / 1_000;
	const items: WaitingItem[] = Array.from({ length: calls }, (_, itemIndex) => ({
		itemIndex,
		call: { outboundCallId: uuid(itemIndex), contactId: 'c', status: 'calling' },
	}));
	const state = {
		wait,
		deadline: begun + maxWait * 1_000,
		outputPerStatus: false,
		source,
		items: [...items, ...more],
	};
	const context = { [stateKey]: JSON.stringify(state), [waitKey]: wait };
	const entry: { source?: unknown } = {};

	async function post(
		number: number,
		{ of = number, look, status = 'busy', signed = true }: Sent = {},
	) {
		const place = { workflowId: '1', executionId: '7', itemIndex: of };
		const url = new URL(
			signed ? signCallbackUrl(`${address}/allomia`, place, 'k') : `${address}/allomia`,
		);
		const body = { outboundCallId: uuid(number), contactId: 'c', status };
		let answer: unknown;
		const webhook = {
			getNode: () => ({ name: 'My AlloMia', credentials: { alloMiaApi: { id: '' } } }),
			getRequestObject: () => ({
				headers: { 'content-type': 'application/json', ...(look ? { 'x-allomia-look': '1' } : {}) },
				query: Object.fromEntries(url.searchParams),
				path: url.pathname,
				originalUrl: url.pathname + url.search,
				rawBody: Buffer.from(JSON.stringify(body)),
				body,
			}),
			getResponseObject: () => ({
				status: (code: number) => ({
					json: (said: object) => (answer = { status: code, body: said }),
				}),
			}),
			evaluateExpression: (expression: string) => {
				if (expression.includes('resumeUrl')) return address;
				const [, node, key = ''] = /\$\("(.*)"\)\.context\["(.*)"\]/.exec(expression) ?? [];
				return node === 'My AlloMia' ? (context as IDataObject)[key] : undefined;
			},
			getCredentials: async () => {
				if (credential.gone) throw new Error('The credential was deleted');
				return credential;
			},
			logger: { warn: (text: string) => warnings.push(text), error: () => undefined },
			helpers: {
				httpRequest: async ({ url: target, headers, body: event }: Request) => {
					const isLook = headers['x-allomia-look'] === '1' && event.includes('"status":"calling"');
					if (target !== url.href || !isLook) wrong.push({ target, headers, event });
					looks.push(now());
					return { statusCode: 200, body: JSON.stringify(responses.received.body) };
				},
				httpRequestWithAuthentication: async (_: string, options: Request) => {
					if (!(options.timeout <= 8_000)) wrong.push(options);
					const id = /outbound\/(.+)\/status/.exec(options.url)?.[1] ?? '';
					const index = Number(id.slice(-12));
					asked.push([index, now()]);
					await new Promise((resolve) => setTimeout(resolve, alloMia.slow));
					const known = { outboundCallId: id, contactId: 'c', status: statuses.get(index) };
					const answered = JSON.stringify({ ...known, status: known.status ?? 'calling' });
					return { statusCode: alloMia.status, headers: {}, body: answered };
				},
			},
			runExecutionData: { executionData: { nodeExecutionStack: [entry] } },
		} as unknown as IWebhookFunctions;
		const result = resume(webhook);
		let isOver = false;
		void result.finally(() => (isOver = true));
		while (!isOver) await jest.advanceTimersByTimeAsync(50);
		const { workflowData, webhookResponse } = await result;
		if (!workflowData) return answer;
		expect(webhookResponse).toEqual(responses.received.body);
		return workflowData[0]?.map(({ json }) => json.status ?? json.error);
	}

	const pass = async (seconds: number) => await jest.advanceTimersByTimeAsync(seconds * 1_000);
	return { post, pass, statuses, asked, looks, alloMia, warnings, credential, entry, now };
}

describe('a callback with our signature', () => {
	it('is kept, and asks AlloMia nothing; the last lets the execution go on', async () => {
		const { post, asked } = waitFor(2);
		expect(await post(0, { status: 'completed' })).toEqual(responses.received);
		expect(await post(1)).toEqual(['completed', 'busy']);
		expect(asked).toEqual([]);
	});

	it('is good for the call that its address was made for', async () => {
		const { post } = waitFor(2);
		expect(await post(0, { of: 1 })).toEqual(responses.unverified);
		expect(await post(5)).toEqual(responses.unverified);
	});

	it('counts once, and none counts after the execution was told to go on', async () => {
		const { post } = waitFor(2);
		await post(0);
		expect(await post(0)).toEqual(responses.duplicate);
		expect(await post(1)).toEqual(['busy', 'busy']);
		expect(await post(1)).toEqual(responses.duplicate);
		expect(await post(0)).toEqual(responses.duplicate);
	});

	it('counts again where n8n has not gone on for half a minute', async () => {
		const { post, pass } = waitFor(1);
		expect(await post(0)).toEqual(['busy']);
		await pass(29);
		expect(await post(0)).toEqual(responses.duplicate);
		await pass(1);
		expect(await post(0)).toEqual(['busy']);
	});

	it('counts again then beside calls that had ended before the wait', async () => {
		const call = { outboundCallId: uuid(1), contactId: 'c', status: 'no-answer' };
		const { post, pass } = waitFor(1, { more: [{ itemIndex: 1, call }] });
		await post(0);
		await pass(30);
		expect(await post(0)).toEqual(['busy', 'no-answer']);
	});

	it('that tells of a call that goes on is ignored', async () => {
		expect(await waitFor(1).post(0, { status: 'calling' })).toEqual(responses.ignoredStatus);
	});

	it('makes this process look a second later, and at growing intervals', async () => {
		const { post, pass, looks } = waitFor(2);
		await post(0);
		await pass(1.2);
		expect(looks.map((at) => Math.round(at * 10) / 10)).toEqual([0.3, 1]);
	});
});

describe('a callback without it', () => {
	it('is AlloMia’s to confirm, and has all the others asked about', async () => {
		const { post, statuses, asked } = waitFor(3);
		[0, 1, 2].forEach((index) => statuses.set(index, 'no-answer'));
		expect(await post(1, { signed: false })).toEqual(['no-answer', 'no-answer', 'no-answer']);
		expect(asked.map(([index]) => index)).toEqual([1, 0, 2]);
	});

	it('asks about one only where that goes on', async () => {
		const { post, pass, statuses, asked, looks } = waitFor(5);
		statuses.set(3, 'busy');
		expect(await post(3, { signed: false })).toEqual(responses.received);
		expect(asked.map(([index]) => index)).toEqual([3, 0]);
		await pass(60);
		expect(looks).toEqual([]);
	});

	it('is not asked about where the outcome is known', async () => {
		const { post, asked } = waitFor(2);
		await post(0);
		expect(await post(0, { signed: false })).toEqual(responses.duplicate);
		await post(1);
		expect(await post(1, { signed: false })).toEqual(responses.duplicate);
		expect(asked).toEqual([]);
	});

	it.each([
		[2, responses.received],
		[1, ['busy']],
	])(
		'does not count where one with it comes while AlloMia is asked (%i calls)',
		async (calls, first) => {
			const { post, alloMia, statuses } = waitFor(calls);
			statuses.set(0, 'busy');
			alloMia.slow = 1_000;
			const slow = post(0, { signed: false });
			expect(await post(0)).toEqual(first);
			expect(await slow).toEqual(responses.duplicate);
		},
	);
});

describe('a look', () => {
	it('asks about one call, a second later about ten more, and so on', async () => {
		const { post, statuses, asked } = waitFor(13);
		for (let index = 0; index < 12; index += 1) statuses.set(index, 'busy');
		expect(await post(0, { look: true, status: 'calling' })).toEqual(responses.ignoredStatus);
		expect(asked.map(([index]) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
		const at = (index: number) => asked[index]?.[1] ?? 0;
		expect([at(1) - at(0), at(11) - at(1)]).toEqual([expect.closeTo(1, 1), expect.closeTo(0, 1)]);
		statuses.set(12, 'busy');
		expect(await post(0, { look: true, status: 'calling' })).toEqual(Array(13).fill('busy'));
	});

	it('asks about no more once one of them goes on', async () => {
		const { post, statuses, asked } = waitFor(30);
		[0, 1, 2, 3, 4, 5].forEach((index) => statuses.set(index, 'busy'));
		await post(0, { look: true, status: 'calling' });
		expect(asked).toHaveLength(11);
	});

	it('lets the execution go on at once where it finds the last outcome', async () => {
		const { post, statuses, now } = waitFor(1);
		statuses.set(0, 'busy');
		expect(await post(0, { look: true, status: 'calling' })).toEqual(['busy']);
		expect(now()).toBeLessThan(0.5);
	});

	it('begins with those that were not asked about the last time', async () => {
		const { post, asked } = waitFor(3);
		await post(0, { look: true, status: 'calling' });
		await post(0, { look: true, status: 'calling' });
		expect(asked.map(([index]) => index)).toEqual([0, 1]);
	});

	it('asks nothing while callbacks come in', async () => {
		const { post, pass, asked } = waitFor(3);
		await post(0);
		await pass(0.8);
		await post(0, { look: true, status: 'calling' });
		expect(asked).toEqual([]);
		await pass(0.2);
		await post(0, { look: true, status: 'calling' });
		expect(asked.map(([index]) => index)).toEqual([1]);
	});

	it('asks nothing while another one asks, and stops where callbacks bring the rest', async () => {
		const { post, alloMia, asked, statuses } = waitFor(30);
		alloMia.slow = 2_000;
		statuses.set(0, 'busy');
		const first = post(0, { look: true, status: 'calling' });
		expect(await post(1, { look: true, status: 'calling' })).toEqual(responses.ignoredStatus);
		expect(await post(5)).toEqual(responses.received);
		expect(await first).toEqual(responses.ignoredStatus);
		expect(asked.map(([index]) => index)).toEqual([0]);
	});

	it('is over where the execution was told to go on', async () => {
		const { post } = waitFor(1);
		await post(0);
		expect(await post(0, { look: true, status: 'calling' })).toEqual(responses.duplicate);
	});

	it('without a signature is treated as any other callback', async () => {
		const { post, asked, statuses } = waitFor(2);
		const answer = await post(0, { look: true, status: 'calling', signed: false });
		expect(answer).toEqual(responses.ignoredStatus);
		expect(asked).toEqual([]);
		statuses.set(0, 'busy');
		statuses.set(1, 'no-answer');
		const all = await post(0, { look: true, signed: false });
		expect(all).toEqual(['busy', 'no-answer']);
		expect(asked.map(([index]) => index)).toEqual([0, 1]);
	});
});

describe('once the limit is over', () => {
	it('any look lets the execution go on, with what AlloMia says of all', async () => {
		const { post, pass, statuses, asked } = waitFor(3, { maxWait: 10 });
		statuses.set(1, 'failed');
		await pass(10);
		const all = await post(0, { look: true, status: 'calling', signed: false });
		expect(all).toEqual(['calling', 'failed', 'calling']);
		expect(asked.map(([index]) => index)).toEqual([0, 1, 2]);
		expect(await post(0, { look: true, signed: false })).toEqual(responses.duplicate);
	});

	it('it goes on with what callbacks have told where the credential is gone, and says so', async () => {
		const { post, pass, credential, warnings } = waitFor(2, { maxWait: 10 });
		await post(0);
		await pass(10);
		credential.gone = true;
		expect(await post(0, { look: true })).toEqual(['busy', 'calling']);
		expect(warnings).toEqual(['My AlloMia: The credential was deleted']);
	});

	it('it asks again for half a minute where AlloMia fails', async () => {
		const { post, pass, alloMia, statuses } = waitFor(3, { maxWait: 10 });
		statuses.set(1, 'failed');
		alloMia.status = 500;
		await pass(10);
		expect(await post(0, { look: true })).toEqual(responses.ignoredStatus);
		alloMia.status = 200;
		expect(await post(0, { look: true })).toEqual(['calling', 'failed', 'calling']);
	});

	it('it goes on after that where AlloMia still fails', async () => {
		const { post, pass, alloMia } = waitFor(2, { maxWait: 10 });
		alloMia.status = 500;
		await pass(40.1);
		expect(await post(0, { look: true })).toEqual(['calling', 'calling']);
	});

	it('it goes on at once where AlloMia refuses to tell', async () => {
		const { post, pass, alloMia } = waitFor(2, { maxWait: 10 });
		alloMia.status = 401;
		await pass(10);
		expect(await post(0, { look: true })).toEqual(['calling', 'calling']);
	});

	it('it goes on at once where AlloMia takes long to answer nothing', async () => {
		const { post, pass, alloMia } = waitFor(150, { maxWait: 10 });
		Object.assign(alloMia, { status: 500, slow: 1_600 });
		await pass(10);
		expect(await post(0, { look: true })).toEqual(Array(150).fill('calling'));
	});

	it('what comes while AlloMia is asked is kept, and goes on with the rest', async () => {
		const { post, pass, alloMia, statuses } = waitFor(3, { maxWait: 10 });
		statuses.set(1, 'failed');
		await pass(10);
		alloMia.slow = 2_000;
		const first = post(0, { look: true });
		expect(await post(1, { look: true })).toEqual(responses.ignoredStatus);
		expect(await post(2, { look: true, signed: false })).toEqual(responses.ignoredStatus);
		expect(await post(0)).toEqual(responses.received);
		expect(await first).toEqual(['busy', 'failed', 'calling']);
	});

	it('it goes on once where callbacks bring the last while AlloMia is asked', async () => {
		const { post, pass, alloMia } = waitFor(2, { maxWait: 10 });
		await pass(10);
		alloMia.slow = 2_000;
		const first = post(0, { look: true });
		expect(await post(0)).toEqual(responses.received);
		expect(await post(1)).toEqual(['busy', 'busy']);
		expect(await first).toEqual(responses.ignoredStatus);
	});

	it('it asks again for half a minute where AlloMia does not get to all of them', async () => {
		const { post, pass, alloMia, statuses, asked } = waitFor(150, { maxWait: 10 });
		for (let index = 0; index < 150; index += 1) statuses.set(index, 'busy');
		await pass(10);
		alloMia.slow = 1_600;
		expect(await post(0, { look: true })).toEqual(responses.ignoredStatus);
		const { length } = asked;
		expect(length).toBeLessThan(150);
		alloMia.slow = 0;
		expect(await post(0, { look: true })).toEqual(Array(150).fill('busy'));
		// Those that were not reached come first, and nobody is asked about again who has ended.
		expect(asked.length).toBeLessThan(length + 150);
		expect(asked[length]?.[0]).toBeGreaterThan(length - 12);
	});

	it('it goes on after that with what is known', async () => {
		const { post, pass, alloMia, statuses } = waitFor(150, { maxWait: 10 });
		for (let index = 0; index < 150; index += 1) statuses.set(index, 'busy');
		await pass(39.9);
		alloMia.slow = 1_600;
		const all = (await post(0, { look: true })) as string[];
		expect(all.filter((it) => it === 'calling').length).toBeGreaterThan(0);
		expect(all.filter((it) => it === 'busy').length).toBeGreaterThan(0);
	});

	it('a callback brings the rest, too', async () => {
		const { post, pass, statuses } = waitFor(3, { maxWait: 10 });
		statuses.set(1, 'failed');
		await pass(10);
		expect(await post(0)).toEqual(['busy', 'failed', 'calling']);
	});
});

it('waits for nobody of items that have no call, or have ended', async () => {
	const { post, asked, entry } = waitFor(1, {
		more: [
			{ itemIndex: 1, error: { message: 'It failed' } },
			{
				itemIndex: 2,
				call: { outboundCallId: uuid(2), contactId: 'c', status: 'no-answer' },
			},
		],
	});
	expect(await post(2)).toEqual(responses.duplicate);
	expect(await post(0)).toEqual(['busy', 'It failed', 'no-answer']);
	expect(asked).toEqual([]);
	expect(entry).toEqual({ source: null });
});

it.each([undefined, { previousNode: 'At the parking' }])(
	'n8n looks for the inputs where it had them when the execution was parked: %j',
	async (source) => {
		const { post, entry } = waitFor(2, { source });
		const previousNode = 'By now';
		entry.source = { main: [{ previousNode }] };
		await post(0);
		await post(1);
		expect(entry.source).toEqual({ main: [source ?? { previousNode }] });
	},
);
