import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { outputsOf, until, waitForEnd, type Execution } from '../../scripts/lib/workflows';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia, connect, node, noOp } from './support/nodes';
import { beginAgain, dialledTwice, killAndRestart, runAgain } from './support/reruns';

const bench = useBench();

beforeEach(() => {
	// Nothing is to come of the calls but the dial.
	bench.simulator.setPace(3_600_000);
});

interface Person {
	phone: string;
	id: string;
}

/** So many people. The simulator does as told by the last digits; 99 is a call like any other. */
const people = (count: number, from = 0): Person[] =>
	Array.from({ length: count }, (_, index) => ({
		phone: `+1514${5_000_099 + (from + index) * 100}`,
		id: `appointment ${from + index}`,
	}));

const going = { onError: 'continueRegularOutput' } as const;

const onceKey = '={{ $json.id }}';

const caller = (options: Record<string, unknown> = {}, extras: object = going) =>
	alloMia(bench.credential, { phoneNumber: '={{ $json.phone }}', options }, extras);

const calling = async (options?: Record<string, unknown>, extras?: object) =>
	await activeWorkflow(bench, [caller(options, extras)]);

/** What came out at last: after a crash, n8n puts a run before it that never was. */
const itemsOf = (execution: Execution) => {
	const runs = execution.data.resultData.runData.AlloMia ?? [];
	return outputsOf(execution, 'AlloMia', runs.length - 1)[0] ?? [];
};

const dialled = () => new Set(bench.simulator.dials.map(({ body }) => body.phoneNumber));

const isUncertain = ({ message }: Record<string, unknown>) =>
	String(message).includes('may have been placed');

/** Waits for so many calls, kills n8n in the middle, and gives those who were called by then. */
async function killAfter(workflowId: string, count: number): Promise<Set<string>> {
	await until(`${count} calls`, () => bench.simulator.dials.length >= count, 120_000, 2);
	await killAndRestart(bench, [workflowId]);
	return dialled();
}

/** Holds that everybody was called once, but for those few who may have been called before. */
function expectEverybodyOnce(list: Person[], before: Set<string>, items: object[]): void {
	expect(dialledTwice(bench)).toEqual([]);
	const after = dialled();
	const left = list.filter(({ phone }) => !after.has(phone));
	expect(left.length).toBeLessThanOrEqual(20);
	const uncertain = items.filter((item) => isUncertain(item as Record<string, unknown>));
	const known = list.filter(({ phone }) => before.has(phone));
	expect(uncertain).toHaveLength(left.length + known.length);
}

describe('a long list, killed and run again', () => {
	it.each([
		[5_000, 4_700, {}],
		[5_000, 1_203, { onceKey }],
		[20_000, 17_500, {}],
	])(
		'of %i people, after %i calls, calls nobody twice (%o)',
		async (count, killedAt, options) => {
			const workflow = await calling(options);
			const list = people(count);
			const id = await workflow.begin(list);
			const before = await killAfter(workflow.id, killedAt);
			expect(before.size).toBeLessThan(count);
			const again = await runAgain(bench, workflow.id, id);
			expectEverybodyOnce(list, before, itemsOf(again));
			const third = await runAgain(bench, workflow.id, id);
			expect(dialledTwice(bench)).toEqual([]);
			expect(itemsOf(third).filter((item) => !isUncertain(item))).toEqual([]);
		},
		300_000,
	);

	it('calls nobody twice who was called before several kills, while others call as well', async () => {
		const workflow = await calling({ maxConcurrency: 5 });
		const list = people(1_000);
		let id = await workflow.begin(list);
		let others = 0;
		for (const killedAt of [150, 420, 700]) {
			const target = killedAt + others;
			await until(`${target} calls`, () => bench.simulator.dials.length >= target, 60_000, 2);
			await killAndRestart(bench, [workflow.id]);
			// Another execution of the node passes over the store meanwhile.
			await workflow.run(people(300, 1_000 + others), 60_000);
			others += 300;
			if (killedAt < 700) id = await beginAgain(bench, workflow.id, id);
		}
		await runAgain(bench, workflow.id, id);
		expect(dialledTwice(bench)).toEqual([]);
		const left = list.filter(({ phone }) => !dialled().has(phone));
		expect(left.length).toBeLessThanOrEqual(3 * 20);
	}, 180_000);
});

describe('a list that has changed when it is run again', () => {
	let server: Server;
	let rows: Person[] = [];

	beforeAll(async () => {
		server = createServer((_request, response) => {
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(rows));
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	});

	afterAll(() => void server.close());

	const fetched = () => {
		const { port } = server.address() as AddressInfo;
		return node('n8n-nodes-base.httpRequest', 4.2, 'List', {
			url: `http://127.0.0.1:${port}/`,
			options: {},
		});
	};

	const changes: Array<[string, (list: Person[]) => Person[]]> = [
		['rows on top', (list) => [...people(40, 500), ...list]],
		['the other way round', (list) => [...people(7, 500), ...[...list].reverse()]],
		[
			'rows gone and others between',
			(list) =>
				list.flatMap((row, index) => [
					...(index % 3 === 0 ? [] : [row]),
					...(index % 5 === 0 ? people(1, 500 + index) : []),
				]),
		],
	];

	it.each(changes)(
		'(%s) calls nobody twice, and who was not called',
		async (_how, change) => {
			bench.simulator.fault({ kind: 'slow', delayMs: 20, times: 1000, match: { method: 'POST' } });
			const workflow = await activeWorkflow(
				bench,
				[fetched(), caller({ maxConcurrency: 5 })],
				connect('List', 'AlloMia'),
			);
			rows = people(100);
			const id = await workflow.begin([{}]);
			const before = await killAfter(workflow.id, 50);
			rows = change(rows);
			const again = await runAgain(bench, workflow.id, id);
			expectEverybodyOnce(rows, before, itemsOf(again));
		},
		60_000,
	);

	it.each(changes)(
		'(%s) holds in a loop, too',
		async (_how, change) => {
			bench.simulator.fault({ kind: 'slow', delayMs: 20, times: 1000, match: { method: 'POST' } });
			const loop = node('n8n-nodes-base.splitInBatches', 3, 'Loop', { batchSize: 7, options: {} });
			const workflow = await activeWorkflow(bench, [fetched(), loop, caller(), noOp('Done')], {
				...connect('List', 'Loop'),
				Loop: {
					main: [
						[{ node: 'Done', type: 'main', index: 0 }],
						[{ node: 'AlloMia', type: 'main', index: 0 }],
					],
				},
				...connect('AlloMia', 'Loop'),
			});
			rows = people(100);
			const id = await workflow.begin([{}]);
			const before = await killAfter(workflow.id, 50);
			rows = change(rows);
			const again = await runAgain(bench, workflow.id, id);
			expect(again.status).toBe('success');
			expectEverybodyOnce(rows, before, outputsOf(again, 'Done')[0] ?? []);
		},
		60_000,
	);

	it('leaves nobody new out where n8n was killed in a later node', async () => {
		const status = alloMia(
			bench.credential,
			{ operation: 'getStatus', outboundCallId: '={{ $json.outboundCallId }}' },
			{ ...going, name: 'Status', id: 'status' },
		);
		const workflow = await activeWorkflow(bench, [fetched(), caller(), status], {
			...connect('List', 'AlloMia'),
			...connect('AlloMia', 'Status'),
		});
		bench.simulator.fault({ kind: 'timeout-before', match: { method: 'GET' }, times: 1000 });
		rows = people(60);
		const id = await workflow.begin([{}]);
		await until('the next node', () => bench.simulator.requests.some((it) => it.method === 'GET'));
		await killAndRestart(bench, [workflow.id]);
		bench.simulator.clearFaults();
		rows = [...people(40, 500), ...rows];
		const again = await runAgain(bench, workflow.id, id);
		expect(dialledTwice(bench)).toEqual([]);
		expect(dialled().size).toBe(100);
		expect(itemsOf(again).filter(isUncertain)).toHaveLength(60);
	}, 60_000);
});

describe('calls that AlloMia has surely not taken', () => {
	it.each([
		['with keys', { onceKey }],
		['in the same execution', {}],
	])(
		'are placed later, after a stop while AlloMia asked to wait (%s)',
		async (_how, options) => {
			const workflow = await calling(options);
			const list = people(15);
			const headers = { 'retry-after': '20' };
			bench.simulator.fault({ kind: 'status', status: 429, headers, times: 10 });
			const id = await workflow.begin(list);
			await until('AlloMia to be asked', () => bench.simulator.requests.length >= 10);
			await bench.n8n.session.call('POST', `/rest/executions/${id}/stop`);
			expect((await waitForEnd(bench.n8n.session, id)).status).toBe('canceled');
			bench.simulator.clearFaults();
			const again =
				'onceKey' in options ? await workflow.run(list) : await runAgain(bench, workflow.id, id);
			expect(itemsOf(again).filter(({ status }) => status === 'calling')).toHaveLength(15);
			expect(bench.simulator.dials).toHaveLength(15);
		},
		60_000,
	);

	it('are not left alone by a re-run, though many had been refused', async () => {
		const list = people(120);
		for (const { phone } of list.filter((_, index) => index % 2 === 0)) {
			bench.simulator.fault({ kind: 'status', status: 400, match: { number: phone } });
		}
		const [held] = list.slice(-9);
		bench.simulator.fault({ kind: 'timeout-before', match: { number: held?.phone } });
		const workflow = await calling({ maxConcurrency: 4 });
		const id = await workflow.begin(list);
		await until('the last calls', () => bench.simulator.dials.length >= 55, 30_000, 2);
		await killAndRestart(bench, [workflow.id]);
		bench.simulator.clearFaults();
		const before = dialled();
		const items = itemsOf(await runAgain(bench, workflow.id, id));
		expect(dialledTwice(bench)).toEqual([]);
		expect(items.filter(isUncertain).length).toBeLessThanOrEqual(before.size + 20 + 4);
	}, 60_000);
});

describe('Call Once Per', () => {
	const isAlreadyCalled = ({ alreadyCalled }: Record<string, unknown>) => alreadyCalled === true;

	it('knows 10,000 values, however often they are met', async () => {
		const workflow = await calling({ onceKey });
		const list = people(10_000);
		await workflow.run(list, 240_000);
		expect(bench.simulator.dials).toHaveLength(10_000);
		for (let start = 0; start < 2; start += 1) {
			const items = itemsOf(await workflow.run(list, 120_000));
			expect(items.filter((item) => !isAlreadyCalled(item))).toEqual([]);
		}
		// Met again, the first 500 are newer than all others.
		await workflow.run(list.slice(0, 500), 60_000);
		await workflow.run(people(5_000, 10_000), 120_000);
		const items = itemsOf(await workflow.run(list.slice(0, 500), 60_000));
		expect(items.filter((item) => !isAlreadyCalled(item))).toEqual([]);
		expect(dialledTwice(bench)).toEqual([]);
	}, 600_000);

	it('knows its values though it was taken out for a run', async () => {
		const workflow = await calling({ onceKey: '={{ $json.id }}' });
		const list = people(3_000);
		await workflow.run(list, 120_000);
		await setOptions(workflow.id, {});
		await workflow.run(people(3_000, 3_000), 120_000);
		await setOptions(workflow.id, { onceKey });
		await workflow.run(people(200, 6_000), 60_000);
		const items = itemsOf(await workflow.run(list, 60_000));
		expect(items.filter((item) => !isAlreadyCalled(item))).toEqual([]);
		expect(dialledTwice(bench)).toEqual([]);
	}, 300_000);

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
		const { versionId } = await session.call<{ versionId: string }>(
			'PATCH',
			`/rest/workflows/${workflowId}`,
			{ versionId: stored.versionId, nodes },
		);
		await session.call('POST', `/rest/workflows/${workflowId}/activate`, {
			versionId,
			name: 'changed',
			description: '',
		});
	}
});
