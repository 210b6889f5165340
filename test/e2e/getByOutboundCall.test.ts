import { randomUUID } from 'node:crypto';
import {
	readExecution,
	stopExecution,
	until,
	waitForEnd,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { ids, type CallRecord, type Simulator } from '../simulator';
import { activeWorkflow, runNode, useBench } from './support/bench';
import { alloMia } from './support/nodes';

const bench = useBench();
let simulator: Simulator;

beforeAll(() => {
	({ simulator } = bench);
});

const behind = (parameters: Record<string, unknown> = {}, extras: Partial<WorkflowNode> = {}) =>
	alloMia(
		bench.credential,
		{
			resource: 'call',
			operation: 'getByOutboundCall',
			outboundCallId: '={{ $json.id }}',
			organizationId: ids.organizationId,
			...parameters,
		},
		extras,
	);

/** Looks up the calls behind outbound calls, in a real n8n. */
async function lookUp(
	outboundCallIds: string[],
	options: Record<string, unknown> = {},
	parameters: Record<string, unknown> = {},
	extras: Partial<WorkflowNode> = {},
) {
	const node = behind({ options, ...parameters }, extras);
	const started = Date.now();
	const result = await runNode(
		bench,
		node,
		outboundCallIds.map((id) => ({ id })),
	);
	return { ...result, took: Date.now() - started };
}

/** Asks the simulator, as any other program would. */
async function ask<T>(path: string, body?: object): Promise<T> {
	const headers = {
		authorization: `Bearer ${simulator.keys.organization}`,
		'content-type': 'application/json',
	};
	const answer = await fetch(
		simulator.baseUrl + path,
		body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers },
	);
	return (await answer.json()) as T;
}

/** Places a call; its outbound call ID. */
async function dial(phoneNumber: string): Promise<string> {
	const { assistantId, phoneNumberId } = ids;
	const body = { phoneNumber, assistantId, phoneNumberId };
	return (await ask<{ outboundCallId: string }>('/outbound', body)).outboundCallId;
}

/** Places a call and sees it end; its outbound call ID, and when it began. */
async function placed(phoneNumber = '+15145551234') {
	const id = await dial(phoneNumber);
	const { startedAt } = await until('the call to end', async () => {
		const path = `/outbound/${id}/status`;
		return (await ask<{ callDetails?: { startedAt: string } }>(path)).callDetails;
	});
	simulator.requests.length = 0;
	return { id, start: Date.parse(startedAt) };
}

/** Puts a call of another moment into the log. */
const logged = (start: number, given: Partial<CallRecord> = {}) =>
	simulator.addCall({
		callStartedAt: new Date(start).toISOString(),
		callEndedAt: new Date(start + 1000).toISOString(),
		...given,
	});

/** The log's calls to a number. */
async function loggedTo(called: string) {
	const query = new URLSearchParams({ organizationId: ids.organizationId, limit: '50' });
	const { calls } = await ask<{ calls: CallRecord[] }>(`/calls?${query}`);
	return calls.filter(({ userPhoneNumber }) => userPhoneNumber === called);
}

const number = '+15145551234';
const paths = () => simulator.requests.map(({ path }) => path.replace('/api', ''));

describe('call: getByOutboundCall', () => {
	it('finds what was said in the call that an outcome tells of', async () => {
		const { id } = await placed();
		const { items, main } = await lookUp([id], { phoneNumber: number });
		expect(items).toEqual([
			expect.objectContaining({
				userPhoneNumber: number,
				callOutcome: 'appointment_confirmed',
				callSummary: 'The appointment was confirmed.',
			}) as unknown,
		]);
		expect(main[0]?.pairedItem).toEqual({ item: 0 });
		const [direct, status, list = '', found] = paths();
		expect([direct, status]).toEqual([`/calls/${id}`, `/outbound/${id}/status`]);
		expect(Object.fromEntries(new URL(list, simulator.baseUrl).searchParams)).toMatchObject({
			organizationId: ids.organizationId,
			callType: 'Outbound',
			from: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
			to: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
		});
		expect(found).toBe(`/calls/${String(items[0]?.id)}`);
	});

	it('asks for nothing else where AlloMia knows the call by that id', async () => {
		const id = simulator.addCall({ id: randomUUID(), callSummary: 'Direct.' });
		const { items } = await lookUp([id]);
		expect(items[0]).toMatchObject({ id, callSummary: 'Direct.' });
		expect(paths()).toEqual([`/calls/${id}`]);
	});

	it.each([
		['5 seconds early', -5, 1],
		['5 seconds late', 5, 1],
		['6 seconds early', -6, 0],
		['6 seconds late', 6, 0],
	])('takes a call that the log begins %s: fits, %i s: %i', async (_, seconds, count) => {
		simulator.setLogLag(600_000);
		const { id, start } = await placed();
		const callId = logged(start + seconds * 1000);
		const { items, error } = await lookUp([id], { phoneNumber: number, waitUpTo: 0 });
		expect(items.map((item) => item.id)).toEqual(count === 1 ? [callId] : []);
		expect(error?.message).toBe(count === 1 ? undefined : 'The call was not found in the call log');
	});

	it.each([
		['(514) 555-1234', 1],
		['514.555.1234', 1],
		['001 514 555 1234', 1],
		['(+1) 514 555 1234', 1],
		['+1 (0)514 555 1234', 1],
		['+1 514 555 1235', 0],
		['+33 5145551234', 0],
	])('tells calls of the same moment apart by the number, written as %s', async (given, count) => {
		const { id, start } = await placed();
		for (let index = 0; index < 3; index += 1) {
			logged(start + index * 1000, { userPhoneNumber: `+1438555100${index}` });
		}
		logged(start, { userPhoneNumber: null });
		const { items } = await lookUp([id], { phoneNumber: given, waitUpTo: 0 });
		expect(items.map((item) => item.userPhoneNumber)).toEqual(count === 1 ? [number] : []);
	});

	it.each([
		['answers 404', { kind: 'status', status: 404, times: 3, match: { host: 'files' } }],
		['is not there', undefined],
	] as const)('waits for a recording whose link %s for a while', async (_, fault) => {
		const { id, start } = await placed();
		const [call] = await loggedTo(number);
		const match = { method: 'GET', path: `/calls/${call?.id}` };
		const unready = { ...call, recordingUrl: null };
		simulator.fault(fault ?? { kind: 'status', status: 200, times: 3, match, body: unready });
		const options = { phoneNumber: number, download: ['recording'] };
		const { main, took } = await lookUp([id], { ...options, waitUpTo: 30 });
		expect(main[0]?.binary).toHaveProperty('recording');
		expect(took).toBeGreaterThan(1_000);
		expect(start).toBeLessThan(Date.now());
	});

	it('goes on without a recording, or says why, once Wait Up To is over', async () => {
		const { id } = await placed();
		const options = { phoneNumber: number, download: ['recording'], waitUpTo: 3 };
		simulator.fault({ kind: 'status', status: 404, times: 100, match: { host: 'files' } });
		const { error, took } = await lookUp([id], options);
		expect(error?.message).toMatch('recording');
		expect(took).toBeGreaterThan(3_000);
		expect(took).toBeLessThan(15_000);
	});

	it('leaves calls alone that came in at that moment', async () => {
		const { id, start } = await placed();
		logged(start, { callType: 'Inbound' });
		const { items } = await lookUp([id], { phoneNumber: number }, { simplify: false });
		expect(items).toHaveLength(1);
		expect(items[0]).toHaveProperty('callType', 'Outbound');
	});

	it('looks through every page of a busy moment', async () => {
		simulator.setLogLag(600_000);
		const { id, start } = await placed();
		for (let index = 0; index < 60; index += 1) {
			logged(start - 1000, { userPhoneNumber: `+143855510${index + 10}` });
		}
		const callId = logged(start);
		const { items } = await lookUp([id], { phoneNumber: number });
		expect(items.map((item) => item.id)).toEqual([callId]);
	});

	it.each([
		['another number, none being given', '+15145550027', {}, 'Set Options > Phone Number'],
		['the same number', '+15145550026', { phoneNumber: '+15145550026' }, 'Choose one'],
	])(
		'does not guess between calls of the same moment to %s',
		async (_, called, options, advice) => {
			const { id } = await placed(called);
			const { error, items, took } = await lookUp([id], options);
			expect(items).toEqual([]);
			expect(error?.message).toBe('2 entries in the call log match this call');
			expect(error?.description).toContain(advice);
			for (const entry of await loggedTo(called)) expect(error?.description).toContain(entry.id);
			expect(took).toBeLessThan(20_000);
		},
	);

	it('waits for a log that lags behind the callback', async () => {
		simulator.setLogLag(4_000);
		const { id } = await placed();
		const { items } = await lookUp([id], { phoneNumber: number });
		expect(items[0]).toHaveProperty('userPhoneNumber', number);
		expect(paths().filter((path) => path === `/calls/${id}`).length).toBeGreaterThan(1);
		// What has ended stays so: that is asked once.
		expect(paths().filter((path) => path.startsWith('/outbound/'))).toHaveLength(1);
	});

	it('takes no other call of the same moment while its own is still on its way into the log', async () => {
		simulator.setLogLag(3_000);
		const { id, start } = await placed();
		const other = logged(start, { userPhoneNumber: '+14385551000' });
		const { error, items } = await lookUp([id]);
		expect(items).toEqual([]);
		expect(error?.description).toContain(other);
	});

	it('takes no other call of the same moment that went on for longer', async () => {
		simulator.setLogLag(600_000);
		const { id, start } = await placed();
		const other = logged(start, { callEndedAt: new Date(start + 90_000).toISOString() });
		const { error, items } = await lookUp([id], { waitUpTo: 0 });
		expect(items).toEqual([]);
		expect(error?.description).toContain(other);
	});

	it('takes the only call of the moment without a number, once others would be there', async () => {
		const { id } = await placed();
		const { items } = await lookUp([id]);
		expect(items[0]).toHaveProperty('userPhoneNumber', number);
	});

	it('says what it found where the call does not come in time', async () => {
		simulator.setLogLag(600_000);
		const { id, start } = await placed();
		const other = logged(start, { userPhoneNumber: '+14385551000' });
		const { error, took } = await lookUp([id], { phoneNumber: number, waitUpTo: 3 });
		expect(error?.message).toBe('The call was not found in the call log');
		expect(error?.description).toContain(other);
		expect(error?.description).toContain('Wait Up To');
		expect(took).toBeGreaterThan(3_000);
	});

	it('waits for a call that has not ended, and says so where it does not', async () => {
		simulator.setPace(3_000);
		const { items } = await lookUp([await dial(number)], { phoneNumber: number });
		expect(items).toHaveLength(1);
		const { error } = await lookUp([await dial('+15145550004')], { waitUpTo: 1 });
		expect(error?.message).toBe('The call has not ended yet');
		expect(error?.description).toContain('Wait Up To');
	});

	it('reads again where AlloMia fails meanwhile, but not for ever', async () => {
		const { id } = await placed();
		simulator.fault({ kind: 'status', status: 502, times: 2, match: { path: '/calls' } });
		expect((await lookUp([id], { phoneNumber: number })).items).toHaveLength(1);
		simulator.fault({ kind: 'status', status: 502, times: 99, match: { path: '/calls' } });
		const { error, took } = await lookUp([id], { phoneNumber: number });
		expect(error?.message).toBe('Bad Gateway');
		expect(took).toBeLessThan(30_000);
	});

	it('fails at once where waiting is of no use', async () => {
		const unknown = await lookUp([randomUUID()]);
		expect(unknown.error?.message).toBe('Outbound call not found');
		const { id } = await placed();
		const { error } = await lookUp([id], {}, { organizationId: ids.otherOrganizationId });
		expect(error?.message).toBe('Organization not found');
		expect(unknown.took).toBeLessThan(20_000);
	});

	it.each([
		['no times', {}],
		['a time that is none', { callStartedAt: 'soon' }],
	])('says what is in the log where that gives %s', async (_, given) => {
		const { id } = await placed();
		simulator.fault({
			kind: 'status',
			status: 200,
			body: {
				calls: [{ id: 'x', ...given }],
				pagination: { hasNextPage: false },
			},
			match: { path: '/calls' },
		});
		const { error } = await lookUp([id], { phoneNumber: number, waitUpTo: 0 });
		expect(error?.message).toBe('The call was not found in the call log');
		expect(error?.description).toContain('x (');
	});

	it('finds each item its own call, in order, and waits for all at the same time', async () => {
		simulator.setLogLag(3_000);
		const numbers = Array.from({ length: 12 }, (_, index) => `+1514555${1100 + index}`);
		const calls = await Promise.all(numbers.map((each) => placed(each)));
		const workflow = await activeWorkflow(bench, [
			behind({ options: { phoneNumber: '={{ $json.phone }}', download: ['transcript'] } }),
		]);
		const execution = await workflow.run(
			calls.map(({ id }, index) => ({ id, phone: numbers[index] })),
		);
		const main = execution.data.resultData.runData.AlloMia?.[0]?.data?.main?.[0] ?? [];
		expect(main.map(({ json }) => json.userPhoneNumber)).toEqual(numbers);
		expect(main.map(({ pairedItem }) => pairedItem)).toEqual(numbers.map((__, item) => ({ item })));
		for (const { json, binary } of main) {
			expect(binary?.transcript).toMatchObject({ fileName: `transcript-${String(json.id)}.txt` });
		}
	});

	it('goes on with the others where one is not found and the node is set to continue', async () => {
		const { id } = await placed();
		const { main } = await lookUp(
			[randomUUID(), id, 'x'],
			{ phoneNumber: number },
			{},
			{ onError: 'continueRegularOutput' },
		);
		expect(main.map(({ json }) => json.error)).toEqual([
			'Outbound call not found',
			undefined,
			expect.stringContaining('Outbound Call ID'),
		]);
		expect(main.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
	});

	it('stops looking for the others where one fails and the node is set to stop', async () => {
		simulator.setLogLag(600_000);
		const { id } = await placed();
		await lookUp([id, randomUUID()], { phoneNumber: number, waitUpTo: 600 });
		// One look may still be under way.
		await new Promise((resolve) => setTimeout(resolve, 500));
		const before = simulator.requests.length;
		await new Promise((resolve) => setTimeout(resolve, 4_000));
		expect(simulator.requests).toHaveLength(before);
	});

	it('passes over entries of the log that do not say when they began', async () => {
		const { id, start } = await placed();
		logged(start, { callStartedAt: null, userPhoneNumber: number });
		const { items } = await lookUp([id], { phoneNumber: number });
		expect(items).toMatchObject([{ callOutcome: 'appointment_confirmed' }]);
	});

	it('asks again where a gateway answers in place of AlloMia', async () => {
		const { id } = await placed();
		const body = '<html><h1>404 Not Found</h1></html>';
		simulator.fault({ kind: 'status', status: 404, body, match: { method: 'GET' } });
		const { items } = await lookUp([id], { phoneNumber: number });
		expect(items).toMatchObject([{ callOutcome: 'appointment_confirmed' }]);
	});

	it('ends its wait where the execution is cancelled', async () => {
		simulator.setLogLag(600_000);
		const { id } = await placed();
		const workflow = await activeWorkflow(bench, [
			behind({ options: { phoneNumber: number, waitUpTo: 600 } }),
		]);
		const executionId = await workflow.begin([{ id }]);
		await until('the first look', () => paths().some((path) => path.startsWith('/calls?')));
		await stopExecution(bench.n8n.session, executionId);
		const execution = await waitForEnd(bench.n8n.session, executionId, 60_000);
		expect(execution.status).toBe('canceled');
		await new Promise((resolve) => setTimeout(resolve, 500));
		const before = simulator.requests.length;
		await new Promise((resolve) => setTimeout(resolve, 4_000));
		expect(simulator.requests).toHaveLength(before);
		expect((await readExecution(bench.n8n.session, executionId)).status).toBe('canceled');
	});

	it.each([
		['outboundCallId', 'Outbound Call ID', { outboundCallId: 'x' }],
		['organizationId', 'Organization', { organizationId: '={{ "" }}' }],
		['phoneNumber', 'Options > Phone Number', { options: { phoneNumber: 'Ada' } }],
		['an empty phoneNumber', 'Options > Phone Number', { options: { phoneNumber: '' } }],
		['waitUpTo', 'Options > Wait Up To', { options: { waitUpTo: -1 } }],
		['download', 'Options > Download', { options: { download: ['video'] } }],
	])('refuses a bad %s by name before anything is asked', async (_, field, parameters) => {
		const { error } = await lookUp([randomUUID()], {}, parameters);
		expect(error?.message).toContain(`${field}: `);
		expect(simulator.requests).toHaveLength(0);
	});
});
