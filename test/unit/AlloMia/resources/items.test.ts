import { setImmediate as turn } from 'node:timers/promises';
import { sleep, type IExecuteFunctions } from 'n8n-workflow';
import { itemIndexes } from '../../../../nodes/AlloMia/resources/items';

jest.mock('n8n-workflow', () => ({
	...jest.requireActual<object>('n8n-workflow'),
	sleep: jest.fn(),
}));

/**
 * Reads so many lists at the same time, a millisecond for each item, where all pauses end one after the
 * other before anybody else has a turn, as on a busy machine; how long others waited, in ms.
 */
async function read(lists: number, count: number): Promise<{ read: number[][]; longest: number }> {
	let now = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	const paused: Array<() => void> = [];
	jest
		.mocked(sleep)
		.mockImplementation(async () => await new Promise((resolve) => paused.push(resolve)));
	const context = { getInputData: () => Array(count).fill({}) } as unknown as IExecuteFunctions;
	const readers = Array.from({ length: lists }, async () => {
		const positions: number[] = [];
		for await (const itemIndex of itemIndexes(context)) {
			positions.push(itemIndex);
			now += 1;
		}
		return positions;
	});
	await turn();
	let longest = now;
	while (paused.length > 0) {
		const before = now;
		for (const goOn of paused.splice(0)) {
			goOn();
			await turn();
		}
		longest = Math.max(longest, now - before);
	}
	return { read: await Promise.all(readers), longest };
}

describe('reading lists', () => {
	afterEach(() => {
		jest.restoreAllMocks();
	});

	it.each([1, 10])(
		'%i at once gives every position once, in order, and lets others wait for 60 ms at most',
		async (lists) => {
			const { read: all, longest } = await read(lists, 1_000);
			const positions = Array.from({ length: 1_000 }, (_, at) => at);
			expect(all).toEqual(Array(lists).fill(positions));
			expect(longest).toBeLessThanOrEqual(60);
		},
	);
});
