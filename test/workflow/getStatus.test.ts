import { call, credential, ending, numbers, simulator, until } from './bench';
import { errorOf, execute, output, outputJson, type Execution } from './engine';

const parameters = {
	resource: 'outboundCall',
	operation: 'getStatus',
	outboundCallId: '={{ $json.outboundCallId }}',
};
const nobody = '00000000-0000-0000-0000-000000000000';

/** Places calls that end in a moment; gives their ids in the order of the numbers. */
async function placed(...list: string[]): Promise<string[]> {
	const run = await execute({ parameters: call(), credential, items: numbers(...list) });
	return outputJson(run).map(({ outboundCallId }) => String(outboundCallId));
}

async function look(callIds: string[], change: Partial<Execution> = {}) {
	const items = callIds.map((outboundCallId) => ({ outboundCallId }));
	return await execute({ parameters, credential, items, ...change });
}

const dials = () => simulator.requests.filter(({ method }) => method === 'POST').length;
const looks = () => simulator.requests.filter(({ method }) => method === 'GET').length;

describe('the status of calls', () => {
	it('comes out as AlloMia gives it, one per item and in their order', async () => {
		const callIds = await placed(ending('0001'), ending('0002'), ending('0003'), '+15145551234');
		const pending = await placed(ending('0004'));
		await until(() => simulator.dials.length === 5);
		await new Promise((resolve) => setTimeout(resolve, 100));
		const run = await look([...pending, ...callIds]);
		expect(outputJson(run).map(({ status }) => status)).toEqual([
			'calling',
			'failed',
			'busy',
			'no-answer',
			'completed',
		]);
		expect(outputJson(run).map(({ outboundCallId }) => outboundCallId)).toEqual([
			...pending,
			...callIds,
		]);
		expect(output(run).map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3, 4].map((item) => ({ item })),
		);
		expect(outputJson(run)[4]?.callDetails).toEqual({
			startedAt: expect.any(String),
			endedAt: expect.any(String),
			duration: expect.any(Number),
			endedReason: expect.any(String),
		});
	});

	it('keeps fields that the documentation does not know yet', async () => {
		const body = {
			outboundCallId: nobody,
			contactId: 'x',
			status: 'voicemail',
			callDetails: { sentiment: { score: 0.5 } },
		};
		simulator.fault({ kind: 'status', status: 200, body });
		expect(outputJson(await look([nobody]))).toEqual([body]);
	});

	it('is found with blanks pasted around the id', async () => {
		const [id] = await placed('+15145551234');
		expect(outputJson(await look([` ${id}\n`]))).toEqual([
			expect.objectContaining({ outboundCallId: id }),
		]);
	});

	it.each(['', '../calls', '1234', `${nobody}/status?x=`])(
		'is not asked for where the id is %j',
		async (id) => {
			const run = await look([id]);
			expect(errorOf(run).message).toMatch(/^Outbound Call ID: /);
			expect(looks()).toBe(0);
		},
	);

	it('says that there is no such call, and what to check', async () => {
		const run = await look([nobody]);
		expect(errorOf(run).message).toBe('Outbound call not found');
		expect(errorOf(run).description).toContain('Outbound Call ID');
	});

	it('is asked for again where AlloMia gets too many requests', async () => {
		const [id = ''] = await placed('+15145551234');
		simulator.fault({ kind: 'status', status: 429 });
		expect(outputJson(await look([id]))).toEqual([expect.objectContaining({ outboundCallId: id })]);
		expect(looks()).toBe(2);
	});

	it('says nothing of a call that may have been placed where it cannot be read', async () => {
		simulator.fault({ kind: 'reset-before' });
		const error = errorOf(await look([nobody]));
		expect(error.description).toContain('Nothing was changed');
		expect(error.description).not.toContain('placed');
		expect(dials()).toBe(0);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'of the good ones comes out where the node is set to %s',
		async (onError) => {
			const [id = ''] = await placed('+15145551234');
			const run = await look(['nonsense', id, nobody], { settings: { onError } });
			expect(run.status).toBe('success');
			const errors =
				onError === 'continueErrorOutput'
					? output(run, 1)
					: output(run).filter(({ json }) => json.error);
			const good = output(run).filter(({ json }) => !json.error);
			expect(good.map(({ json, pairedItem }) => [json.outboundCallId, pairedItem])).toEqual([
				[id, { item: 1 }],
			]);
			expect(errors.map(({ json, pairedItem }) => [json.error, pairedItem])).toEqual([
				[expect.stringMatching(/^Outbound Call ID: "nonsense"/), { item: 0 }],
				['Outbound call not found', { item: 2 }],
			]);
			expect(errors[1]?.json.message).toContain('Outbound Call ID');
		},
	);

	it.each([
		['a missing field', { outboundCallId: nobody, contactId: 'x' }, /status/],
		['a mistyped field', { outboundCallId: 7, contactId: 'x', status: 'busy' }, /outboundCallId/],
		['a list', [], /object/],
	])('is never undefined in a workflow: %s is a clear error', async (_, body, says) => {
		simulator.fault({ kind: 'status', status: 200, body });
		const error = errorOf(await look([nobody]));
		expect(error.message).toBe('Unexpected response from AlloMia');
		expect(error.description).toMatch(says);
	});
});
