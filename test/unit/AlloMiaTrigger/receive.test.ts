import { randomUUID } from 'node:crypto';
import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { receive } from '../../../nodes/AlloMiaTrigger/receive';
import { signCallbackUrl, type CallbackContext } from '../../../nodes/shared/callbacks/signedUrl';

interface Setting {
	parameters?: IDataObject;
	options?: IDataObject;
	mode?: string;
	node?: string;
	query?: object;
}

/** What comes of an event at a trigger without verification: what is answered, or its outputs. */
async function post(body: object, setting: Setting = {}) {
	const { parameters = {}, options = {}, mode = 'trigger', node = 'node', query = {} } = setting;
	const set: IDataObject = { verification: 'none', options, ...parameters };
	let answered: unknown;
	const response = {
		status: () => response,
		json: (answer: unknown) => (answered = answer),
	};
	const webhook = {
		getNodeParameter: (name: string) => set[name],
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => ({ id: node, name: 'AlloMia Trigger' }),
		getMode: () => mode,
		getRequestObject: () => ({ headers: { 'content-type': 'application/json' }, body, query }),
		getResponseObject: () => response,
	};
	const { workflowData } = await receive(webhook as unknown as IWebhookFunctions);
	return answered ?? workflowData?.map((items) => items.map(({ json }) => json));
}

const event = (status = 'completed', outboundCallId: string = randomUUID()) => ({
	outboundCallId,
	contactId: 'contact',
	status,
});

const duplicate = { received: true, ignored: 'duplicate' };

describe('events that come again', () => {
	it('are known, the last 10,000 of all triggers', async () => {
		const many = Array.from({ length: 10_000 }, () => event());
		for (const it of many) expect(await post(it)).toEqual([[it]]);
		const [first, second = event()] = many;
		expect(await post(second)).toEqual(duplicate);
		const another = event();
		expect(await post(another)).toEqual([[another]]);
		expect(await post({ ...first })).toEqual([[first]]);
		expect(await post({ ...another })).toEqual(duplicate);
	});

	it('are told by their call and status, however the ID is written', async () => {
		const completed = event();
		const busy = event('busy', completed.outboundCallId);
		expect([await post(completed), await post(busy)]).toEqual([[[completed]], [[busy]]]);
		const written = { ...completed, outboundCallId: completed.outboundCallId.toUpperCase() };
		expect(await post(written)).toEqual(duplicate);
	});

	it.each<[string, Setting]>([
		['at another trigger', { node: 'other' }],
		['in the editor', { mode: 'manual' }],
		['where they are wanted', { options: { ignoreDuplicates: false } }],
	])('start the workflow again %s', async (_, setting) => {
		const it = event();
		expect([await post(it), await post(it, setting)]).toEqual([[[it]], [[it]]]);
	});

	it('are not known for having been of no use', async () => {
		const it = event('busy');
		const ignored = { received: true, ignored: 'status' };
		expect(await post(it, { parameters: { statuses: ['completed'] } })).toEqual(ignored);
		expect(await post(it)).toEqual([[it]]);
	});
});

describe('what the URL carries', () => {
	const context: CallbackContext = { workflowId: 'w1', executionId: '17', itemIndex: 3 };
	const { workflowId, executionId, itemIndex } = context;
	const source = { workflowId, executionId, itemIndex };

	it.each<[string, CallbackContext, object]>([
		['the item', context, { source }],
		[
			'the item and its metadata',
			{ ...context, metadata: { id: 7 } },
			{ source, metadata: { id: 7 } },
		],
	])('goes out without any verification, too: %s', async (_, given, added) => {
		const { searchParams } = new URL(
			signCallbackUrl('https://n8n.example.com/webhook/a', given, 'k'),
		);
		const it = event();
		const outputs = await post(it, { query: Object.fromEntries(searchParams) });
		expect(outputs).toEqual([[{ ...it, ...added }]]);
	});
});

it('goes to the output of its status, in the order of the statuses', async () => {
	const it = event('no-answer');
	const setting = { parameters: { statuses: ['no-answer', 'failed', 'completed'] } };
	const outputs = await post(it, { ...setting, options: { outputPerStatus: true } });
	expect(outputs).toEqual([[], [it], []]);
});
