import fc from 'fast-check';
import pLimit from 'p-limit';
import { ClaimQueue } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/claimQueue';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

interface List {
	items: number;
	inFlight: number;
	/** In ms; or what it ends with. */
	callTime: number | Promise<unknown>;
	claimTime: number;
	/** How many calls take no time before. */
	quick?: number;
	/** When the list begins, in ms. */
	start?: number;
}

/** Calls lists at the same time; the most items that were claimed and not yet called. */
async function callAll(lists: List[]): Promise<number> {
	let [reserved, most] = [0, 0];
	await Promise.all(
		lists.map(async ({ items, inFlight, callTime, claimTime, quick = 0, start = 0 }) => {
			await wait(start);
			const claimed = new Set<number>();
			const claim = async (numbers: readonly number[]) => {
				reserved += numbers.length;
				most = Math.max(most, reserved);
				await wait(claimTime);
				for (const number of numbers) {
					if (claimed.has(number)) throw new Error(`${number} was claimed twice`);
					claimed.add(number);
				}
			};
			const list = Array.from({ length: items }, (_, item) => item);
			const queue = new ClaimQueue(list, 20, claim);
			await pLimit(inFlight).map(list, async (item) => {
				await queue.enter();
				if (!claimed.has(item)) throw new Error(`${item} was not claimed`);
				reserved -= 1;
				queue.leave();
				if (item >= quick) await wait(callTime);
			});
			const unused = jest.fn();
			await queue.close(unused);
			expect(unused).toHaveBeenCalledWith([]);
			expect(claimed.size).toBe(items);
		}),
	);
	expect(reserved).toBe(0);
	return most;
}

async function wait(time: number | Promise<unknown>): Promise<void> {
	if (typeof time !== 'number') await time;
	else if (time > 0) await new Promise((resolve) => setTimeout(resolve, time));
}

const list = fc.record({
	items: fc.integer({ min: 1, max: 60 }),
	inFlight: fc.integer({ min: 1, max: 12 }),
	callTime: fc.integer({ min: 0, max: 40 }),
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
	it('is never more than 20 items, however many lists there are', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(list, { minLength: 1, maxLength: 12 }), async (lists) => {
				expect(await quickly(callAll(lists))).toBeLessThanOrEqual(20);
			}),
			{ numRuns: 60 },
		);
	});

	it('comes back at the end where it is not called any more', async () => {
		const queue = new ClaimQueue([1, 2, 3, 4, 5, 6, 7], 20, async () => {});
		await quickly(queue.enter());
		queue.leave();
		const unused = jest.fn();
		await queue.close(unused);
		expect(unused).toHaveBeenCalledWith([2, 3, 4, 5]);
	});

	it('is never more, though a call of a long list takes long', async () => {
		let hangUp = () => {};
		const callTime = new Promise<void>((resolve) => (hangUp = resolve));
		const most = callAll([
			{ items: 60, inFlight: 1, callTime, claimTime: 0, quick: 35 },
			{ items: 60, inFlight: 12, callTime: 5, claimTime: 1, start: 200 },
		]);
		await quickly(wait(15_000));
		hangUp();
		expect(await quickly(most)).toBeLessThanOrEqual(20);
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

describe('calls that are passed over', () => {
	/** What becomes of each call: whether it is to be passed over, and then whether it was or entered all the same. */
	async function pass(passed: boolean[], inFlight: number, claimsAhead: boolean) {
		const claimed = new Set<number>();
		const calls = [...passed.keys()];
		const claim = async (some: readonly number[]) => {
			await wait(1);
			some.forEach((call) => claimed.add(call));
		};
		const queue = new ClaimQueue(calls, 20, claim, claimsAhead);
		const wasPassed: number[] = [];
		const inOrder = pLimit(1);
		await pLimit(inFlight).map(calls, async (call) => {
			const { entering } = await inOrder(async () => {
				await wait(call % 2);
				if (passed[call] && queue.pass()) wasPassed.push(call);
				else return { entering: queue.enter() };
				return {};
			});
			if (!entering) return;
			await entering;
			if (!claimed.has(call)) throw new Error(`${call} was not claimed`);
			queue.leave();
			await wait(3);
		});
		const unused: number[] = [];
		await queue.close((some) => unused.push(...some));
		return { claimed, wasPassed, unused };
	}

	it('are not claimed, unless they were before: then they enter', async () => {
		const plan = fc.array(fc.boolean(), { minLength: 1, maxLength: 60 });
		const many = fc.integer({ min: 1, max: 12 });
		await fc.assert(
			fc.asyncProperty(plan, many, fc.boolean(), async (passed, inFlight, claimsAhead) => {
				const { claimed, wasPassed, unused } = await quickly(pass(passed, inFlight, claimsAhead));
				expect(unused).toEqual([]);
				expect(wasPassed.filter((call) => claimed.has(call))).toEqual([]);
				expect(claimed.size + wasPassed.length).toBe(passed.length);
				const wanted = passed.filter((it) => it).length;
				if (!claimsAhead) expect(wasPassed).toHaveLength(wanted);
			}),
			{ numRuns: 200 },
		);
	});

	it('leave room for others: nothing stays reserved', async () => {
		await quickly(pass([false, true, true, true, true, true], 1, true));
		const sizes: number[] = [];
		const list = [1, 2, 3];
		const queue = new ClaimQueue(list, 20, async ({ length }) => void sizes.push(length));
		await quickly(queue.enter());
		expect(sizes).toEqual([3]);
		queue.leave();
		await queue.close(() => {});
	});
});

describe('what a list claims at once', () => {
	/** How many calls each claim is for. */
	async function claims(
		items: number,
		callTime: number,
		inFlight = 1,
		sizes: number[] = [],
	): Promise<number[]> {
		const list = Array.from({ length: items }, (_, item) => item);
		const queue = new ClaimQueue(list, 20, async ({ length }) => void sizes.push(length));
		await pLimit(inFlight).map(list, async () => {
			await queue.enter();
			queue.leave();
			await wait(callTime);
		});
		await queue.close(() => {});
		return sizes;
	}

	it('is five, where calls take their time', async () => {
		expect(await quickly(claims(12, 100))).toEqual([5, 5, 2]);
		expect(await quickly(claims(12, 5))).toEqual([5, 5, 2]);
	});

	it('is twice as much each time, where they take none', async () => {
		expect(await quickly(claims(80, 4))).toEqual([5, 10, 20, 20, 20, 5]);
	});

	it('is what is called at the same time, where that is more', async () => {
		expect(await quickly(claims(16, 100, 8))).toEqual([8, 5, 3]);
	});

	it('is what is called at the same time, five at most, where it is not alone', async () => {
		const lists = [claims(4, 100), claims(6, 1_000, 6)];
		expect(await quickly(Promise.all(lists))).toEqual([
			[1, 1, 1, 1],
			[5, 1],
		]);
		expect(await quickly(claims(12, 100))).toEqual([5, 5, 2]);
	});

	/** Lets a list claim so many calls and place none of them. */
	async function hold(count: number) {
		const queue = new ClaimQueue([...Array(count).keys()], 20, async () => {});
		await Promise.all(Array.from({ length: count }, async () => await queue.enter()));
		return queue;
	}

	it('is what there is room for, where the others’ calls stand still', async () => {
		const holding = await quickly(hold(18));
		const sizes: number[] = [];
		const calling = claims(4, 100, 4, sizes);
		await jest.advanceTimersByTimeAsync(99);
		expect(sizes).toEqual([]);
		await jest.advanceTimersByTimeAsync(1);
		expect(sizes).toEqual([2, 2]);
		await quickly(calling);
		await holding.close(() => {});
	});

	it('waits for what is being given back, however long that takes', async () => {
		let isDone = () => {};
		const giving = (await quickly(hold(0))).whileReleasing(
			20,
			new Promise<void>((resolve) => (isDone = resolve)),
		);
		const begun = Date.now();
		const sizes = claims(3, 100, 3);
		setTimeout(isDone, 1_000);
		expect(await quickly(sizes)).toEqual([3]);
		await giving;
		expect(Date.now() - begun).toBe(1_100);
	});
});
