import fc from 'fast-check';
import pLimit from 'p-limit';
import { blocksToClaim, ClaimQueue, type Situation } from '../../nodes/shared/claimQueue';

const usual: Situation = {
	sizes: [5, 5, 5, 5, 5],
	waiting: 1,
	inFlight: 10,
	ahead: 0,
	room: 20,
	shared: false,
	stuck: false,
};

describe('how many blocks are claimed', () => {
	it.each<[string, Partial<Situation>, number]>([
		['one for one item', {}, 1],
		['as many as items wait', { waiting: 10 }, 2],
		['no more than there is room for', { waiting: 100 }, 4],
		['all of a short list', { sizes: [5, 2], waiting: 10 }, 2],
		['none ahead unless asked for', { waiting: 0 }, 0],
		['ahead', { waiting: 0, ahead: 10 }, 2],
		['ahead, but for a block of another list', { waiting: 0, ahead: 20, shared: true }, 3],
		['ahead of those that wait', { waiting: 5, ahead: 10 }, 3],
		['not a single one ahead', { waiting: 0, ahead: 10, room: 9 }, 0],
		['the last one ahead', { waiting: 0, ahead: 10, room: 9, sizes: [5] }, 1],
		['none without room', { room: 4, waiting: 10 }, 0],
		['one without room if it is called at once', { room: 4, waiting: 5, stuck: true }, 1],
		['one without room if no more can wait', { room: 4, waiting: 2, inFlight: 2, stuck: true }, 1],
		['none without room if it were called slowly', { room: 4, waiting: 4, stuck: true }, 0],
		['none without room ahead', { room: 4, waiting: 0, ahead: 10, stuck: true }, 0],
		['none at the end', { sizes: [], waiting: 0, ahead: 10 }, 0],
	])('%s', (_what, situation, expected) => {
		expect(blocksToClaim({ ...usual, ...situation })).toBe(expected);
	});
});

interface List {
	items: number;
	inFlight: number;
	/** In ms; or what it ends with. */
	callTime: number | Promise<unknown>;
	claimTime: number;
}

/** Calls lists at the same time; the most items that were claimed and not yet called. */
async function callAll(lists: List[]): Promise<number> {
	let [reserved, most] = [0, 0];
	await Promise.all(
		lists.map(async ({ items, inFlight, callTime, claimTime }) => {
			const blocks = new Map<number, number[]>();
			const claimed = new Set<number>();
			for (let item = 0; item < items; item += 1) {
				const block = Math.floor(item / 5);
				blocks.set(block, [...(blocks.get(block) ?? []), item]);
			}
			const claim = async (numbers: number[]) => {
				reserved += numbers.flatMap((it) => blocks.get(it) ?? []).length;
				most = Math.max(most, reserved);
				await wait(claimTime);
				for (const number of numbers) {
					if (claimed.has(number)) throw new Error(`Block ${number} was claimed twice`);
					claimed.add(number);
				}
				return undefined;
			};
			const queue = new ClaimQueue({ blocks, inFlight, limit: 20, claim });
			const limit = pLimit(inFlight);
			await Promise.all(
				Array.from({ length: items }, (_, item) =>
					limit(async () => {
						await queue.enter(Math.floor(item / 5));
						if (!claimed.has(Math.floor(item / 5))) throw new Error(`${item} was not claimed`);
						reserved -= 1;
						queue.leave();
						await wait(callTime);
						queue.count();
					}),
				),
			);
			await queue.close();
			expect(claimed.size).toBe(blocks.size);
		}),
	);
	expect(reserved).toBe(0);
	return most;
}

async function wait(time: number | Promise<unknown>): Promise<void> {
	if (typeof time !== 'number') await time;
	else if (time > 0) await new Promise((resolve) => setTimeout(resolve, time));
}

const list = (fewest: number) =>
	fc.record({
		items: fc.integer({ min: 1, max: 60 }),
		inFlight: fc.integer({ min: fewest, max: 12 }),
		callTime: fc.integer({ min: 0, max: 4 }),
		claimTime: fc.integer({ min: 0, max: 4 }),
	});

/** Lets time pass quickly until it is done. */
async function quickly<T>(work: Promise<T>): Promise<T> {
	let isDone = false;
	const done = work.finally(() => (isDone = true));
	for (let time = 0; !isDone && time < 60_000; time += 1) await jest.advanceTimersByTimeAsync(1);
	if (!isDone) throw new Error('It stands still');
	return await done;
}

describe('what a process has claimed and not yet called', () => {
	beforeEach(() => {
		jest.useFakeTimers();
	});

	afterEach(() => {
		jest.useRealTimers();
	});

	it('is never more than 20 items, however many lists there are', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(list(5), { minLength: 1, maxLength: 12 }), async (lists) => {
				expect(await quickly(callAll(lists))).toBeLessThanOrEqual(20);
			}),
			{ numRuns: 60 },
		);
	});

	it('is what cannot be called at once besides, where lists call fewer at the same time', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(list(1), { minLength: 1, maxLength: 12 }), async (lists) => {
				const besides = lists.reduce((sum, it) => sum + Math.max(0, 5 - it.inFlight), 0);
				expect(await quickly(callAll(lists))).toBeLessThanOrEqual(20 + besides);
			}),
			{ numRuns: 60 },
		);
	});

	it('does not keep another list waiting for calls that take long', async () => {
		let hangUp = () => {};
		const callTime = new Promise<void>((resolve) => (hangUp = resolve));
		const slow = { items: 12, inFlight: 6, callTime, claimTime: 1 };
		const slowOnes = callAll(Array.from({ length: 8 }, () => slow));
		await quickly(wait(1_000));
		await quickly(callAll([{ items: 10, inFlight: 5, callTime: 1, claimTime: 1 }]));
		hangUp();
		await quickly(slowOnes);
	});
});
