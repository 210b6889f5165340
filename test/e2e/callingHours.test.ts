import { DateTime } from 'luxon';
import {
	outputsOf,
	stopExecution,
	until,
	waitForEnd,
	type Connections,
	type Execution,
} from '../../scripts/lib/workflows';
import { activeWorkflow, useBench } from './support/bench';
import { people } from './support/lists';
import { alloMia, connect, node, noOp } from './support/nodes';
import { dialledTwice, killAndRestart, runAgain } from './support/reruns';
import { since } from './support/version';

const bench = useBench();

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Custom hours in UTC, from and to some time. */
const hours = (from: DateTime, to: DateTime) => ({
	callingHours: 'custom',
	callingWindows: {
		window: [
			{ days: everyDay, from: from.toUTC().toFormat('HH:mm'), to: to.toUTC().toFormat('HH:mm') },
		],
	},
	timeZone: '={{ $json.zone || "UTC" }}',
});

const now = () => DateTime.utc();
const open = () => hours(now().minus({ hours: 1 }), now().plus({ hours: 2 }));
/** In a zone that is ten hours ahead, it is outside of these. */
const elsewhere = 'Etc/GMT-10';

/** Reaches a node of its own from each of the node's outputs. */
const fanOut = (count: number): Connections => ({
	AlloMia: {
		main: Array.from({ length: count }, (_, index) => [
			{ node: `Output ${index}`, type: 'main', index: 0 },
		]),
	},
});

/** A workflow that calls, with a node behind each output. */
async function calling(
	operation: string,
	options: Record<string, unknown>,
	outputs: number,
	extras: object = {},
) {
	const behind = Array.from({ length: outputs }, (_, index) => noOp(`Output ${index}`));
	const parameters = { operation, phoneNumber: '={{ $json.phone }}', options };
	return await activeWorkflow(
		bench,
		[alloMia(bench.credential, parameters, extras), ...behind],
		fanOut(outputs),
	);
}

const ranWith = (execution: Execution, output: number) =>
	(execution.data.resultData.runData[`Output ${output}`] ?? []).flatMap((_, run) =>
		outputsOf(execution, `Output ${output}`, run).flat(),
	);

const numbers = () => bench.simulator.dials.map(({ body }) => body.phoneNumber);

describe('Calling Hours', () => {
	const both = [
		{ phone: '+15145551001', zone: 'UTC' },
		{ phone: '+15145551002', zone: elsewhere, note: { of: ['the clinic'] } },
	];

	const cases: Array<[string, string, Record<string, unknown>, number, object]> = [
		['create', 'create', {}, 2, {}],
		['create, with an error output', 'create', {}, 3, { onError: 'continueErrorOutput' }],
		['createAndWait, polling', 'createAndWait', { polling: true }, 2, {}],
	];
	const waiting: typeof cases = [
		['createAndWait', 'createAndWait', {}, 2, {}],
		[
			'createAndWait, with an output per status, keys and an error output',
			'createAndWait',
			{ outputPerStatus: true, onceKey: '={{ $json.phone }}' },
			8,
			{ onError: 'continueErrorOutput' },
		],
	];

	async function holds([
		,
		operation,
		{ polling, ...options },
		outputs,
		extras,
	]: (typeof cases)[number]): Promise<void> {
		const behind = Array.from({ length: outputs }, (_, index) => noOp(`Output ${index}`));
		const workflow = await activeWorkflow(
			bench,
			[
				alloMia(
					bench.credential,
					{
						operation,
						phoneNumber: '={{ $json.phone }}',
						...(polling ? { waitFor: 'polling' } : {}),
						options: { ...open(), ...options },
					},
					extras,
				),
				...behind,
			],
			fanOut(outputs),
		);
		const execution = await workflow.run(both);
		expect(execution.status).toBe('success');
		expect(numbers()).toEqual(['+15145551001']);
		const last = 'onError' in extras ? outputs - 2 : outputs - 1;
		const said = Array.from({ length: outputs }, (_, index) => ranWith(execution, index));
		const [outside] = said[last] ?? [];
		expect(outside).toEqual({ ...both[1], callAt: expect.any(String) as string });
		// By the clock there, within a day.
		const callAt = DateTime.fromISO(String(outside?.callAt), { setZone: true });
		expect([callAt.offset, callAt.second]).toEqual([600, 0]);
		expect(callAt.diff(now()).as('hours')).toBeGreaterThan(0);
		expect(callAt.diff(now()).as('hours')).toBeLessThan(24);
		expect(said.map((items) => items.length)).toEqual(
			said.map((_, index) => (index === 0 || index === last ? 1 : 0)),
		);
	}

	it.each(cases)('leave those outside of them to the last output: %s', async (...one) => {
		await holds(one);
	});

	since('2.39.0').it.each(waiting)(
		'leave those outside of them to the last output, while the execution is parked: %s',
		async (...one) => {
			await holds(one);
		},
	);

	it('stop a list at closing time, for real', async () => {
		// A whole minute, which is when windows end.
		const closing = now().plus({ seconds: 30 }).startOf('minute').plus({ minutes: 1 });
		const list = people(400);
		const options = { ...hours(now().minus({ hours: 1 }), closing), maxConcurrency: 1 };
		const workflow = await calling('create', options, 2);
		bench.simulator.fault({
			kind: 'slow',
			delayMs: 250,
			match: { path: '/outbound', method: 'POST' },
			times: 400,
		});
		const execution = await workflow.run(list, 180_000);
		const called = numbers();
		const last = bench.simulator.dials.at(-1)?.at ?? 0;
		expect(called.length).toBeGreaterThan(5);
		expect(called.length).toBeLessThan(list.length);
		expect(last).toBeLessThan(closing.toMillis() + 100);
		expect(ranWith(execution, 0)).toHaveLength(called.length);
		expect(ranWith(execution, 1)).toEqual(
			list.slice(called.length).map((person) => ({
				...person,
				callAt: expect.stringContaining('T') as string,
			})),
		);
	});

	it('let people be called when their hours begin, by a Wait node and back, once each', async () => {
		const opening = now().plus({ seconds: 5 }).startOf('minute').plus({ minutes: 1 });
		const options = { ...hours(opening, opening.plus({ hours: 2 })), maxConcurrency: 1 };
		const wait = node('n8n-nodes-base.wait', 1.1, 'Wait', {
			resume: 'specificTime',
			dateTime: '={{ $json.callAt }}',
		});
		const parameters = { phoneNumber: '={{ $json.phone }}', options };
		const workflow = await activeWorkflow(bench, [alloMia(bench.credential, parameters), wait], {
			AlloMia: { main: [[], [{ node: 'Wait', type: 'main', index: 0 }]] },
			...connect('Wait', 'AlloMia'),
		});
		const list = people(5);
		const execution = await workflow.run(list, 180_000);
		expect(execution.status).toBe('success');
		expect(numbers()).toEqual(list.map(({ phone }) => phone));
		expect(bench.simulator.dials[0]?.at).toBeGreaterThanOrEqual(opening.toMillis());
		expect(execution.data.resultData.runData.AlloMia?.length).toBeGreaterThan(1);
	});

	it('hold for a re-run of a list that was killed: those who were called are not put off', async () => {
		const closing = now().plus({ seconds: 40 }).startOf('minute').plus({ minutes: 1 });
		const options = { ...hours(now().minus({ hours: 1 }), closing), maxConcurrency: 1 };
		const list = people(300);
		const workflow = await calling('create', options, 2, { onError: 'continueRegularOutput' });
		bench.simulator.fault({
			kind: 'slow',
			delayMs: 200,
			match: { path: '/outbound', method: 'POST' },
			times: 300,
		});
		const id = await workflow.begin(list);
		await until('some calls', () => bench.simulator.dials.length >= 10, 60_000);
		await killAndRestart(bench, [workflow.id]);
		const before = new Set(numbers());
		await until('closing time', () => Date.now() > closing.toMillis(), 120_000);
		const again = await runAgain(bench, workflow.id, id);
		expect(dialledTwice(bench)).toEqual([]);
		expect(new Set(numbers())).toEqual(before);
		const outside = ranWith(again, 1);
		const putOff = outside.filter(({ phone }) => before.has(String(phone)));
		expect(putOff).toEqual([]);
		expect(ranWith(again, 0).length + outside.length).toBe(list.length);
	});

	it('refuse a parked wait where n8n would hand on the first output alone', async () => {
		const workflow = await calling('createAndWait', open(), 2);
		const execution = await workflow.run(both);
		const isNew = execution.status === 'success';
		const message = execution.data.resultData.error?.message ?? '';
		expect(isNew || message.includes('need n8n 2.39 or newer')).toBe(true);
		expect(numbers()).toHaveLength(isNew ? 1 : 0);
	});
});

describe('Max Calls at Once', () => {
	const limited = { maxInProgress: 3, pollInterval: 1 };

	it.each(['create', 'createAndWait'])('holds in a list: %s', async (operation) => {
		bench.simulator.setPace(() => 200 + 800 * Math.random());
		bench.simulator.setCapacity(3);
		const list = people(20);
		const workflow = await calling(operation, limited, 1);
		const execution = await workflow.run(list);
		expect(execution.status).toBe('success');
		expect(ranWith(execution, 0)).toHaveLength(20);
		expect(numbers()).toEqual(list.map(({ phone }) => phone));
		expect(bench.simulator.mostInProgress()).toBe(3);
		// Nobody was turned away: the node knows how many there are.
		expect(bench.simulator.requests.filter(({ status }) => status === 429)).toEqual([]);
	});

	it('lets go at once when the execution is stopped', async () => {
		bench.simulator.setPace(600_000);
		const workflow = await calling('create', limited, 1);
		const id = await workflow.begin(people(20));
		await until('three calls', () => bench.simulator.dials.length === 3);
		await stopExecution(bench.n8n.session, id);
		const { status } = await waitForEnd(bench.n8n.session, id, 5_000);
		expect(status).toBe('canceled');
		expect(numbers()).toHaveLength(3);
	});

	// An older n8n does not go on with an execution that was stopped.
	since('2.39.0').it(
		'goes on in a re-run of a list that was stopped: nobody is called twice',
		async () => {
			bench.simulator.setPace(1_000);
			bench.simulator.fault({
				kind: 'slow',
				delayMs: 400,
				match: { path: '/outbound', method: 'POST' },
				times: 3,
			});
			const list = people(12);
			const options = { ...limited, maxInProgress: 5, maxConcurrency: 1 };
			const workflow = await calling('create', options, 1, { onError: 'continueRegularOutput' });
			const id = await workflow.begin(list);
			await until('two calls', () => bench.simulator.dials.length >= 2);
			await stopExecution(bench.n8n.session, id);
			await waitForEnd(bench.n8n.session, id, 5_000);
			const again = await runAgain(bench, workflow.id, id);
			expect(dialledTwice(bench)).toEqual([]);
			expect(numbers().sort()).toEqual(list.map(({ phone }) => phone).sort());
			expect(bench.simulator.mostInProgress()).toBeLessThanOrEqual(5);
			expect(ranWith(again, 0)).toHaveLength(12);
		},
	);
});
