import type { IExecuteFunctions } from 'n8n-workflow';
import { CallsInProgress } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/callsInProgress';
import type { Connection } from '../../../../../../nodes/shared/api/client';

const connection = { baseUrl: 'https://x.example', apiKey: 'k', credential: {} } as Connection;

let ended: Set<string>;
let unknown: Set<string>;
let asked: string[];
let timeouts: Set<number>;
let isBroken: boolean;
let execution: object;
/** How long AlloMia takes for a status, in ms. */
let takes: number;

/** AlloMia, asked through n8n: a call is in progress unless it has ended. */
const context = {
	getExecutionCancelSignal: () => undefined,
	getContext: () => execution,
	helpers: {
		httpRequestWithAuthentication: async (
			_: string,
			{ url, timeout }: { url: string; timeout: number },
		) => {
			const outboundCallId = /outbound\/(.+)\/status/.exec(url)?.[1] ?? '';
			asked.push(outboundCallId);
			timeouts.add(timeout);
			if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
			if (unknown.has(outboundCallId)) {
				const body = JSON.stringify({ error: 'Outbound call not found' });
				return { statusCode: 404, headers: {}, body };
			}
			const status = ended.has(outboundCallId) ? 'completed' : 'calling';
			return {
				statusCode: isBroken ? 502 : 200,
				headers: {},
				body: JSON.stringify({ outboundCallId, status }),
			};
		},
	},
} as unknown as IExecuteFunctions;

const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [a, b] = [uuid(1), uuid(2)];

const start = (...ids: string[]) => {
	const calls = new CallsInProgress(context, connection, 1_000);
	ids.forEach((id) => calls.add(id));
	return calls;
};

const pass = (seconds: number) => jest.setSystemTime(Date.now() + 1_000 * seconds);

beforeEach(() => {
	[ended, unknown, asked, timeouts] = [new Set(), new Set(), [], new Set()];
	[isBroken, takes, execution] = [false, 0, {}];
	jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'], now: 1_800_000_000_000 });
});

afterEach(() => jest.useRealTimers());

it('has nothing to wait for where this run has placed no call', async () => {
	expect(await start().mayFreeCapacity()).toBe(false);
	expect(asked).toEqual([]);
});

it('waits while calls are in progress, and for a minute after one has ended', async () => {
	const calls = start(a, b);
	for (let minute = 0; minute < 30; minute += 1) {
		pass(60);
		expect(await calls.mayFreeCapacity()).toBe(true);
	}
	ended.add(b);
	pass(10);
	expect(await calls.mayFreeCapacity()).toBe(true);
	expect(calls.unchangedFor).toBe(0);
	pass(59);
	expect(await calls.mayFreeCapacity()).toBe(true);
	pass(1);
	expect(await calls.mayFreeCapacity()).toBe(false);
});

it('waits anew where another call took the room', async () => {
	const calls = start(a);
	ended.add(a);
	pass(60);
	expect(await calls.mayFreeCapacity()).toBe(true);
	pass(60);
	expect([await calls.mayFreeCapacity(), calls.isHopeless]).toEqual([false, true]);
	calls.add(b);
	expect(calls.isHopeless).toBe(false);
	pass(300);
	expect(await calls.mayFreeCapacity()).toBe(true);
	ended.add(b);
	pass(60);
	expect([await calls.mayFreeCapacity(), calls.unchangedFor]).toEqual([true, 0]);
	pass(60);
	expect(await calls.mayFreeCapacity()).toBe(false);
});

it('asks every ten seconds at most, however many wait, and about ten at a time', async () => {
	const ids = Array.from({ length: 250 }, (_, index) => uuid(index));
	const calls = start(...ids);
	pass(60);
	const look = async () => await Promise.all(ids.map(async () => await calls.mayFreeCapacity()));
	expect(new Set(await look())).toEqual(new Set([true]));
	// The newest 200 are kept.
	expect(asked).toEqual(ids.slice(50, 60));
	expect([...timeouts]).toEqual([1_000]);
	pass(9);
	await look();
	expect(asked).toHaveLength(10);
	pass(1);
	await look();
	expect(asked).toHaveLength(20);
});

it('passes over those that have ended long ago, all at once', async () => {
	const ids = Array.from({ length: 45 }, (_, index) => uuid(index));
	const calls = start(...ids);
	ended = new Set(ids);
	pass(60);
	await calls.mayFreeCapacity();
	expect(asked).toHaveLength(45);
	pass(60);
	expect(await calls.mayFreeCapacity()).toBe(false);
});

it('waits an hour at most for a call of which AlloMia tells nothing', async () => {
	const calls = start(a);
	isBroken = true;
	pass(3_600);
	expect(await calls.mayFreeCapacity()).toBe(true);
	pass(61);
	expect(await calls.mayFreeCapacity()).toBe(true);
	pass(60);
	expect(await calls.mayFreeCapacity()).toBe(false);
});

describe('with a limit', () => {
	const interval = 10_000;
	const limited = (calls: number, onEnd?: (status: { outboundCallId: string }) => void) =>
		new CallsInProgress(context, connection, 1_000, { calls, pollInterval: interval, onEnd });

	/** Waits for a reservation, and lets time pass meanwhile: how long it took, in seconds. */
	async function reserve(calls: CallsInProgress, mayWait = async () => true, atMost = 7_200) {
		const begun = Date.now();
		let reserved: boolean | undefined;
		void calls.reserve(mayWait).then((it) => (reserved = it));
		await jest.advanceTimersByTimeAsync(0);
		while (reserved === undefined && Date.now() - begun < atMost * 1_000) {
			await jest.advanceTimersByTimeAsync(1_000);
		}
		return { reserved, seconds: Math.round((Date.now() - begun) / 1_000) };
	}

	it('lets calls pass until it is reached, and the next when one has ended', async () => {
		const known: string[] = [];
		const calls = limited(2, ({ outboundCallId }) => known.push(outboundCallId));
		for (const id of [a, b]) {
			expect(await reserve(calls)).toEqual({ reserved: true, seconds: 0 });
			calls.add(id);
			calls.release();
		}
		expect([calls.size, asked]).toEqual([2, []]);
		setTimeout(() => ended.add(b), 35_000);
		expect(await reserve(calls)).toEqual({ reserved: true, seconds: 40 });
		expect([calls.size, known]).toEqual([2, [b]]);
	});

	it('asks about each call once per interval at most, and less often about long ones', async () => {
		const calls = limited(3);
		const ids = [uuid(1), uuid(2), uuid(3)];
		for (const id of ids) {
			await reserve(calls);
			calls.add(id);
			calls.release();
		}
		await reserve(calls, undefined, 600);
		const about = (id: string) => asked.filter((it) => it === id).length;
		// Every ten seconds at first, every minute in the end.
		expect(ids.map(about)).toEqual(ids.map(() => about(ids[0] ?? '')));
		expect(about(ids[0] ?? '')).toBeLessThan(30);
		expect(about(ids[0] ?? '')).toBeGreaterThan(15);
	});

	it('asks about the oldest first, ten at a time, and no more than it needs to know', async () => {
		const calls = limited(40);
		const ids = Array.from({ length: 40 }, (_, index) => uuid(index));
		for (const id of ids) {
			await reserve(calls);
			calls.add(id);
			calls.release();
		}
		ended = new Set([ids[3] ?? '']);
		expect((await reserve(calls)).reserved).toBe(true);
		expect(asked).toEqual(ids.slice(0, 10));
	});

	it('asks at once about calls of an earlier attempt', async () => {
		const calls = limited(1);
		[a, b].forEach((id) => calls.add(id, true));
		ended = new Set([a, b]);
		expect(await reserve(calls)).toEqual({ reserved: true, seconds: 0 });
	});

	it('counts a call that may have been placed for two minutes', async () => {
		const calls = limited(1);
		await reserve(calls);
		calls.release('now');
		expect(await reserve(calls)).toEqual({ reserved: true, seconds: 120 });
	});

	it('counts those of an earlier attempt from its own beginning: a long list does not add up', async () => {
		const calls = limited(1);
		let seconds = 0;
		for (let item = 0; item < 100; item += 1) {
			seconds += (await reserve(calls)).seconds;
			calls.release('earlier');
		}
		expect(seconds).toBe(120);
	});

	it('counts a call of which AlloMia tells nothing for an hour', async () => {
		const calls = limited(1);
		await reserve(calls);
		calls.add(a);
		calls.release();
		isBroken = true;
		const { reserved, seconds } = await reserve(calls);
		expect(reserved).toBe(true);
		expect(seconds).toBeGreaterThan(3_600);
		expect(seconds).toBeLessThan(3_700);
	});

	it('does not wait on where the item may not', async () => {
		const calls = limited(1);
		await reserve(calls);
		calls.add(a);
		calls.release();
		let mayWait = true;
		setTimeout(() => (mayWait = false), 12_000);
		expect(await reserve(calls, async () => mayWait)).toEqual({ reserved: false, seconds: 20 });
		expect(calls.size).toBe(1);
	});

	it('looks whether it may still wait after each few calls, however slow AlloMia is', async () => {
		takes = 5_000;
		const calls = limited(300);
		for (let index = 0; index < 300; index += 1) calls.add(uuid(index));
		pass(60);
		let looks = 0;
		const looking = async () => {
			looks += 1;
			return true;
		};
		await reserve(calls, looking, 100);
		expect(looks).toBeGreaterThanOrEqual(15);
		// Nobody is asked about twice while others were not asked about at all.
		expect(new Set(asked).size).toBe(asked.length);
	});

	it('asks about the younger calls, too, while it learns nothing of the oldest', async () => {
		takes = 15_000;
		const calls = limited(12);
		for (let index = 0; index < 12; index += 1) calls.add(uuid(index));
		ended = new Set([uuid(11)]);
		expect((await reserve(calls)).seconds).toBeLessThan(60);
	});

	it('takes an earlier call that AlloMia does not know for ended; not one that was just placed', async () => {
		unknown = new Set([a, b]);
		const calls = limited(1);
		calls.add(a, true);
		expect(await reserve(calls)).toEqual({ reserved: true, seconds: 0 });
		calls.add(b);
		calls.release();
		expect((await reserve(calls, undefined, 600)).reserved).toBeUndefined();
	});

	it('does not ask again about calls that an earlier attempt of the execution knew to have ended', async () => {
		const first = limited(1);
		first.add(a, true);
		ended = new Set([a]);
		await reserve(first);
		const second = limited(1);
		second.add(a, true);
		expect([second.size, asked]).toEqual([0, [a]]);
	});
});
