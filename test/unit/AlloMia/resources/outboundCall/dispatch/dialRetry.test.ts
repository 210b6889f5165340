import type { CallsInProgress } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/callsInProgress';
import { DialRetry } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/dialRetry';
import type { Failure } from '../../../../../../nodes/shared/api/failure';

const noRoom: Failure = { kind: 'notTaken', message: '', description: '', httpCode: 429 };
const unreachable: Failure = { kind: 'notTaken', message: '', description: '' };

beforeEach(() => jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => jest.restoreAllMocks());

/** The waits after these failures, in s; undefined where there is no other attempt. */
async function waits(failures: Failure[], inProgress: Partial<CallsInProgress> = {}) {
	const patience = new DialRetry({
		isHopeless: false,
		unchangedFor: Infinity,
		mayFreeCapacity: async () => false,
		...inProgress,
	} as CallsInProgress);
	const all: Array<number | undefined> = [];
	for (const failure of failures) {
		const wait = await patience.nextWait(failure);
		all.push(wait === undefined ? undefined : wait / 1_000);
	}
	return all;
}

const times = (count: number, failure: Failure) => Array<Failure>(count).fill(failure);
const aMinute = [0.5, 1, 2, 4, 8, 10, 10, 10, 10, 4.5];

it('waits a minute in all for room', async () => {
	expect(await waits(times(11, noRoom))).toEqual([...aMinute, undefined]);
});

it('waits three times for anything else', async () => {
	expect(await waits(times(4, unreachable))).toEqual([0.5, 1, 2, undefined]);
});

it('counts the two apart', async () => {
	const mixed = [...times(3, unreachable), ...times(11, noRoom), unreachable];
	expect(await waits(mixed)).toEqual([0.5, 1, 2, ...aMinute, undefined, undefined]);
});

it('does not wait for room in vain where another item has', async () => {
	expect(await waits([noRoom], { isHopeless: true })).toEqual([undefined]);
});

it('waits on, ten seconds each, while calls in progress may make room', async () => {
	let ended = 3;
	const mayFreeCapacity = async () => (ended -= 1) > 0;
	expect(await waits(times(13, noRoom), { mayFreeCapacity })).toEqual([
		...aMinute,
		10,
		10,
		undefined,
	]);
});

it('waits a minute from the last change of the calls in progress on', async () => {
	expect(await waits(times(12, noRoom), { unchangedFor: 55_000 })).toEqual([
		...[0.5, 1, 2, 4, 8, 10, 10, 10, 10, 5, 5, 5],
	]);
});
