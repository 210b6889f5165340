import { randomUUID } from 'node:crypto';
import { sleep, type IWebhookFunctions } from 'n8n-workflow';
import { signCallbackUrl } from '../../../../nodes/shared/callbacks/signedUrl';
import { verifySignature } from '../../../../nodes/shared/callbacks/verifySignature';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual<object>('n8n-workflow'),
	sleep: jest.fn(),
}));

const context = { workflowId: 'w1', executionId: '17', itemIndex: 3 };
const address = 'https://n8n.example.com/webhook/a';

/** A credential that counts how often it is read, and endpoints that it is read for. */
function account(id: string | null = randomUUID()) {
	const it = {
		reads: 0,
		apiKey: 'today',
		/** Resolves once n8n has read it. */
		reading: Promise.resolve(),
		arrive: async (url: string, endpoint = 'endpoint') => {
			const { pathname, searchParams } = new URL(url);
			const webhook = {
				getRequestObject: () => ({ path: pathname, query: Object.fromEntries(searchParams) }),
				getNode: () => (id === null ? {} : { credentials: { alloMiaApi: { id } } }),
				getCredentials: async () => {
					it.reads += 1;
					await it.reading;
					return { apiKey: it.apiKey, baseUrl: 'https://allomia.com/api' };
				},
			};
			return await verifySignature(webhook as unknown as IWebhookFunctions, endpoint);
		},
	};
	return it;
}

const signedBy = (apiKey: string) => signCallbackUrl(address, context, apiKey);

let now = 1_000_000;

beforeEach(() => {
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	jest.mocked(sleep).mockImplementation(async () => await new Promise(() => {}));
	now += 60_000;
});

afterEach(() => jest.restoreAllMocks());

it('reads no credential for a URL without a signature', async () => {
	const { arrive, ...it } = account();
	expect(await arrive(address)).toEqual({ context: undefined, connection: undefined });
	expect(it.reads).toBe(0);
});

it('takes a key for today’s for five seconds', async () => {
	const it = account();
	expect(await it.arrive(signedBy('today'))).toMatchObject({ context });
	now += 4_999;
	expect(await it.arrive(signedBy('today'))).toEqual({ context, connection: undefined });
	expect(it.reads).toBe(1);
	now += 1;
	it.apiKey = 'tomorrow';
	expect(await it.arrive(signedBy('today'))).toMatchObject({ context: undefined });
	expect(it.reads).toBe(2);
});

it('reads the credential once a second for signatures that do not fit', async () => {
	const it = account();
	await it.arrive(signedBy('today'));
	it.apiKey = 'tomorrow';
	now += 999;
	expect(await it.arrive(signedBy('tomorrow'))).toMatchObject({ context: undefined });
	expect(it.reads).toBe(1);
	now += 1;
	expect(await it.arrive(signedBy('tomorrow'))).toMatchObject({ context });
	expect(it.reads).toBe(2);
});

it('reads the credential once for callbacks that come together', async () => {
	const it = account();
	const url = signedBy('today');
	const all = await Promise.all(Array.from({ length: 20 }, async () => await it.arrive(url)));
	expect(all.map((verified) => verified?.context)).toEqual(Array(20).fill(context));
	expect(it.reads).toBe(1);
});

it('reads the credential for each of two endpoints that are asked at the same moment', async () => {
	const [one, two] = [account(), account()];
	two.apiKey = 'another';
	const both = [one.arrive(signedBy('today')), two.arrive(signedBy('today'))];
	expect((await Promise.all(both)).map((it) => it?.context)).toEqual([context, undefined]);
	const endpoints = [one.arrive(signedBy('today'), 'a'), two.arrive(signedBy('another'), 'b')];
	expect((await Promise.all(endpoints)).map((it) => it?.context)).toEqual([context, context]);
});

it.each([null, ''])('keeps no key of a credential without an ID (%j)', async (none) => {
	const it = account(none);
	await it.arrive(signedBy('today'));
	await it.arrive(signedBy('today'));
	expect(it.reads).toBe(2);
});

it('keeps the keys of a hundred credentials', async () => {
	const accounts = Array.from({ length: 101 }, () => account());
	for (const { arrive } of accounts) await arrive(signedBy('today'));
	const [first, second] = accounts;
	await second?.arrive(signedBy('today'));
	expect(second?.reads).toBe(1);
	await first?.arrive(signedBy('today'));
	expect(first?.reads).toBe(2);
});

/** Whoever has no valid signature is not in the way of those at another endpoint. */
it.each([
	['that fit a key of an hour ago', 'today', 3_600_000, 100, false],
	['that may fit today’s', 'other', 5_000, 50, false],
	['that fit no key of a moment ago', 'other', 1_000, 12, true],
])('lets so many wait for the credential: of those %s', async (_, key, later, most, isFree) => {
	const it = account();
	await it.arrive(signedBy('today'));
	now += later;
	let done = () => {};
	it.reading = new Promise((resolve) => (done = resolve));
	const arrivals = Array.from({ length: most + 3 }, async () => await it.arrive(signedBy(key)));
	arrivals.push(it.arrive(signedBy(key), 'another endpoint'));
	done();
	const isLetIn = (await Promise.all(arrivals)).map((verified) => verified !== undefined);
	expect(isLetIn).toEqual([...Array<boolean>(most).fill(true), false, false, false, isFree]);
});

it('does not wait for n8n for more than eight seconds', async () => {
	const it = account();
	it.reading = new Promise(() => {});
	const waits: number[] = [];
	jest.mocked(sleep).mockImplementation(async (ms) => void waits.push(ms));
	await expect(it.arrive(signedBy('today'))).rejects.toThrow('did not read the credential in time');
	expect(waits).toEqual([8_000]);
});

describe('while n8n is too busy to read the credential', () => {
	it.each([
		['is valid by a key of less than an hour ago', 'today', 3_599_999, context],
		['is valid by a key of an hour ago', 'today', 3_600_000, undefined],
		['is not valid by the last key', 'other', 5_000, undefined],
	])('decides by the cached key alone if a signature %s', async (_, key, later, letIn) => {
		const it = account();
		await it.arrive(signedBy('today'));
		now += later;
		it.reading = new Promise(() => {});
		jest.mocked(sleep).mockResolvedValue(undefined);
		const arrival = it.arrive(signedBy(key)).catch(({ message }: Error) => message);
		expect(await arrival).toEqual(
			letIn
				? { context: letIn, connection: undefined }
				: 'n8n did not read the credential in time.',
		);
		expect(it.reads).toBe(2);
	});

	it.each([
		['today', context],
		['tomorrow', undefined],
	])(
		'lets in any number of them, once it knows that the key is still valid (%s)',
		async (key, letIn) => {
			const it = account();
			await it.arrive(signedBy('today'));
			now += 5_000;
			it.apiKey = key;
			let done = () => {};
			it.reading = new Promise((resolve) => (done = resolve));
			const arrivals = Array.from({ length: 150 }, async () => await it.arrive(signedBy('today')));
			done();
			const contexts = (await Promise.all(arrivals)).map((verified) => verified?.context);
			expect(contexts).toEqual(Array(150).fill(letIn));
			expect(it.reads).toBe(2);
		},
	);
});
