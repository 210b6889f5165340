import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { readConnection } from '../../../../../nodes/shared/api/client';
import { findCall } from '../../../../../nodes/AlloMia/resources/call/findCall';

const id = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';
const wanted = { outboundCallId: id, organizationId: 'org_1', phoneNumber: undefined };
const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** When the log is looked at for a call, in seconds, and what comes of it. */
async function look(answer: (path: string) => [number, object], seconds: number) {
	const begun = Date.now();
	const looks: number[] = [];
	const stop = new AbortController();
	const context = {
		getExecutionCancelSignal: () => stop.signal,
		helpers: {
			httpRequestWithAuthentication: async (_: string, { url }: IHttpRequestOptions) => {
				const { pathname } = new URL(url);
				if (pathname === `/api/calls/${id}`) looks.push((Date.now() - begun) / 1_000);
				const [statusCode, body] = answer(pathname);
				return { statusCode, headers: {}, body: JSON.stringify(body) };
			},
		},
	};
	const until = begun + seconds * 1_000;
	const call = findCall(
		context as unknown as IExecuteFunctions,
		connection,
		wanted,
		until,
		stop.signal,
	);
	await jest.advanceTimersByTimeAsync(600_000);
	return { looks, result: await call };
}

it('is looked for at growing intervals, up to five seconds, and at the end', async () => {
	const { looks, result } = await look(
		(path) =>
			path.endsWith('/status')
				? [200, { outboundCallId: id, contactId: 'c', status: 'calling' }]
				: [404, { error: 'Call not found' }],
		20,
	);
	expect(looks).toEqual([0, 1, 2.5, 4.75, 8.125, 13.125, 18.125, 20]);
	expect(result).toMatchObject({ ok: false });
});

it('is looked for three times where AlloMia fails', async () => {
	const { looks, result } = await look(
		() => [500, { error: 'Internal server error occurred' }],
		20,
	);
	expect(looks).toEqual([0, 1, 2.5]);
	expect(result).toMatchObject({ ok: false, failure: { httpCode: 500 } });
});

it('is looked for once where AlloMia refuses', async () => {
	const { looks } = await look(() => [401, { error: 'Invalid or missing API key' }], 20);
	expect(looks).toEqual([0]);
});
