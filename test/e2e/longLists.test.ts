import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
	activate,
	listExecutions,
	stopExecution,
	until,
	waitForEnd,
} from '../../scripts/lib/workflows';
import { activeWorkflow, timeFor, useBench } from './support/bench';
import {
	caller,
	dialled,
	expectEverybodyOnce,
	isUncertain,
	itemsOf,
	killAfter,
	people,
} from './support/lists';
import { dialledTwice, killAndRestart, runAgain } from './support/reruns';
import { since } from './support/version';

const bench = useBench();

beforeEach(() => {
	// Nothing is to come of the calls but the dial.
	bench.simulator.setPace(3_600_000);
});

const onceKey = '={{ $json.id }}';

const calling = async (options?: Record<string, unknown>) =>
	await activeWorkflow(bench, [caller(bench, options)]);

describe('a long list, killed and run again', () => {
	/** As long as the whole suite can take it; longer ones by hand. */
	const longest = Number(process.env.ALLOMIA_LONGEST ?? 10_000);

	/** Some moment near the end. */
	const late = (count: number) => randomInt(Math.floor(count * 0.9), count - 20);

	it.each([
		[5_000, 4_700, {}],
		[600, late(500), { onceKey }],
		[longest, late(longest), {}],
	])(
		'of %i people, after %i calls, calls nobody twice (%o)',
		async (count, killedAt, options) => {
			const workflow = await calling(options);
			const list = people(count);
			const id = await workflow.begin(list);
			const before = await killAfter(bench, workflow.id, killedAt);
			expect(before.size).toBeLessThan(count);
			const again = await runAgain(bench, workflow.id, id);
			expectEverybodyOnce(bench, list, before, itemsOf(again));
		},
		2 * timeFor(longest),
	);
});

it('lets n8n do other things while a long list is checked', async () => {
	const workflow = await calling({ dryRun: true });
	const answers: number[] = [];
	let isOver = false;
	const asking = (async () => {
		for (; !isOver; await delay(20)) {
			await fetch(`${bench.n8n.baseUrl}/healthz`, {
				headers: { connection: 'close' },
				signal: AbortSignal.timeout(60_000),
			});
			answers.push(Date.now());
		}
	})();
	const { data } = await workflow.run(people(5_000)).finally(() => (isOver = true));
	await asking;
	const { startTime = 0, executionTime = 0 } = data.resultData.runData.AlloMia?.[0] ?? {};
	const thirds = new Set(answers.map((at) => Math.floor((3 * (at - startTime)) / executionTime)));
	expect([...thirds]).toEqual(expect.arrayContaining([0, 1, 2]));
});

describe('calls that AlloMia has surely not taken', () => {
	async function stopAndCallLater(options: Record<string, unknown>) {
		const workflow = await calling(options);
		const list = people(15);
		const headers = { 'retry-after': '20' };
		bench.simulator.fault({ kind: 'status', status: 429, headers, times: 10 });
		const id = await workflow.begin(list);
		await until('AlloMia to be asked', () => bench.simulator.requests.length >= 10);
		await stopExecution(bench.n8n.session, id);
		expect((await waitForEnd(bench.n8n.session, id)).status).toBe('canceled');
		bench.simulator.clearFaults();
		const again =
			'onceKey' in options ? await workflow.run(list) : await runAgain(bench, workflow.id, id);
		expect(itemsOf(again).filter(({ status }) => status === 'calling')).toHaveLength(15);
		expect(bench.simulator.dials).toHaveLength(15);
	}

	it('are placed by a new list, after a stop while AlloMia asked to wait', async () => {
		await stopAndCallLater({ onceKey });
	});

	// An older n8n does not go on with an execution that was stopped.
	const { it: itWhereStoppedGoOn } = since('2.39.0');

	itWhereStoppedGoOn(
		'are placed by a re-run, after a stop while AlloMia asked to wait',
		async () => {
			await stopAndCallLater({});
		},
	);

	itWhereStoppedGoOn('are placed by a re-run, whatever was being claimed at the stop', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 200, times: 10_000, match: { method: 'POST' } });
		const workflow = await calling();
		const list = people(2_000);
		for (let at = 0; at < list.length; at += 200) await workflow.begin(list.slice(at, at + 200));
		const { session } = bench.n8n;
		const begun = await listExecutions(session, workflow.id);
		await Promise.all(begun.map(async ({ id }) => await stopExecution(session, id)));
		// What is under way ends, and what was claimed is given back.
		await until('the calls to end', async () => {
			const { length } = bench.simulator.dials;
			await delay(2_000);
			return bench.simulator.dials.length === length;
		});
		bench.simulator.clearFaults();
		const before = dialled(bench);
		expect(before.size).toBeLessThan(list.length);
		const items: Array<Record<string, unknown>> = [];
		for (const { id } of begun) {
			items.push(...itemsOf(await runAgain(bench, workflow.id, id)));
		}
		expect(dialledTwice(bench)).toEqual([]);
		expect(bench.simulator.dials.length).toBe(list.length);
		expect(items.filter(isUncertain).length).toBe(before.size);
	});

	it('are not left alone by a re-run, though many had been refused', async () => {
		const list = people(120);
		for (const { phone } of list.filter((_, index) => index % 2 === 0)) {
			bench.simulator.fault({ kind: 'status', status: 400, match: { number: phone } });
		}
		const [held] = list.slice(-9);
		bench.simulator.fault({ kind: 'timeout-before', match: { number: held?.phone } });
		const workflow = await calling({ maxConcurrency: 4 });
		const id = await workflow.begin(list);
		await until('the last calls', () => bench.simulator.dials.length >= 55, 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		bench.simulator.clearFaults();
		const before = dialled(bench);
		const items = itemsOf(await runAgain(bench, workflow.id, id));
		expect(dialledTwice(bench)).toEqual([]);
		expect(items.filter(isUncertain).length).toBeLessThanOrEqual(before.size + 20 + 4);
	});
});

describe('Call Once Per', () => {
	const isAlreadyCalled = ({ alreadyCalled }: Record<string, unknown>) => alreadyCalled === true;

	it(
		'knows 10,000 values, however often they are met',
		async () => {
			const workflow = await calling({ onceKey });
			const list = people(10_000);
			await workflow.run(list);
			expect(bench.simulator.dials).toHaveLength(10_000);
			const again = itemsOf(await workflow.run(list));
			expect(again.filter((item) => !isAlreadyCalled(item))).toEqual([]);
			// Met again, the first 500 are newer than all others.
			await workflow.run(list.slice(0, 500));
			await workflow.run(people(2_000, 10_000));
			const items = itemsOf(await workflow.run(list.slice(0, 500)));
			expect(items.filter((item) => !isAlreadyCalled(item))).toEqual([]);
			expect(dialledTwice(bench)).toEqual([]);
		},
		2 * timeFor(10_000),
	);

	it(
		'knows its values though it was taken out for a run',
		async () => {
			const workflow = await calling({ onceKey: '={{ $json.id }}' });
			const list = people(3_000);
			await workflow.run(list);
			await setOptions(workflow.id, {});
			await workflow.run(people(3_000, 3_000));
			await setOptions(workflow.id, { onceKey });
			await workflow.run(people(200, 6_000));
			const items = itemsOf(await workflow.run(list));
			expect(items.filter((item) => !isAlreadyCalled(item))).toEqual([]);
			expect(dialledTwice(bench)).toEqual([]);
		},
		2 * timeFor(3_000),
	);

	async function setOptions(workflowId: string, options: Record<string, unknown>) {
		interface Stored {
			versionId: string;
			nodes: Array<{ name: string; parameters: object }>;
		}
		const { session } = bench.n8n;
		const stored = await session.call<Stored>('GET', `/rest/workflows/${workflowId}`);
		const nodes = stored.nodes.map((it) =>
			it.name === 'AlloMia' ? { ...it, parameters: { ...it.parameters, options } } : it,
		);
		await session.call('PATCH', `/rest/workflows/${workflowId}`, {
			versionId: stored.versionId,
			nodes,
		});
		await activate(session, workflowId);
	}
});
