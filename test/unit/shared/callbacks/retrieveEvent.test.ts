import type { IHttpRequestOptions, IWebhookFunctions } from 'n8n-workflow';
import { readConnection } from '../../../../nodes/shared/api/client';
import { retrieveEvent } from '../../../../nodes/shared/callbacks/retrieveEvent';

const id = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';
const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });
const unavailable = {
	answer: {
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
	const ask = async (isSigned = false, door = 'door') =>
		await retrieveEvent(context, door, isSigned, id, connection);
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
	const come = (count: number, door: string) =>
		Array.from({ length: count }, async () => await ask(isSigned, door));
	const doors = Array.from({ length: 10 }, (__, index) => `door ${index}`);
	const all = doors.flatMap((door) => come(atDoor + 1, door));
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
