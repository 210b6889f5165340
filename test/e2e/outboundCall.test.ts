import { documentedCall, documentedFields } from '../documented';
import { describeOneBadItem } from '../badItems';
import { inN8n } from './support/badItems';
import { stopExecution, until, waitForEnd, type WorkflowNode } from '../../scripts/lib/workflows';
import { ids } from '../simulator';
import { activeWorkflow, runNode, useBench } from './support/bench';
import { alloMia, connect, node } from './support/nodes';
import { runAgain } from './support/reruns';
import { manualWorkflow, runByHand } from './support/triggers';

const bench = useBench();

async function run(
	parameters: Record<string, unknown>,
	items: unknown[] = [{}],
	extras: Partial<WorkflowNode> = {},
) {
	return await runNode(bench, alloMia(bench.credential, parameters, extras), items);
}

describeOneBadItem(bench, inN8n(bench), ['Outbound Call: Create', 'Outbound Call: Get Status']);

const callbackUrl = 'http://127.0.0.1:9/webhooks/call-status';
const example = { ...documentedFields, callback: 'url', callbackUrl };

describe('outboundCall: create', () => {
	it('sends the documented example byte for byte, and gives out the answer untouched', async () => {
		const { outputs } = await run(example);
		expect(bench.simulator.dials[0]?.rawBody).toBe(
			JSON.stringify({
				...documentedCall,
				callbackUrl,
			}),
		);
		expect(outputs).toEqual([
			[
				{
					outboundCallId: bench.simulator.dials[0]?.outboundCallId,
					contactId: expect.any(String) as string,
					status: 'calling',
					message: 'Outbound call dispatched',
				},
			],
		]);
	});

	it('sends a variable of each kind as the text that the assistant is to say', async () => {
		await run({
			dynamicVariables: {
				variable: [
					{ name: 'text', value: 'Dr. Smith' },
					{ name: 'number', value: '={{ 42.5 }}' },
					{ name: 'boolean', value: '={{ true }}' },
					{ name: 'date', value: '={{ new Date(0) }}' },
					{ name: 'luxon', value: '={{ DateTime.fromISO("2026-04-01T10:00:00.000Z").toUTC() }}' },
					{ name: 'object', value: '={{ { room: [1, 2] } }}' },
				],
			},
		});
		expect(bench.simulator.dials[0]?.body.dynamicVariables).toEqual({
			text: 'Dr. Smith',
			number: '42.5',
			boolean: 'true',
			date: '1970-01-01T00:00:00.000Z',
			luxon: '2026-04-01T10:00:00.000Z',
			object: '{"room":[1,2]}',
		});
	});

	it('refuses by name what stands for nothing, is there twice or has no name, and calls nobody', async () => {
		const { error } = await run({
			dynamicVariables: {
				variable: [
					{ name: 'slot', value: '={{ $json.missing }}' },
					{ name: 'room', value: '={{ null }}' },
					{ name: '', value: 'x' },
					{ name: 'doctor', value: 'Dr. Smith' },
					{ name: ' doctor ', value: 'Dr. Jones' },
				],
			},
		});
		expect(error?.message.split('\n')).toEqual([
			expect.stringContaining('"slot" is undefined'),
			expect.stringContaining('"room" is null'),
			expect.stringContaining('Entry 3 has no name'),
			expect.stringContaining('"doctor" appears twice'),
		]);
		expect(bench.simulator.requests).toHaveLength(0);
	});

	it('gives out the answers of forty calls, five at a time, in the order of the input', async () => {
		const phones = Array.from({ length: 40 }, (_, index) => ({ phone: `+1514556${1000 + index}` }));
		const { outputs } = await run(
			{ phoneNumber: '={{ $json.phone }}', options: { maxConcurrency: 5 } },
			phones,
		);
		expect(outputs[0]).toHaveLength(40);
		const byNumber = new Map(
			bench.simulator.dials.map(({ body, outboundCallId }) => [body.phoneNumber, outboundCallId]),
		);
		expect(outputs[0]?.map(({ outboundCallId }) => outboundCallId)).toEqual(
			phones.map(({ phone }) => byNumber.get(phone)),
		);
	});

	it('calls nobody more once the execution is stopped in the editor', async () => {
		bench.simulator.fault({ kind: 'slow', delayMs: 2000, times: 50 });
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				phoneNumber: '={{ $json.phone }}',
				options: { maxConcurrency: 2 },
			}),
		]);
		const id = await workflow.begin(
			Array.from({ length: 20 }, (_, index) => ({ phone: `+1514556${1000 + index}` })),
		);
		await until('the first call', async () => bench.simulator.dials.length > 0);
		await stopExecution(bench.n8n.session, id);
		const { status } = await waitForEnd(bench.n8n.session, id);
		expect(status).toBe('canceled');
		const dialled = bench.simulator.dials.length;
		expect(dialled).toBeLessThanOrEqual(4);
		// Longer than the calls that were under way take.
		await new Promise((resolve) => setTimeout(resolve, 3000));
		expect(bench.simulator.dials).toHaveLength(dialled);
	});

	it('calls those only whose item has no dry run', async () => {
		const { outputs } = await run(
			{ phoneNumber: '={{ $json.phone }}', options: { dryRun: '={{ $json.try }}' } },
			[
				{ phone: '+15145551001', try: true },
				{ phone: '+15145551002', try: false },
			],
		);
		expect(outputs[0]).toMatchObject([{ dryRun: true }, { status: 'calling' }]);
		expect(bench.simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(['+15145551002']);
	});

	it('calls the test number in place of the first five, in a run from the editor', async () => {
		const people = Array.from({ length: 7 }, (_, index) => ({ phone: `+1514555100${index}` }));
		const parameters = {
			phoneNumber: '={{ $json.phone }}',
			options: { testNumber: '+15145551999', onceKey: '={{ $json.phone }}', pollInterval: 1 },
		};
		const jsonOutput = JSON.stringify({ people });
		const list = node('n8n-nodes-base.set', 3.4, 'List', { mode: 'raw', jsonOutput });
		const split = node('n8n-nodes-base.splitOut', 1, 'Items', { fieldToSplitOut: 'people' });
		const id = await manualWorkflow(
			bench,
			[list, split, alloMia(bench.credential, parameters)],
			true,
			{ ...connect('List', 'Items'), ...connect('Items', 'AlloMia') },
		);
		const { data, status } = await runByHand(bench, id);
		expect(status).toBe('success');
		const called = () => bench.simulator.dials.map(({ body }) => body.phoneNumber);
		expect(called()).toEqual(Array(5).fill('+15145551999'));
		expect(bench.simulator.mostInProgress()).toBe(1);
		expect(data.resultData.runData.AlloMia?.[0]?.hints).toContainEqual(
			expect.objectContaining({ message: expect.stringContaining('2 of 7 items') as string }),
		);
		bench.simulator.reset();
		const published = await run(parameters, people);
		expect(published.outputs[0]?.map(({ status }) => status)).toEqual(Array(7).fill('calling'));
		expect(called().sort()).toEqual(people.map(({ phone }) => phone));
	});

	it('calls the test number in the retry of a run from the editor, too', async () => {
		const parameters = { phoneNumber: '+15145551000', options: { testNumber: '+15145551999' } };
		const id = await manualWorkflow(bench, [alloMia(bench.credential, parameters)], false);
		bench.simulator.fault({ kind: 'status', status: 403 });
		const failed = await runByHand(bench, id);
		expect(failed.status).toBe('error');
		expect((await runAgain(bench, id, failed.id)).status).toBe('success');
		expect(bench.simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(['+15145551999']);
	});

	it('takes variables as JSON, and blanks that were pasted around ids', async () => {
		await run(
			{
				specifyDynamicVariables: 'json',
				dynamicVariablesJson: '={{ { slot: 10, name: $json.name } }}',
				assistantId: ` ${ids.assistantId}\n`,
				phoneNumberId: `\t${ids.phoneNumberId} `,
				phoneNumber: '=(514) 555-1234\n',
				options: { defaultCountry: 'CA' },
			},
			[{ name: 'Ada' }],
		);
		expect(bench.simulator.dials[0]?.body).toEqual({
			phoneNumber: '+15145551234',
			assistantId: ids.assistantId,
			phoneNumberId: ids.phoneNumberId,
			dynamicVariables: { slot: '10', name: 'Ada' },
		});
	});

	it('shows the exact request in a dry run, and calls nobody', async () => {
		const { outputs } = await run({ ...example, options: { dryRun: true } });
		expect(bench.simulator.requests).toHaveLength(0);
		expect(outputs[0]?.[0]).toEqual({
			dryRun: true,
			request: { ...documentedCall, callbackUrl },
		});
	});

	it('does not call again when Retry On Fail follows an answer that got lost', async () => {
		const { execution, error } = await run({ phoneNumber: '+15145550011' }, [{}], {
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 100,
		});
		expect(execution.status).toBe('error');
		expect(error?.description).toContain('may have been placed');
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('sends a call again by itself where AlloMia has surely not taken it', async () => {
		const { execution } = await run({ phoneNumber: '+15145550009' });
		expect(execution.status).toBe('success');
		expect(bench.simulator.dials).toHaveLength(1);
		expect(bench.simulator.requests).toHaveLength(2);
	});

	it.each([
		['refused by AlloMia', '+15145550005', 'Invalid request data', 'Phone Number'],
		[
			'of an inactive organization',
			'+15145550006',
			'Organization is inactive',
			'Nobody was called',
		],
		[
			'with an unknown assistant',
			'+15145550007',
			'Assistant or phone number not found',
			'Assistant ID',
		],
		[
			'answered by an error',
			'+15145550008',
			'Internal server error occurred',
			'may have been placed',
		],
		['answered by HTML', '+15145550015', 'Unexpected response', 'may have been placed'],
		['answered by nothing', '+15145550016', 'Unexpected response', 'may have been placed'],
		['answered by half of it', '+15145550014', 'Unexpected response', 'may have been placed'],
		['answered by wrong types', '+15145550017', 'Unexpected response', 'may have been placed'],
	])('says what to do about a call %s', async (_, phoneNumber, message, description) => {
		const { error } = await run({ phoneNumber });
		expect(error?.message).toContain(message);
		expect(error?.description).toContain(description);
	});

	it('never shows the API key, not even in the data of a failed execution', async () => {
		const { execution } = await run({ phoneNumber: '+15145550011' });
		expect(execution.status).toBe('error');
		expect(JSON.stringify(execution)).not.toContain(bench.simulator.keys.organization);
		expect(bench.n8n.output).not.toContain(bench.simulator.keys.organization);
	});
});

describe('outboundCall: getStatus', () => {
	it('gives out AlloMia’s word untouched', async () => {
		// A call that does not end by itself.
		await run({ phoneNumber: '+15145550004' });
		const id = bench.simulator.dials[0]?.outboundCallId ?? '';
		await bench.simulator.endCall(id, 'busy');
		const { outputs } = await run({ operation: 'getStatus', outboundCallId: ` ${id}\n` });
		expect(outputs[0]?.[0]).toMatchObject({
			outboundCallId: id,
			status: 'busy',
			callDetails: { startedAt: expect.any(String) as string },
		});
	});

	it('asks nothing for an id that would lead elsewhere', async () => {
		const { error } = await run({ operation: 'getStatus', outboundCallId: '../organization' });
		expect(error?.message).toContain('Outbound Call ID');
		expect(bench.simulator.requests).toHaveLength(0);
	});

	it('says that there is no such call', async () => {
		const { error } = await run({ operation: 'getStatus', outboundCallId: ids.assistantId });
		expect(error?.message).toBe('Outbound call not found');
	});
});
