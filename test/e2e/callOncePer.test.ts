import { randomUUID } from 'node:crypto';
import { sleep } from 'n8n-workflow';
import {
	listExecutions,
	outputsOf,
	readExecution,
	stopExecution,
	until,
	waitForEnd,
	type Execution,
} from '../../scripts/lib/workflows';
import { ids } from '../simulator';
import { activeWorkflow, useBench } from './support/bench';
import { people } from './support/lists';
import { alloMia, connect, node, noOp } from './support/nodes';
import { dialledTwice, killAndRestart, runAgain } from './support/reruns';
import { beginByHand, manualWorkflow, runByHand } from './support/triggers';
import { post } from '../webhooks';
import { isSince, since } from './support/version';

const bench = useBench();

/** So many appointments, each with its own ID and number. */
const appointments = (count: number, from = 0) =>
	Array.from({ length: count }, (_, index) => ({
		id: `appointment ${from + index}`,
		phone: `+1514555${2000 + from + index}`,
	}));

const going = { onError: 'continueRegularOutput' };

async function calling(
	parameters: Record<string, unknown> = {},
	options: Record<string, unknown> = {},
	extras: Record<string, unknown> = going,
) {
	return await activeWorkflow(bench, [
		alloMia(
			bench.credential,
			{
				phoneNumber: '={{ $json.phone }}',
				options: { onceKey: '={{ $json.id }}', ...options },
				...parameters,
			},
			extras,
		),
	]);
}

const itemsOf = (execution: Execution) => outputsOf(execution, 'AlloMia')[0] ?? [];

const isAlreadyCalled = ({ alreadyCalled }: Record<string, unknown>) => alreadyCalled === true;

describe('Call Once Per', () => {
	it.each(['create', 'createAndWait'])(
		'calls once for an event that is delivered twice (%s)',
		async (operation) => {
			const workflow = await calling({ operation });
			const [event] = appointments(1);
			const first = await workflow.run([event]);
			const second = await workflow.run([event]);
			expect(itemsOf(first)[0]).toMatchObject({
				status: operation === 'create' ? 'calling' : 'completed',
			});
			expect(itemsOf(second)).toEqual([{ alreadyCalled: true, onceKey: 'appointment 0' }]);
			expect(bench.simulator.dials).toHaveLength(1);
		},
	);

	it('calls once for an event that is delivered several times at the same moment', async () => {
		const workflow = await calling();
		const [event] = appointments(1);
		await workflow.run(appointments(1, 500));
		await Promise.all(Array.from({ length: 10 }, async () => await workflow.begin([event])));
		await until('all to end', () => ended(workflow.id, 11));
		const all = await listExecutions(bench.n8n.session, workflow.id);
		const items = await Promise.all(
			all.map(async ({ id }) => itemsOf(await readExecution(bench.n8n.session, id))),
		);
		const placed = items.flat().filter((it) => !isAlreadyCalled(it));
		expect(placed).toEqual([
			expect.objectContaining({ status: 'calling' }),
			expect.objectContaining({ status: 'calling' }),
		]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it('calls once for each event of a few that are delivered 20 times each', async () => {
		const workflow = await calling();
		const events = appointments(30);
		await workflow.run([events[0]]);
		const deliver = async (times: number) => {
			for (let delivery = 0; delivery < times; delivery += 1) {
				// n8n runs those that come together at the same time.
				for (let at = 0; at < events.length; at += 10) {
					const some = events.slice(at, at + 10).map((it) => ({ items: [it] }));
					const answers = await Promise.all(some.map(async (it) => await post(workflow.url, it)));
					expect(answers.map(({ status }) => status)).toEqual(some.map(() => 200));
				}
			}
		};
		await deliver(10);
		// More than n8n's store kept of other values once.
		await workflow.run(people(1_000, 1_000));
		await deliver(10);
		const count = 2 + 20 * events.length;
		const all = async () => await listExecutions(bench.n8n.session, workflow.id, 'success');
		await until('all to end', async () => (await all()).length === count, 120_000, 2_000);
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials).toHaveLength(events.length + 1_000);
	});

	it('calls once for each appointment of two lists that run at the same moment', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 20, times: 1000, match: { method: 'POST' } });
		const workflow = await calling();
		await workflow.run(appointments(1, 500));
		const list = appointments(60);
		await Promise.all([workflow.begin(list), workflow.begin([...list].reverse())]);
		await until('both to end', () => ended(workflow.id, 3));
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials).toHaveLength(61);
	});

	it('goes on with a list that is started again after n8n was killed', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 60, times: 1000, match: { method: 'POST' } });
		const workflow = await calling({}, { maxConcurrency: 5 });
		const list = appointments(60);
		const id = await workflow.begin(list);
		await until('some calls', () => bench.simulator.dials.length >= 25, 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		const before = bench.simulator.dials.length;
		expect(before).toBeLessThan(60);
		const items = itemsOf(await workflow.run(list));
		expect(dialledTwice(bench)).toEqual([]);
		const left = items.filter(isAlreadyCalled);
		expect(left.length).toBeGreaterThanOrEqual(before);
		expect(left.length - before).toBeLessThanOrEqual(20);
		expect(bench.simulator.dials).toHaveLength(before + 60 - left.length);

		// The killed one, run again, has nothing more to call: what it may have called, it says.
		const again = itemsOf(await runAgain(bench, workflow.id, id));
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials).toHaveLength(before + 60 - left.length);
		const uncertain = again.filter(({ error }) => error !== undefined);
		expect(uncertain.length).toBeGreaterThanOrEqual(left.length);
		// In an older n8n, it may be this one whom the list above has called.
		if (isSince('2.36.0')) expect(uncertain.length - before).toBeLessThanOrEqual(20);
		// Nobody is passed over in silence whom nobody has called.
		const passedOver = again.filter(isAlreadyCalled).map(({ onceKey }) => onceKey);
		expect(passedOver).toHaveLength(60 - uncertain.length);
		const called = new Set(bench.simulator.dials.map(({ body }) => body.phoneNumber));
		const silent = list.filter(({ id, phone }) => passedOver.includes(id) && !called.has(phone));
		expect(silent).toEqual([]);
	});

	it('gives the key back where AlloMia has surely not taken the call, and only there', async () => {
		const workflow = await calling({}, { timeout: 500 });
		const list = appointments(4);
		const faults = [
			{ kind: 'status', status: 400 },
			{ kind: 'reset-after' },
			{ kind: 'status', status: 404 },
			{ kind: 'truncated' },
		] as const;
		faults.forEach((fault, index) => {
			bench.simulator.fault({ ...fault, match: { number: list[index]?.phone } });
		});
		expect(itemsOf(await workflow.run(list)).every(({ error }) => error !== undefined)).toBe(true);
		bench.simulator.clearFaults();
		const items = itemsOf(await workflow.run(list));
		expect(items.map(isAlreadyCalled)).toEqual([false, true, false, true]);
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials).toHaveLength(4);
	});

	it('keeps what AlloMia answers after the run was stopped', async () => {
		const assistantId = '={{ $json.assistant }}';
		const workflow = await calling({ assistantId });
		const [taken, refused] = appointments(2);
		const assistant = ids.assistantId;
		bench.simulator.fault({ kind: 'slow', delayMs: 1_500, times: 2, match: { method: 'POST' } });
		const id = await workflow.begin([
			{ ...taken, assistant },
			{ ...refused, assistant: randomUUID() },
		]);
		await until('AlloMia to be asked', () => bench.simulator.requests.length === 2);
		await stopExecution(bench.n8n.session, id);
		expect((await waitForEnd(bench.n8n.session, id)).status).toBe('canceled');
		await sleep(2_500);
		const again = await workflow.run([
			{ ...taken, assistant },
			{ ...refused, assistant },
		]);
		expect(itemsOf(again)).toMatchObject([{ alreadyCalled: true }, { status: 'calling' }]);
		expect(dialledTwice(bench)).toEqual([]);
	});

	it('gives back the keys of those whose turn had not come when the run stopped', async () => {
		const workflow = await calling({}, { maxConcurrency: 1 }, { onError: 'stopWorkflow' });
		const list = appointments(12);
		bench.simulator.fault({ kind: 'status', status: 403, match: { number: list[1]?.phone } });
		expect((await workflow.run(list)).status).toBe('error');
		expect(bench.simulator.dials).toHaveLength(1);
		const items = itemsOf(await workflow.run(list));
		expect(items.map(isAlreadyCalled)).toEqual(list.map((_, index) => index === 0));
		expect(bench.simulator.dials).toHaveLength(12);
	});

	describe('where claiming takes a second, since other processes may write too', () => {
		/** A run by hand: there the node cannot tell that it is alone. */
		async function listByHand(list: object[], extras: Record<string, unknown>) {
			const jsonOutput = JSON.stringify({ list });
			return await manualWorkflow(
				bench,
				[
					node('n8n-nodes-base.set', 3.4, 'List', { mode: 'raw', jsonOutput, options: {} }),
					node('n8n-nodes-base.splitOut', 1, 'Items', { fieldToSplitOut: 'list', options: {} }),
					alloMia(
						bench.credential,
						{ phoneNumber: '={{ $json.phone }}', options: { onceKey: '={{ $json.id }}' } },
						extras,
					),
				],
				true,
				{ ...connect('List', 'Items'), ...connect('Items', 'AlloMia') },
			);
		}

		it('calls nobody any more who was being claimed when a call failed', async () => {
			const list = appointments(20);
			bench.simulator.fault({ kind: 'status', status: 403, match: { number: list[9]?.phone } });
			const id = await listByHand(list, { onError: 'stopWorkflow' });
			expect((await runByHand(bench, id)).status).toBe('error');
			expect(bench.simulator.dials).toHaveLength(9);
			// Nor are their keys taken.
			const items = itemsOf(await runByHand(bench, id));
			expect(items.map(isAlreadyCalled)).toEqual(list.map((_, index) => index < 9));
			expect(dialledTwice(bench)).toEqual([]);
		});

		it('calls nobody any more who was being claimed when the run was stopped', async () => {
			const list = appointments(30);
			const id = await listByHand(list, going);
			const executionId = await beginByHand(bench, id);
			await until('the first calls', () => bench.simulator.dials.length >= 10, 120_000, 5);
			await stopExecution(bench.n8n.session, executionId);
			expect((await waitForEnd(bench.n8n.session, executionId)).status).toBe('canceled');
			const { length } = bench.simulator.dials;
			// Long enough for the claim that was being made.
			await sleep(3_000);
			expect([length, bench.simulator.dials.length]).toEqual([10, 10]);
		});
	});

	it('keeps the recorded answer in every retry of the same execution', async () => {
		const workflow = await calling(
			{},
			{ maxConcurrency: 1 },
			{ onError: 'stopWorkflow', retryOnFail: true, maxTries: 2, waitBetweenTries: 10 },
		);
		const list = appointments(8);
		const match = { number: list[6]?.phone };
		bench.simulator.fault({ kind: 'status', status: 403, times: 2, match });
		const failed = await workflow.run(list);
		expect(failed.status).toBe('error');
		const again = await runAgain(bench, workflow.id, failed.id);
		expect(again.status).toBe('success');
		expect(itemsOf(again).every(({ outboundCallId }) => outboundCallId)).toBe(true);
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials).toHaveLength(8);
	});

	it('calls the first of several items with the same key; the next, where AlloMia refuses it', async () => {
		const workflow = await calling({}, { maxConcurrency: 10 });
		const [one, two, three, four] = appointments(4).map(({ phone }) => phone);
		bench.simulator.fault({ kind: 'status', status: 400, match: { number: three } });
		const execution = await workflow.run([
			{ id: 'A', phone: one },
			{ id: 'A', phone: two },
			{ id: 7, phone: three },
			{ id: 7, phone: four },
			{ id: '7', phone: one },
		]);
		expect(itemsOf(execution)).toEqual([
			expect.objectContaining({ status: 'calling' }),
			{ alreadyCalled: true, onceKey: 'A' },
			expect.objectContaining({ error: expect.any(String) }),
			expect.objectContaining({ status: 'calling' }),
			{ alreadyCalled: true, onceKey: '7' },
		]);
		expect(bench.simulator.dials.map(({ body }) => body.phoneNumber)).toEqual([one, four]);
	});

	it('holds in loops too', async () => {
		const loop = node('n8n-nodes-base.splitInBatches', 3, 'Loop', { batchSize: 1, options: {} });
		const workflow = await activeWorkflow(
			bench,
			[
				loop,
				alloMia(bench.credential, {
					phoneNumber: '={{ $json.phone }}',
					options: { onceKey: '={{ $json.id }}' },
				}),
				noOp('Done'),
			],
			{
				Loop: {
					main: [
						[{ node: 'Done', type: 'main', index: 0 }],
						[{ node: 'AlloMia', type: 'main', index: 0 }],
					],
				},
				...connect('AlloMia', 'Loop'),
			},
		);
		const [one = {}, two = {}] = appointments(2);
		const execution = await workflow.run([one, two, one]);
		const outputs = [0, 1, 2].map((run) => outputsOf(execution, 'AlloMia', run)[0]?.[0]);
		expect(outputs.map((it) => isAlreadyCalled(it ?? {}))).toEqual([false, false, true]);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	since('2.39.0').it('has an output of its own, the last, where each status has one', async () => {
		const workflow = await calling({ operation: 'createAndWait' }, { outputPerStatus: true });
		const list = appointments(2);
		await workflow.run([list[0]]);
		const outputs = outputsOf(await workflow.run(list), 'AlloMia');
		expect(outputs).toHaveLength(6);
		expect(outputs[0]).toEqual([expect.objectContaining({ status: 'completed' })]);
		expect(outputs[5]).toEqual([{ alreadyCalled: true, onceKey: 'appointment 0' }]);
	});

	it('refuses an item without a key before anybody is called, and names the field', async () => {
		const workflow = await calling({}, {}, { onError: 'stopWorkflow' });
		const list = appointments(2);
		for (const bad of [{ id: '' }, { id: null }, {}, { id: ['A'] }]) {
			const execution = await workflow.run([list[0], { phone: list[1]?.phone, ...bad }]);
			expect(execution.status).toBe('error');
			expect(execution.data.resultData.error?.message).toContain('Call Once Per: It is');
		}
		expect(bench.simulator.dials).toHaveLength(0);
	});

	it('claims nothing in a dry run', async () => {
		const list = appointments(1);
		const workflow = await calling({}, { dryRun: '={{ $json.dry }}' });
		await workflow.run([{ ...list[0], dry: true }]);
		expect(itemsOf(await workflow.run([{ ...list[0], dry: false }]))[0]).toMatchObject({
			status: 'calling',
		});
	});
});

async function ended(workflowId: string, count: number): Promise<boolean> {
	const all = await listExecutions(bench.n8n.session, workflowId);
	return all.length >= count && all.every(({ status }) => status === 'success');
}
