import type { IExecuteFunctions } from 'n8n-workflow';
import { z } from 'zod';
import { readConnection } from '../../../../nodes/shared/api/client';
import { sendWithRetries } from '../../../../nodes/shared/api/sendWithRetries';

const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
	jest.useRealTimers();
	jest.restoreAllMocks();
});

/** When a request is sent to an AlloMia that has no room, in seconds, and whether it was taken at last. */
async function sendTo(
	answers: Array<Record<string, string> | 'taken'>,
	{ signal, random = 0 }: { signal?: AbortSignal; random?: number } = {},
) {
	jest.spyOn(Math, 'random').mockReturnValue(random);
	const begun = Date.now();
	const sent: number[] = [];
	const context = {
		getExecutionCancelSignal: () => signal,
		helpers: {
			httpRequestWithAuthentication: async () => {
				const answer = answers[sent.length] ?? {};
				sent.push((Date.now() - begun) / 1_000);
				return answer === 'taken'
					? { statusCode: 200, headers: {}, body: '{}' }
					: { statusCode: 429, headers: answer, body: '{}' };
			},
		},
	};
	const result = sendWithRetries(context as unknown as IExecuteFunctions, connection, {
		method: 'GET',
		path: '/calls',
		purpose: 'read',
		timeout: 1_000,
		schema: z.object({}),
	});
	await jest.advanceTimersByTimeAsync(600_000);
	return { sent, isTaken: (await result).ok };
}

it('is sent four times at most, after waits that double', async () => {
	expect(await sendTo([])).toEqual({ sent: [0, 0.5, 1.5, 3.5], isTaken: false });
});

it('waits up to a quarter longer, so that not all come back at once', async () => {
	expect((await sendTo([], { random: 1 })).sent).toEqual([0, 0.625, 1.875, 4.375]);
});

it('is not sent again once it is taken', async () => {
	expect(await sendTo([{}, 'taken'])).toEqual({ sent: [0, 0.5], isTaken: true });
});

it('waits as long as AlloMia says, a minute in all', async () => {
	const later = { 'retry-after': '30' };
	expect(await sendTo([later, later, later])).toEqual({ sent: [0, 30, 60], isTaken: false });
	expect((await sendTo([{ 'retry-after': '31' }])).sent).toEqual([0]);
});

it('is not sent again where the execution is stopped meanwhile', async () => {
	const stop = new AbortController();
	setTimeout(() => stop.abort(), 1_000);
	expect((await sendTo([], { signal: stop.signal })).sent).toEqual([0, 0.5]);
	expect((await sendTo([], { signal: AbortSignal.abort() })).sent).toEqual([0]);
});
