import { setImmediate as turn } from 'node:timers/promises';
import type { IExecuteFunctions } from 'n8n-workflow';
import { itemIndexes } from '../../nodes/AlloMia/resources/items';

/** Reads so many lists at the same time, a millisecond for each item; how long others waited, in ms. */
async function read(lists: number, count: number): Promise<{ read: number[][]; longest: number }> {
	let now = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	const context = { getInputData: () => Array(count).fill({}) } as unknown as IExecuteFunctions;
	let [isOver, longest] = [false, 0];
	const others = (async () => {
		for (let before = now; !isOver; before = now) {
			await turn();
			longest = Math.max(longest, now - before);
		}
	})();
	const readers = Array.from({ length: lists }, async () => {
		const positions: number[] = [];
		for await (const itemIndex of itemIndexes(context)) {
			positions.push(itemIndex);
			now += 1;
		}
		return positions;
	});
	const all = await Promise.all(readers);
	isOver = true;
	await others;
	return { read: all, longest };
}

describe('reading lists', () => {
	afterEach(() => {
		jest.restoreAllMocks();
	});

	// Where the machine is busy, the pauses of ten end together, some times in a row.
	it.each([
		[1, 60],
		[10, 300],
	])(
		'%i at once gives every position once, in order, and lets others wait for %i ms at most',
		async (lists, most) => {
			const { read: all, longest } = await read(lists, 1_000);
			const positions = Array.from({ length: 1_000 }, (_, at) => at);
			expect(all).toEqual(Array(lists).fill(positions));
			expect(longest).toBeLessThanOrEqual(most);
		},
	);
});
