import type { INode } from 'n8n-workflow';
import {
	pendingCalls,
	pairedSource,
	waitingOutputs,
	withOutcomes,
	type WaitingItem,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitingState';

const node = { name: 'AlloMia', type: 'n8n-nodes-allomia.alloMia' } as INode;

const call = (outboundCallId: string, status = 'calling') => ({ outboundCallId, status });

const items: WaitingItem[] = [
	{ itemIndex: 0, call: call('a'), metadata: { record: 1 } },
	{ itemIndex: 1, error: { message: 'Phone Number: It is empty.', description: 'Nobody.' } },
	{ itemIndex: 2, call: call('b', 'busy') },
	{ itemIndex: 3, call: call('c') },
	{ itemIndex: 4, shown: { dryRun: true } },
];

describe('what an execution waits for', () => {
	it('is the calls that have not ended, in the order of the items', () => {
		expect(pendingCalls(items)).toEqual(['a', 'c']);
		expect(pendingCalls([])).toEqual([]);
	});

	it('takes an outcome for the call that it belongs to, once', () => {
		const first = withOutcomes(items, new Map([['c', call('c', 'failed')]]));
		expect(pendingCalls(first)).toEqual(['a']);
		const again = withOutcomes(
			first,
			new Map([
				['c', call('c', 'completed')],
				['b', call('b', 'completed')],
				['unknown', call('unknown', 'completed')],
			]),
		);
		expect(again).toEqual(first);
	});

	it('leaves by the outputs that the editor shows, if an expression turns Output per Status off', () => {
		const state = {
			wait: '1/n/0',
			deadline: 0,
			outputPerStatus: false,
			withStatuses: true,
			keyed: true,
			withHours: true,
			withDryRun: true,
			items: [
				...items,
				{ itemIndex: 5, shown: { alreadyCalled: true } },
				{ itemIndex: 6, outside: { json: { callAt: 'later' } } },
			],
		};
		const found = waitingOutputs(node, state).map((output) =>
			output.map(({ pairedItem }) => (pairedItem as { item: number }).item),
		);
		expect(found).toEqual([[0, 1, 2, 3], [], [], [], [], [5], [6], [4]]);
	});

	it.each([
		[true, 5],
		[false, 0],
	])(
		'goes out for those who had been called where they have no output any more (key: %s)',
		(keyed, output) => {
			const called: WaitingItem = { itemIndex: 0, shown: { alreadyCalled: true } };
			const state = { wait: '1/n/0', deadline: 0, outputPerStatus: true, keyed, items: [called] };
			expect(waitingOutputs(node, state).findIndex(({ length }) => length > 0)).toBe(output);
		},
	);

	it('goes out in the order of the items, with what is still open marked as timed out', () => {
		const [output = []] = waitingOutputs(node, {
			wait: '1/n/0',
			deadline: 0,
			outputPerStatus: false,
			items,
		});
		expect(output.map(({ json }) => json)).toEqual([
			{ ...call('a'), timedOut: true, metadata: { record: 1 } },
			{ error: 'Phone Number: It is empty.', message: 'Nobody.' },
			call('b', 'busy'),
			{ ...call('c'), timedOut: true },
			{ dryRun: true },
		]);
		expect(output.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3, 4].map((item) => ({ item })),
		);
	});

	it('goes out by status, errors with the failed ones, dry runs in an output of their own', () => {
		const state = { wait: '1/n/0', deadline: 0, outputPerStatus: true, withDryRun: true, items };
		const outputs = waitingOutputs(node, state);
		const indexes = outputs.map((output) =>
			output.map(({ pairedItem }) => (pairedItem as { item: number }).item),
		);
		expect(indexes).toEqual([[], [], [2], [1], [0, 3], [4]]);
	});
});

describe('where n8n looks for the inputs of what goes on', () => {
	const source = { previousNode: 'List' };
	const to = (...places: number[]) => places.map((item) => ({ json: {}, pairedItem: { item } }));

	it('is the node before, where each item stands at the place of its input', () => {
		expect(pairedSource([to(0, 1, 2)], source)).toEqual({ main: [source] });
		expect(pairedSource([to(0), [], to()], source)).toEqual({ main: [source, source, source] });
	});

	it.each([
		['an item is another’s', [to(0, 2, 1)]],
		['the last item is', [to(0, 1, 3)]],
		['the items of one output are', [to(0), to(1)]],
	])('is nowhere, where %s', (_, outputs) => expect(pairedSource(outputs, source)).toBeNull());

	it('is nowhere, where n8n does not tell', () => expect(pairedSource([to(0)])).toBeNull());
});
