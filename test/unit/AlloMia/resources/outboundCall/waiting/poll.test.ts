import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { poll } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/poll';
import { readConnection } from '../../../../../../nodes/shared/api/client';
import type {
	WaitingItem,
	WaitingState,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitingState';

const connection = readConnection({ apiKey: 'k', baseUrl: 'https://allomia.com/api' });
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const item = (number: number): WaitingItem => ({
	itemIndex: number,
	call: { outboundCallId: uuid(number), contactId: 'c', status: 'calling' },
});
const broken: WaitingItem = { itemIndex: 0, error: { message: 'It failed', description: 'So' } };

/** An AlloMia that is asked about calls, and n8n around the node. */
function place({
	retryOnFail = false,
	signal,
}: { retryOnFail?: boolean; signal?: AbortSignal } = {}) {
	const begun = Date.now();
	/** When it is asked, in seconds. */
	const asked: number[] = [];
	/** When calls end, in seconds, by their ids. */
	const ends = new Map<string, number>();
	/** How long an answer takes, in seconds. */
	const slow = { by: 0 };
	/** Until when it fails, in seconds, and how. */
	const failing = { until: 0, status: 500 };
	const kept: IDataObject = {};
	const now = () => (Date.now() - begun) / 1_000;
	const context = {
		getExecutionCancelSignal: () => signal,
		getContext: () => kept,
		getNode: () => ({ name: 'AlloMia', parameters: {}, retryOnFail }),
		helpers: {
			httpRequestWithAuthentication: async (_: string, { url }: { url: string }) => {
				const id = /outbound\/(.+)\/status/.exec(url)?.[1] ?? '';
				asked.push(now());
				if (slow.by > 0) await new Promise((resolve) => setTimeout(resolve, slow.by * 1_000));
				const status = now() >= (ends.get(id) ?? Infinity) ? 'busy' : 'calling';
				const body = JSON.stringify({ outboundCallId: id, contactId: 'c', status });
				return { statusCode: now() < failing.until ? failing.status : 200, headers: {}, body };
			},
		},
	} as unknown as IExecuteFunctions;

	const wait = async (
		items: WaitingItem[],
		{ interval = 10, maxWait = 60, name = 'wait' } = {},
	) => {
		const deadline = Date.now() + maxWait * 1_000;
		const state: WaitingState = { wait: name, deadline, outputPerStatus: false, items };
		const result = poll(context, connection, state, interval * 1_000);
		await jest.advanceTimersByTimeAsync((maxWait + 20) * 1_000);
		const [output = []] = await result;
		return output.map(({ json }) => json);
	};
	return { wait, asked, ends, slow, failing, kept };
}

it('asks after a second, then ever less often, up to the interval, and last at the limit', async () => {
	const { wait, asked } = place();
	expect(await wait([item(1)], { interval: 3, maxWait: 12 })).toMatchObject([
		{ status: 'calling', timedOut: true },
	]);
	expect(asked).toEqual([1, 2.5, 4.75, 7.75, 10.75, 12]);
});

it('asks as often as it is told where that is more often than once a second', async () => {
	const { wait, asked } = place();
	await wait([item(1)], { interval: 0.5, maxWait: 2 });
	expect(asked).toEqual([0.5, 1, 1.5, 2]);
});

it('asks only about those that have not ended, and ends with the last', async () => {
	const { wait, asked, ends } = place();
	ends.set(uuid(1), 0);
	ends.set(uuid(2), 2);
	expect(await wait([item(1), item(2)])).toMatchObject([{ status: 'busy' }, { status: 'busy' }]);
	expect(asked).toEqual([1, 1, 2.5]);
});

it('asks nobody where no call goes on', async () => {
	const { wait, asked } = place();
	expect(await wait([broken])).toEqual([{ error: 'It failed', message: 'So' }]);
	expect(asked).toEqual([]);
});

it('gives the answers of the last round three seconds, however long AlloMia takes', async () => {
	const { wait, ends, slow } = place();
	ends.set(uuid(1), 0);
	slow.by = 2;
	expect(await wait([item(1)], { interval: 1, maxWait: 1 })).toMatchObject([{ status: 'busy' }]);
});

it('asks again for three seconds where AlloMia fails at the limit', async () => {
	const { wait, asked, ends, failing } = place();
	ends.set(uuid(1), 0);
	failing.until = 3;
	expect(await wait([item(1)], { maxWait: 2 })).toMatchObject([{ status: 'busy' }]);
	expect(asked).toEqual([1, 2, 2.5, 3]);
});

it.each([
	[500, [1, 2, 2.5, 3, 3.5, 4, 4.5]],
	[401, [1, 2]],
])('ends then where it goes on failing with %d', async (status, times) => {
	const { wait, asked, failing } = place();
	Object.assign(failing, { until: 60, status });
	expect(await wait([item(1)], { maxWait: 2 })).toMatchObject([{ timedOut: true }]);
	expect(asked).toEqual(times);
});

it('ends at once where the execution is stopped', async () => {
	const controller = new AbortController();
	const { wait, asked } = place({ signal: controller.signal });
	setTimeout(() => controller.abort(), 2_000);
	expect(await wait([item(1)])).toMatchObject([{ status: 'calling' }]);
	expect(asked).toEqual([1]);
});

describe('with Retry On Fail, which runs the node again where its first item is an error', () => {
	it('goes on with what the try before has learnt, and with its limit', async () => {
		const { wait, asked, ends, kept } = place({ retryOnFail: true });
		ends.set(uuid(1), 0);
		const items = [broken, item(1), item(2)];
		const first = await wait(items, { interval: 5, maxWait: 4 });
		expect(first).toMatchObject([{}, { status: 'busy' }, { status: 'calling', timedOut: true }]);
		const { length } = asked;
		expect(await wait(items, { interval: 5, maxWait: 4 })).toEqual(first);
		expect(asked).toHaveLength(length);
		expect(kept).not.toEqual({});
	});

	it('waits anew where that try has placed calls of its own', async () => {
		const { wait, asked, ends } = place({ retryOnFail: true });
		ends.set(uuid(1), 0);
		await wait([broken, item(1)], { maxWait: 4 });
		ends.set(uuid(2), 26);
		expect(await wait([broken, item(1), item(2)], { maxWait: 4 })).toMatchObject([
			{},
			{ status: 'busy' },
			{ status: 'busy' },
		]);
		expect(asked.length).toBeGreaterThan(1);
	});

	it('waits anew beside those that go on since that try', async () => {
		const { wait, ends } = place({ retryOnFail: true });
		await wait([broken, item(1)], { maxWait: 4 });
		ends.set(uuid(2), 26);
		expect(await wait([broken, item(1), item(2)], { maxWait: 4 })).toMatchObject([
			{},
			{ status: 'calling', timedOut: true },
			{ status: 'busy' },
		]);
	});

	it('waits anew in another run', async () => {
		const { wait, asked } = place({ retryOnFail: true });
		await wait([broken, item(1)], { interval: 1, maxWait: 1, name: 'first' });
		await wait([broken, item(1)], { interval: 1, maxWait: 1, name: 'second' });
		expect(asked).toHaveLength(2);
	});
});

it.each([
	[false, [broken, item(1)]],
	[true, [item(1), broken]],
])('keeps nothing where n8n does not try again (Retry On Fail: %s)', async (retryOnFail, items) => {
	const { wait, kept } = place({ retryOnFail });
	await wait(items, { interval: 1, maxWait: 1 });
	expect(kept).toEqual({});
});
