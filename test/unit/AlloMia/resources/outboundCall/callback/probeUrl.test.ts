import { randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import {
	probe,
	probeOnce,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/callback/probeUrl';

type Answer = [statusCode: number, body: unknown];

const unregistered: Answer = [
	404,
	{ message: 'The requested webhook "POST a" is not registered.' },
];
const trigger: Answer = [400, { error: 'Invalid callback' }];

/** An address of n8n, and an n8n that answers so when it asks it, the last of them for ever. */
function n8n(...answers: Answer[]) {
	const url = `https://n8n.example.com/webhook/${randomUUID()}`;
	const begun = Date.now();
	const asked: number[] = [];
	const httpRequest = async () => {
		const [statusCode, body] = answers[Math.min(asked.length, answers.length - 1)] ?? [];
		asked.push(Date.now() - begun);
		return { statusCode, headers: {}, body };
	};
	const context = { helpers: { httpRequest } } as unknown as IExecuteFunctions;
	const probe = async () => {
		const probed = probeOnce(context, url);
		await jest.advanceTimersByTimeAsync(10_000);
		return (await probed)?.kind;
	};
	return { asked, probe };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

it('waits until n8n has registered the webhook, and does not ask again', async () => {
	const { asked, probe } = n8n(unregistered, unregistered, trigger);
	expect([await probe(), await probe()]).toEqual(['listens', undefined]);
	expect(asked).toEqual([0, 1_000, 2_000]);
});

it('gives up after three seconds, and asks again the next time', async () => {
	const { asked, probe } = n8n(unregistered);
	expect([await probe(), await probe()]).toEqual(['unregistered', 'unregistered']);
	expect(asked).toEqual([0, 1_000, 2_000, 3_000, 10_000, 11_000, 12_000, 13_000]);
});

it.each<[string, Answer, number]>([
	['listens', trigger, 1],
	['unknown', [502, '<html>502 Bad Gateway</html>'], 1],
	['missing', [404, '<pre>Cannot POST /webhook/a</pre>'], 2],
])('asks once where the answer is sure: %s', async (kind, answer, times) => {
	const { asked, probe } = n8n(answer);
	expect(await probe()).toBe(kind);
	await probe();
	expect(asked).toHaveLength(times);
});

describe('what an address of n8n answers', () => {
	const url = 'http://n8n.example.com/webhook/a';
	const ask = async (answer: object | Error) => {
		const httpRequest = async () =>
			await (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
		return await probe({ helpers: { httpRequest } } as unknown as IExecuteFunctions, url);
	};

	it.each([
		['https://n8n.example.com/webhook/a', 'secured'],
		['https://n8n.example.com:8443/webhook/a', 'secured'],
		['https://n8n.example.com/login', 'unknown'],
		['https://login.example.com/webhook/a', 'unknown'],
		['http://n8n.example.com/webhook/a', 'unknown'],
		['nonsense', 'unknown'],
		[undefined, 'unknown'],
	])('a redirect to %s is one that is %s', async (location, kind) => {
		const headers = location === undefined ? undefined : { location };
		expect(await ask({ statusCode: 301, headers })).toEqual({ kind, what: 'it got a 301' });
	});

	it('with https is no longer secured', async () => {
		const httpRequest = async () => ({
			statusCode: 302,
			headers: { location: url },
		});
		const context = { helpers: { httpRequest } } as unknown as IExecuteFunctions;
		expect(await probe(context, url.replace('http', 'https'))).toMatchObject({ kind: 'unknown' });
	});

	it.each(['Cannot POST /webhook/a', { message: 'The webhook "POST a" is not registered.' }])(
		'a 500 with the words of a 404 (%j) tells nothing',
		async (body) => {
			expect(await ask({ statusCode: 500, body })).toEqual({
				kind: 'unknown',
				what: 'it got a 500',
			});
		},
	);

	it('a 404 of something before n8n tells nothing', async () => {
		expect(await ask({ statusCode: 404, body: '<h1>Not Found</h1>' })).toMatchObject({
			kind: 'unknown',
		});
	});

	it('is said to be forbidden where n8n’s protection forbids it, with the way to allow it', async () => {
		const message = 'The request was blocked because it resolves to a restricted IP address';
		expect(await ask(new Error(message))).toEqual({
			kind: 'blocked',
			what: 'n8n’s SSRF protection blocks it: add n8n.example.com to the environment variable N8N_SSRF_ALLOWED_HOSTNAMES of n8n, and restart n8n',
		});
		expect(await ask(new Error('connect ECONNREFUSED'))).toEqual({
			kind: 'unknown',
			what: 'it got no answer',
		});
	});
});

it('knows of a thousand addresses that they were asked', async () => {
	const asked: string[] = [];
	const httpRequest = async ({ url }: { url: string }) => {
		asked.push(url);
		return { statusCode: 400, body: { error: 'Invalid callback' } };
	};
	const context = { helpers: { httpRequest } } as unknown as IExecuteFunctions;
	const group = randomUUID();
	const ask = async (number: number) =>
		await probeOnce(context, `https://n8n.example.com/${group}/${number}`);
	for (let number = 0; number < 1_000; number += 1) await ask(number);
	expect(await ask(0)).toBeUndefined();
	await ask(1_000);
	expect(asked).toHaveLength(1_001);
	expect(await ask(0)).toMatchObject({ kind: 'listens' });
	expect(await ask(2)).toBeUndefined();
});
