import type { IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import type { Failure } from '../../../../nodes/shared/api/failure';
import type { StatusResponse } from '../../../../nodes/shared/api/schemas';
import { readConnection } from '../../../../nodes/shared/api/client';
import { responses } from '../../../../nodes/shared/callbacks/responses';
import { retrieveEvent, toEvent } from '../../../../nodes/shared/callbacks/retrieveEvent';

const id = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';
const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });
const unavailable = {
	response: {
		status: 503,
		body: { error: 'AlloMia could not be asked about this call. Try again later.' },
	},
};

/** AlloMia, which answers so; what it was asked, and when. */
function alloMia(answer: (asked: number) => Promise<object>) {
	const asked: Array<{ at: number; timeout: number | undefined }> = [];
	const begun = Date.now();
	const helpers = {
		httpRequestWithAuthentication: async (_: string, { timeout }: IHttpRequestOptions) => {
			asked.push({ at: Date.now() - begun, timeout });
			const body = JSON.stringify(await answer(asked.length));
			return { statusCode: 200, headers: {}, body };
		},
	};
	const context = { helpers } as unknown as IWebhookFunctions;
	const ask = async (isSigned = false, endpoint = 'endpoint') =>
		await retrieveEvent(context, endpoint, isSigned, id, connection);
	return { asked, ask };
}

const status = (status: string) => ({ outboundCallId: id, contactId: 'c', status });

const later = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('gives AlloMia’s own version of an outcome', async () => {
	const { asked, ask } = alloMia(async () => status('busy'));
	expect(await ask()).toEqual({ event: status('busy'), connection });
	expect(asked).toEqual([{ at: 0, timeout: 8_000 }]);
});

it.each([
	['completed', { event: status('completed'), connection }],
	['calling', unavailable],
])('asks once more, a second later, about a call that is said to go on: %s', async (then, word) => {
	const { asked, ask } = alloMia(async (times) => status(times === 1 ? 'calling' : then));
	const given = ask();
	await jest.advanceTimersByTimeAsync(60_000);
	expect(await given).toEqual(word);
	expect(asked).toEqual([
		{ at: 0, timeout: 8_000 },
		{ at: 1_000, timeout: 8_000 },
	]);
});

it.each([
	[7_000, [8_000, 2_000]],
	[7_999, [8_000, 1_001]],
	[8_000, [8_000]],
])('takes ten seconds in all where the first answer takes %d ms', async (took, timeouts) => {
	const { asked, ask } = alloMia(async () => {
		await later(took);
		return status('calling');
	});
	const given = ask();
	await jest.advanceTimersByTimeAsync(60_000);
	expect(await given).toEqual(unavailable);
	expect(asked.map(({ timeout }) => timeout)).toEqual(timeouts);
});

it.each([
	['unsigned', false, 12, 50],
	['signed', true, 50, 100],
])('lets few wait for AlloMia: %s ones', async (_, isSigned, atDoor, inAll) => {
	const { asked, ask } = alloMia(async () => {
		await later(1_000);
		return status('completed');
	});
	const come = (count: number, endpoint: string) =>
		Array.from({ length: count }, async () => await ask(isSigned, endpoint));
	const endpoints = Array.from({ length: 10 }, (__, index) => `endpoint ${index}`);
	const all = endpoints.flatMap((endpoint) => come(atDoor + 1, endpoint));
	await jest.advanceTimersByTimeAsync(500);
	expect(asked).toHaveLength(inAll);
	const ofFirstDoor = all.slice(0, atDoor + 1);
	await jest.advanceTimersByTimeAsync(500);
	const words = await Promise.all(ofFirstDoor);
	expect(words.filter((word) => 'event' in word)).toHaveLength(atDoor);
	expect(words.at(-1)).toEqual(unavailable);
	await Promise.all(all);
	// There is room again.
	const next = ask(isSigned);
	await jest.advanceTimersByTimeAsync(1_000);
	expect(await next).toMatchObject({ event: status('completed') });
});

describe('the event of an unsigned callback, from AlloMia’s response', () => {
	const event = status('completed') as unknown as StatusResponse;
	const failed = (kind: Failure['kind'], httpCode?: number, said?: string) => ({
		ok: false as const,
		failure: { kind, message: '', description: '', ...(httpCode ? { httpCode } : {}), said },
	});

	it('is the status that AlloMia gives', () => {
		expect(toEvent({ ok: true, value: event }, id)).toEqual({ event });
		expect(toEvent({ ok: true, value: event }, id.toUpperCase())).toEqual({ event });
	});

	it('proves nothing where it is about another call', () => {
		expect(toEvent({ ok: true, value: event }, id.replace('f', 'e'))).toEqual({
			response: responses.unavailable,
		});
	});

	it('unmasks an invented call', () => {
		const asked = failed('refused', 404, 'Outbound call not found');
		expect(toEvent(asked, id)).toEqual({ response: responses.unverified });
	});

	it.each([
		['a wrong key', failed('refused', 401)],
		['the page of a gateway', failed('refused', 404)],
		['another sentence', failed('refused', 404, 'Organization not found')],
		['the sentence with another status', failed('refused', 400, 'Outbound call not found')],
		['a refusal', failed('refused', 403)],
		['too many requests', failed('notTaken', 429)],
		['a broken AlloMia', failed('uncertain', 500)],
		['no answer', failed('uncertain')],
		['no connection', failed('notTaken')],
	])('was not to be had (%s): the sender may come again, and nothing is lost', (_, asked) => {
		expect(toEvent(asked, id)).toEqual({ response: responses.unavailable });
	});
});
