import { randomUUID } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { probeOnce } from '../../nodes/AlloMia/resources/outboundCall/selfProbe';

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
