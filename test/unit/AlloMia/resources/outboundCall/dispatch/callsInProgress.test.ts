import type { IExecuteFunctions } from 'n8n-workflow';
import { CallsInProgress } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/callsInProgress';
import type { Connection } from '../../../../../../nodes/shared/api/client';

const connection = { baseUrl: 'https://x.example', apiKey: 'k', credential: {} } as Connection;

let ended: Set<string>;
let asked: string[];
let timeouts: Set<number>;
let isBroken: boolean;

/** AlloMia, asked through n8n: a call is in progress unless it has ended. */
const context = {
	getExecutionCancelSignal: () => undefined,
	helpers: {
		httpRequestWithAuthentication: async (
			_: string,
			{ url, timeout }: { url: string; timeout: number },
		) => {
			const outboundCallId = /outbound\/(.+)\/status/.exec(url)?.[1] ?? '';
			asked.push(outboundCallId);
			timeouts.add(timeout);
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
	[ended, asked, timeouts, isBroken] = [new Set(), [], new Set(), false];
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
