import { createServer, type Server } from 'node:http';
import { outputsOf, until } from '../../scripts/lib/workflows';
import { close, listen } from '../simulator';
import { activeWorkflow, useBench } from './support/bench';
import {
	caller,
	dialled,
	expectEverybodyOnce,
	isUncertain,
	itemsOf,
	killAfter,
	people,
	type Person,
} from './support/lists';
import { alloMia, connect, node, noOp } from './support/nodes';
import { dialledTwice, killAndRestart, runAgain } from './support/reruns';

const bench = useBench();

beforeEach(() => {
	// Nothing is to come of the calls but the dial.
	bench.simulator.setPace(3_600_000);
});

describe('a list that has changed when it is run again', () => {
	let server: Server;
	let url = '';
	let rows: Person[] = [];

	beforeAll(async () => {
		server = createServer((_request, response) => {
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(rows));
		});
		url = await listen(server);
	});

	afterAll(async () => await close(server));

	const fetched = () => node('n8n-nodes-base.httpRequest', 4.2, 'List', { url, options: {} });

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

	it.each(changes.slice(0, 2))(
		'(%s) calls nobody twice, and who was not called',
		async (_how, change) => {
			bench.simulator.fault({ kind: 'slow', delayMs: 20, times: 1000, match: { method: 'POST' } });
			const workflow = await activeWorkflow(
				bench,
				[fetched(), caller(bench, { maxConcurrency: 5 })],
				connect('List', 'AlloMia'),
			);
			rows = people(100);
			const id = await workflow.begin([{}]);
			const before = await killAfter(bench, workflow.id, 50);
			rows = change(rows);
			const again = await runAgain(bench, workflow.id, id);
			expectEverybodyOnce(bench, rows, before, itemsOf(again));
		},
	);

	it.each(changes.slice(1))('(%s) holds in a loop, too', async (_how, change) => {
		bench.simulator.fault({ kind: 'slow', delayMs: 20, times: 1000, match: { method: 'POST' } });
		const loop = node('n8n-nodes-base.splitInBatches', 3, 'Loop', { batchSize: 7, options: {} });
		const workflow = await activeWorkflow(bench, [fetched(), loop, caller(bench), noOp('Done')], {
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
		const before = await killAfter(bench, workflow.id, 50);
		rows = change(rows);
		const again = await runAgain(bench, workflow.id, id);
		expect(again.status).toBe('success');
		expectEverybodyOnce(bench, rows, before, outputsOf(again, 'Done')[0] ?? []);
	});

	it('leaves nobody new out where n8n was killed in a later node', async () => {
		const status = alloMia(
			bench.credential,
			{ operation: 'getStatus', outboundCallId: '={{ $json.outboundCallId }}' },
			{ onError: 'continueRegularOutput', name: 'Status', id: 'status' },
		);
		const workflow = await activeWorkflow(bench, [fetched(), caller(bench), status], {
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
		expect(dialled(bench).size).toBe(100);
		expect(itemsOf(again).filter(isUncertain)).toHaveLength(60);
	});
});
