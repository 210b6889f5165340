import {
	listExecutions,
	outputsOf,
	readExecution,
	stopExecution,
	until,
	waitForEnd,
	type Execution,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, useBench, type RunningWorkflow } from './support/bench';
import { alloMia, connect } from './support/nodes';
import { beginAgain, dialledTwice, killAndRestart, runAgain } from './support/reruns';

const bench = useBench();

/** So many numbers, from this one on: those of two lists never meet. */
const numbers = (from: number, count: number) =>
	Array.from({ length: count }, (_, index) => `+1514555${from + index}`);

const toItems = (list: string[]) => list.map((phone) => ({ phone }));

const wasDialled = (number: string) =>
	bench.simulator.dials.some(({ body }) => body.phoneNumber === number);

const wasAsked = (number: string) =>
	bench.simulator.requests.some(
		({ method, rawBody }) => method === 'POST' && rawBody.includes(number),
	);

/** Whether AlloMia was asked how the call to this number stands. */
function wasLookedUp(number: string): boolean {
	const dial = bench.simulator.dials.find(({ body }) => body.phoneNumber === number);
	return bench.simulator.requests.some(({ path }) => path.includes(dial?.outboundCallId ?? '-'));
}

const going = { onError: 'continueRegularOutput' } as const;

async function calling(
	parameters: Record<string, unknown> = {},
	extras: Partial<WorkflowNode> = going,
	arrange?: (nodes: WorkflowNode[]) => WorkflowNode[],
): Promise<RunningWorkflow> {
	const node = alloMia(
		bench.credential,
		{ phoneNumber: '={{ $json.phone }}', options: { maxConcurrency: 1 }, ...parameters },
		extras,
	);
	// What follows asks AlloMia how the calls stand: there n8n can be held up.
	const status = alloMia(
		bench.credential,
		{ operation: 'getStatus', outboundCallId: '={{ $json.outboundCallId }}' },
		{ ...going, name: 'Status', id: 'status' },
	);
	return await activeWorkflow(bench, [node, status], connect('AlloMia', 'Status'), arrange);
}

/** What came out of the AlloMia node at last: one item for each that went in. */
function itemsOf(execution: Execution, count: number) {
	// After a crash, n8n puts a run before it that never was.
	const runs = execution.data.resultData.runData.AlloMia ?? [];
	const [items = []] = outputsOf(execution, 'AlloMia', runs.length - 1);
	expect(items).toHaveLength(count);
	return items;
}

/** Holds that everybody is accounted for: called now, or named as perhaps called before. */
function expectAccounted(list: string[], before: Set<string>, execution: Execution): number {
	const items = itemsOf(execution, list.length);
	let needless = 0;
	items.forEach(({ outboundCallId, error, message }, index) => {
		const number = list[index] ?? '';
		const dial = bench.simulator.dials.find(({ body }) => body.phoneNumber === number);
		if (error === undefined) {
			expect([dial?.outboundCallId, before.has(number)]).toEqual([expect.any(String), false]);
			expect(outboundCallId).toBe(dial?.outboundCallId);
		} else {
			expect(message).toContain('may have been placed');
			if (!before.has(number)) needless += 1;
		}
	});
	return needless;
}

const count = 30;
const held = 12;

interface Step {
	/** Makes the call to a number stand still, or the one after it, or the execution after all calls. */
	hold: (number: string, next: string) => void;
	/** Whether the execution has come there. */
	isThere: (list: string[]) => boolean;
}

const number = (list: string[], index: number) => list[index] ?? '';

const steps: Array<[string, Step]> = [
	[
		'before AlloMia has taken the call',
		{
			hold: (it) => bench.simulator.fault({ kind: 'timeout-before', match: { number: it } }),
			isThere: (list) => wasAsked(number(list, held)),
		},
	],
	[
		'after AlloMia has taken it, without an answer',
		{
			hold: (it) => bench.simulator.fault({ kind: 'timeout-after', match: { number: it } }),
			isThere: (list) => wasDialled(number(list, held)),
		},
	],
	[
		'while the answer is read',
		{
			hold: (it) => bench.simulator.fault({ kind: 'stalled', match: { number: it } }),
			isThere: (list) => wasDialled(number(list, held)),
		},
	],
	[
		'after the answer',
		{
			hold: (_, next) => bench.simulator.fault({ kind: 'timeout-before', match: { number: next } }),
			isThere: (list) => wasAsked(number(list, held + 1)),
		},
	],
	[
		'after all answers, before n8n has stored them',
		{
			hold: () =>
				bench.simulator.fault({ kind: 'timeout-before', match: { method: 'GET' }, times: 1000 }),
			isThere: (list) => list.every(wasDialled) && list.some(wasLookedUp),
		},
	],
];

describe('n8n killed, and its executions run again', () => {
	it('rings nobody twice, at whichever step it was', async () => {
		bench.simulator.setPace(60_000);
		const workflows = [
			await calling(),
			// After a crash, n8n guesses where it was by the order in which the nodes are listed.
			await calling({ operation: 'createAndWait' }, going, (nodes) => nodes.reverse()),
		];
		const [first] = workflows;
		await first?.run(toItems(numbers(9000, 3)));
		const runs = workflows.flatMap((workflow, index) =>
			steps.map(([name, step], which) => ({
				name,
				step,
				workflow,
				list: numbers(2000 + 1000 * index + 100 * which, count),
			})),
		);
		for (const { step, list } of runs) step.hold(number(list, held), number(list, held + 1));
		for (const { workflow, list } of runs) await workflow.begin(toItems(list));
		const isEverybodyThere = () => runs.every(({ step, list }) => step.isThere(list));
		await until('each to come to its step', isEverybodyThere, 120_000, 2);
		await killAndRestart(
			bench,
			workflows.map(({ id }) => id),
		);
		const before = new Set(bench.simulator.dials.map(({ body }) => body.phoneNumber));
		bench.simulator.clearFaults();
		bench.simulator.setPace(300);
		const ids = await idsOf(runs);

		const again = await Promise.all(
			runs.map(async ({ workflow }, index) => {
				return await runAgain(bench, workflow.id, ids[index] ?? '');
			}),
		);
		expect(dialledTwice(bench)).toEqual([]);
		again.forEach((execution, index) => {
			const { name, list } = runs[index] ?? { name: '', list: [] };
			expect([name, execution.status]).toEqual([name, 'success']);
			expect(expectAccounted(list, before, execution)).toBeLessThanOrEqual(9);
			// Those whom nobody had come to are called now.
			expect([name, wasDialled(list.at(-1) ?? '')]).toEqual([name, true]);
		});
	});

	it('rings nobody twice where several were in the middle of a list', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 60, times: 1000, match: { method: 'POST' } });
		const workflow = await calling({ options: { maxConcurrency: 5 } });
		const lists = Array.from({ length: 10 }, (_, which) => numbers(2000 + 100 * which, 30));
		const runs = lists.map((list) => ({ workflow, list }));
		await Promise.all(lists.map(async (it) => await workflow.begin(toItems(it))));
		await until('some calls', () => bench.simulator.dials.length >= 90, 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		const ids = await idsOf(runs);
		const before = new Set(bench.simulator.dials.map(({ body }) => body.phoneNumber));
		expect(before.size).toBeLessThan(300);

		const again = await Promise.all(ids.map(async (id) => await runAgain(bench, workflow.id, id)));
		expect(dialledTwice(bench)).toEqual([]);
		const needless = again.map((execution, index) =>
			expectAccounted(lists[index] ?? [], before, execution),
		);
		expect(needless.reduce((sum, it) => sum + it, 0)).toBeLessThanOrEqual(20);

		// And once more, of the crashed ones: what the re-run placed is known by the store only.
		const [id = ''] = ids;
		const third = await runAgain(bench, workflow.id, id);
		expect(dialledTwice(bench)).toEqual([]);
		expect(itemsOf(third, 30).filter(({ error }) => error === undefined)).toEqual([]);
	});

	it('rings nobody twice where it was killed in the second try of Retry On Fail', async () => {
		const workflow = await calling({}, { retryOnFail: true, maxTries: 3, waitBetweenTries: 10 });
		const list = numbers(2000, count);
		// The first try stops at this one; the second goes on, and stands still later.
		bench.simulator.fault({ kind: 'status', status: 403, match: { number: number(list, 3) } });
		bench.simulator.fault({ kind: 'timeout-after', match: { number: number(list, held) } });
		const id = await workflow.begin(toItems(list));
		await until('the second try', () => wasDialled(number(list, held)), 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		const before = bench.simulator.dials.length;
		expect(before).toBe(held + 1);
		const again = await runAgain(bench, workflow.id, id);
		expect(dialledTwice(bench)).toEqual([]);
		expect(again.status).toBe('error');
		// All the others were called first.
		expect(wasDialled(list.at(-1) ?? '')).toBe(true);
	});

	it.each<[string, (nodes: WorkflowNode[]) => WorkflowNode[]]>([
		['in their order', (nodes) => nodes],
		['backwards', (nodes) => nodes.reverse()],
	])('goes on with the outcomes that had come before (nodes listed %s)', async (_how, arrange) => {
		const workflow = await calling({ operation: 'createAndWait' }, going, arrange);
		bench.simulator.setPace(60_000);
		const [one = ''] = numbers(2000, 1);
		const id = await workflow.begin(toItems([one]));
		await until('the execution to wait', async () => {
			return (await readExecution(bench.n8n.session, id)).status === 'waiting';
		});
		bench.simulator.fault({ kind: 'timeout-before', match: { method: 'GET' }, times: 1000 });
		const asked = () => bench.simulator.requests.filter(({ method }) => method === 'GET').length;
		const before = asked();
		await bench.simulator.endCall(bench.simulator.dials[0]?.outboundCallId ?? '', 'completed');
		// AlloMia may also be asked about the call before.
		const goesOn = async () =>
			asked() > before && (await readExecution(bench.n8n.session, id)).status === 'running';
		await until('the next node', goesOn, 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		bench.simulator.clearFaults();
		const again = await runAgain(bench, workflow.id, id);
		expect(again.status).toBe('success');
		expect(itemsOf(again, 1)).toMatchObject([{ status: 'completed' }]);
		expect(outputsOf(again, 'Status')[0]).toMatchObject([{ status: 'completed' }]);
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('calls all others, then stops at the uncertain, names them and the ways out, which lead out', async () => {
		const workflow = await calling({}, { onError: 'stopWorkflow' });
		const list = numbers(2000, count);
		bench.simulator.fault({ kind: 'timeout-after', match: { number: number(list, 2) } });
		const id = await workflow.begin(toItems(list));
		await until('the call that stands still', () => wasDialled(number(list, 2)), 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		bench.simulator.clearFaults();
		const again = await runAgain(bench, workflow.id, id);
		expect(again.status).toBe('error');
		const { error } = again.data.resultData;
		expect(error?.message).toMatch(/^\d+ of 30 calls may have been placed by an earlier attempt/);
		for (const text of ['item 0 (+15145552000)', 'item 2 (', 'Continue', 'redialOnUncertain']) {
			expect(error?.description).toContain(text);
		}
		const called = list.filter(wasDialled);
		expect(called).toEqual(expect.arrayContaining(list.slice(10)));
		expect(dialledTwice(bench)).toEqual([]);

		// Continue: those come out as errors, the others with the answer that was recorded.
		await change(workflow, (node) => ({ ...node, ...going }));
		const continued = await runAgain(bench, workflow.id, again.id, true);
		expect(continued.status).toBe('success');
		const items = itemsOf(continued, count);
		expect(items.filter(({ error: it }) => it !== undefined).length).toBeLessThanOrEqual(10);
		expect(items.slice(10).map(({ outboundCallId }) => outboundCallId)).toEqual(
			list
				.slice(10)
				.map((it) => bench.simulator.dials.find(({ body }) => body.phoneNumber === it))
				.map((dial) => dial?.outboundCallId),
		);
		expect(dialledTwice(bench)).toEqual([]);

		// Redial: those are called again, at the user's own risk, and nobody else is.
		await change(workflow, (node) => ({
			...node,
			onError: 'stopWorkflow',
			parameters: { ...node.parameters, options: { redialOnUncertain: true } },
		}));
		const redialled = await runAgain(bench, workflow.id, again.id, true);
		expect(redialled.status).toBe('success');
		expect(itemsOf(redialled, count).every(({ outboundCallId }) => outboundCallId)).toBe(true);
		expect(dialledTwice(bench)).toEqual(called.slice(0, 3).map((it) => [it, 2]));
	});
});

/** Changes the AlloMia node of a workflow. */
async function change(
	{ id }: RunningWorkflow,
	edit: (node: { name: string; parameters: object }) => object,
): Promise<void> {
	interface Stored {
		versionId: string;
		nodes: Array<{ name: string; parameters: object }>;
	}
	const { session } = bench.n8n;
	const stored = await session.call<Stored>('GET', `/rest/workflows/${id}`);
	await session.call('PATCH', `/rest/workflows/${id}`, {
		versionId: stored.versionId,
		nodes: stored.nodes.map((node) => (node.name === 'AlloMia' ? edit(node) : node)),
	});
}

/** Which execution had which list, by the first number in it. */
async function idsOf(
	runs: Array<{ workflow: RunningWorkflow; list: string[] }>,
): Promise<string[]> {
	const { session } = bench.n8n;
	const found = new Map<string | undefined, string>();
	for (const workflowId of new Set(runs.map(({ workflow }) => workflow.id))) {
		for (const { id } of await listExecutions(session, workflowId)) {
			const { data } = await readExecution(session, id);
			found.set(/\+1514555\d{4}/.exec(JSON.stringify(data))?.[0], id);
		}
	}
	return runs.map(({ list }) => {
		const id = found.get(number(list, 0));
		if (id === undefined) throw new Error(`No execution has the list from ${number(list, 0)} on`);
		return id;
	});
}

describe('an execution that failed, run again', () => {
	it('rings nobody twice where n8n was killed in the re-run', async () => {
		const workflow = await calling({}, { onError: 'stopWorkflow' });
		const list = numbers(2000, count);
		bench.simulator.fault({ kind: 'status', status: 403, match: { number: number(list, 3) } });
		const failed = await workflow.run(toItems(list));
		expect([failed.status, bench.simulator.dials.length]).toEqual(['error', 3]);
		bench.simulator.fault({ kind: 'timeout-after', match: { number: number(list, held) } });
		const id = await beginAgain(bench, workflow.id, failed.id);
		await until('the call that stands still', () => wasDialled(number(list, held)), 120_000, 2);
		await killAndRestart(bench, [workflow.id]);
		const again = await runAgain(bench, workflow.id, id);
		expect(again.data.resultData.error?.message).toMatch(/^\d+ of 30 calls may have been placed/);
		expect(wasDialled(list.at(-1) ?? '')).toBe(true);
		// And the one that had failed at first.
		await runAgain(bench, workflow.id, failed.id);
		expect(dialledTwice(bench)).toEqual([]);
	});

	it.each(['create', 'createAndWait'])('gives out the recorded answers (%s)', async (operation) => {
		const workflow = await calling({ operation }, { onError: 'stopWorkflow' });
		const list = numbers(2000, 3);
		bench.simulator.fault({ kind: 'status', status: 400, match: { number: number(list, 1) } });
		const failed = await workflow.run(toItems(list));
		expect(failed.status).toBe('error');
		const again = await runAgain(bench, workflow.id, failed.id);
		expect(again.status).toBe('success');
		expect(itemsOf(again, 3).map(({ outboundCallId }) => outboundCallId)).toEqual(
			list.map(
				(it) => bench.simulator.dials.find(({ body }) => body.phoneNumber === it)?.outboundCallId,
			),
		);
		expect(bench.simulator.dials).toHaveLength(3);
	});

	it.each(['timeout-after', 'reset-after', 'stalled', 'truncated', 'status'] as const)(
		'leaves alone whom it may have called: %s',
		async (kind) => {
			const workflow = await calling(
				{ options: { maxConcurrency: 1, timeout: 500 } },
				{ onError: 'stopWorkflow', retryOnFail: true, maxTries: 2, waitBetweenTries: 10 },
			);
			const list = numbers(2000, 3);
			bench.simulator.fault({ kind, status: 503, match: { number: number(list, 1) }, times: 9 });
			const failed = await workflow.run(toItems(list));
			const again = await runAgain(bench, workflow.id, failed.id);
			for (const { status, data } of [failed, again]) {
				expect(status).toBe('error');
				expect(data.resultData.error?.message).toMatch(/^1 of 3 calls may have been placed/);
			}
			expect(dialledTwice(bench)).toEqual([]);
			const asked = bench.simulator.requests.filter(({ method }) => method === 'POST');
			expect(asked).toHaveLength(3);
		},
	);
});

describe('what is no retry', () => {
	it('calls the same number twice where it is twice in the list, and in another execution', async () => {
		const workflow = await calling();
		const [one] = numbers(2000, 1);
		await workflow.run(toItems([one ?? '', one ?? '']));
		await workflow.run(toItems([one ?? '']));
		expect(bench.simulator.dials).toHaveLength(3);
	});
});

describe('where AlloMia has surely not taken the call', () => {
	it.each([
		['in seconds', () => '1'],
		['as a date', () => new Date(Date.now() + 1500).toUTCString()],
	])('tries again once Retry-After, %s, is over', async (_, retryAfter) => {
		const workflow = await calling();
		const headers = { 'retry-after': retryAfter() };
		bench.simulator.fault({ kind: 'status', status: 503, headers });
		const begun = Date.now();
		const execution = await workflow.run(toItems(numbers(2000, 1)));
		expect(itemsOf(execution, 1)[0]).toMatchObject({ status: 'calling' });
		expect(bench.simulator.dials[0]?.at).toBeGreaterThanOrEqual(begun + 500);
		expect(bench.simulator.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
	});

	it('says when to try again where that is too long to wait, and stops trying after a while', async () => {
		const workflow = await calling();
		const [late = '', never = ''] = numbers(2000, 2);
		const busy = { kind: 'status', status: 429, times: 99 } as const;
		bench.simulator.fault({ ...busy, headers: { 'retry-after': '31' }, match: { number: late } });
		bench.simulator.fault({ ...busy, headers: { 'retry-after': '0' }, match: { number: never } });
		const execution = await workflow.run(toItems([late, never]));
		const messages = itemsOf(execution, 2).map(({ message }) => message);
		expect(messages[0]).toMatch(/Nobody was called.*\n.*wait 31 seconds: try again after 20/);
		expect(messages[1]).toContain('Nobody was called');
		const asked = (it: string) =>
			bench.simulator.requests.filter(({ rawBody }) => rawBody.includes(it)).length;
		expect([asked(late), asked(never)]).toEqual([1, 4]);
	});

	it('calls nobody after it has waited, if another call failed and the node is set to stop', async () => {
		const options = { maxConcurrency: 2 };
		const workflow = await calling({ options }, { onError: 'stopWorkflow' });
		const [late = '', bad = ''] = numbers(2000, 2);
		const headers = { 'retry-after': '2' };
		bench.simulator.fault({ kind: 'status', status: 429, headers, match: { number: late } });
		bench.simulator.fault({ kind: 'status', status: 400, match: { number: bad } });
		const failed = await workflow.run(toItems([late, bad]));
		expect(failed.data.resultData.error).toMatchObject({ httpCode: '400' });
		expect(bench.simulator.dials).toHaveLength(0);
		const again = await runAgain(bench, workflow.id, failed.id);
		expect(itemsOf(again, 2).map(({ status }) => status)).toEqual(['calling', 'calling']);
		expect(bench.simulator.dials).toHaveLength(2);
	});

	it('stops waiting when the execution is stopped', async () => {
		const workflow = await calling();
		const headers = { 'retry-after': '25' };
		bench.simulator.fault({ kind: 'status', status: 503, headers, times: 9 });
		const [one = ''] = numbers(2000, 1);
		const id = await workflow.begin(toItems([one]));
		await until('the first request', () => wasAsked(one));
		const begun = Date.now();
		await stopExecution(bench.n8n.session, id);
		const { status } = await waitForEnd(bench.n8n.session, id);
		expect(status).toBe('canceled');
		expect(Date.now() - begun).toBeLessThan(5000);
		expect(bench.simulator.dials).toHaveLength(0);
	});
});
