import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';
import { receive } from '../../../nodes/AlloMiaTrigger/receive';
import { signCallbackUrl, type CallbackContext } from '../../../nodes/shared/callbacks/signedUrl';

interface Setting {
	parameters?: IDataObject;
	options?: IDataObject;
	mode?: string;
	node?: string;
	query?: object;
	/** The status that n8n responds with where the workflow is to be started. */
	start?: number | Promise<number>;
	/** Whether the sender has left by then. */
	hasLeft?: boolean;
}

/** What comes of an event at a trigger without verification: what is answered, or its outputs. */
async function post(body: object, setting: Setting = {}) {
	const { parameters = {}, options = {}, mode = 'trigger', node = 'node', query = {} } = setting;
	const { start = 200, hasLeft = false } = setting;
	const set: IDataObject = { verification: 'none', options, ...parameters };
	let answered: unknown;
	const response = Object.assign(new EventEmitter(), {
		statusCode: 200,
		headersSent: false,
		status: () => response,
		json: (answer: unknown) => (answered = answer),
	});
	const webhook = {
		getNodeParameter: (name: string) => set[name],
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => ({ id: node, name: 'AlloMia Trigger' }),
		getMode: () => mode,
		getRequestObject: () => ({ headers: { 'content-type': 'application/json' }, body, query }),
		getResponseObject: () => response,
	};
	const { workflowData } = await receive(webhook as unknown as IWebhookFunctions);
	if (workflowData) {
		response.statusCode = await start;
		response.headersSent = true;
		if (!hasLeft) response.emit('finish');
		await new Promise(setImmediate);
	}
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

describe('an event that comes again while n8n starts the workflow', () => {
	it('starts it, if n8n could not', async () => {
		const it = event();
		expect(await post(it, { start: 500 })).toEqual([[it]]);
		expect(await post(it, { start: 503 })).toEqual([[it]]);
		expect(await post(it)).toEqual([[it]]);
		expect(await post(it)).toEqual(duplicate);
	});

	it.each([
		[200, 1],
		[500, 3],
	])('waits for n8n: %d starts it %d times at the same moment', async (status, times) => {
		const it = event();
		let respond: (status: number) => void = () => {};
		const start = new Promise<number>((resolve) => (respond = resolve));
		const all = Promise.all([1, 2, 3].map(async () => await post(it, { start })));
		await new Promise(setImmediate);
		respond(status);
		expect((await all).filter((answer) => Array.isArray(answer))).toHaveLength(times);
	});

	it.each([
		['200', 200, false],
		['500', 500, true],
	])(
		'knows where the first sender has left before n8n responded with %s',
		async (_, start, startsAgain) => {
			const it = event();
			expect(await post(it, { start, hasLeft: true })).toEqual([[it]]);
			expect(await post(it)).toEqual(startsAgain ? [[it]] : duplicate);
		},
	);

	it('does not wait for n8n beside more than eleven others', async () => {
		const it = event();
		let respond: (status: number) => void = () => {};
		const start = new Promise<number>((resolve) => (respond = resolve));
		const first = post(it, { start });
		const others = Array.from({ length: 13 }, async () => await post(it));
		await new Promise(setImmediate);
		respond(200);
		const answers = await Promise.all(others);
		expect(answers.slice(0, 12)).toEqual(Array.from({ length: 12 }, () => duplicate));
		expect(answers[12]).toEqual({ error: expect.stringContaining('still starting') });
		expect(await first).toEqual([[it]]);
	});

	it('is to come again where n8n takes more than ten seconds', async () => {
		jest.useFakeTimers({ doNotFake: ['setImmediate'] });
		const it = event();
		let respond: (status: number) => void = () => {};
		const first = post(it, { start: new Promise<number>((resolve) => (respond = resolve)) });
		await jest.advanceTimersByTimeAsync(0);
		const second = post(it);
		await jest.advanceTimersByTimeAsync(10_000);
		jest.useRealTimers();
		expect(await second).toEqual({ error: expect.stringContaining('still starting') });
		respond(200);
		expect(await first).toEqual([[it]]);
		expect(await post(it)).toEqual(duplicate);
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
