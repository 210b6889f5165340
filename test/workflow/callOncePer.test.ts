import { randomUUID } from 'node:crypto';
import type { IDataObject } from 'n8n-workflow';
import { call, credential, dialRequests, ending, rung, simulator } from './bench';
import { errorOf, execute, outputJson, retry, type Execution } from './engine';
import { begin } from './webhooks';

const [ada, bob, eve] = ['+15145551234', '+15145551235', '+15145551236'];
const going = { onError: 'continueRegularOutput' } as const;

/** A key that no other test has. */
let key = '';
beforeEach(() => (key = randomUUID()));

const person = (number: string, onceKey = key) => ({ number, key: onceKey });

const wanted = (items: IDataObject[], options: IDataObject = {}): Execution => ({
	parameters: call({ options: { onceKey: '={{ $json.key }}', ...options } }),
	credential,
	items,
	settings: going,
});

const calling = async (...items: IDataObject[]) => outputJson(await execute(wanted(items)));

const alreadyCalled = (onceKey = key) => ({ alreadyCalled: true, onceKey });
const placed = expect.objectContaining({ status: 'calling' }) as unknown;
const failed = (error: string) => expect.objectContaining({ error }) as unknown;

describe('Call Once Per', () => {
	it('calls the first of a key, and passes the others over', async () => {
		expect(await calling(person(ada), person(bob), person(eve, `${key} 2`))).toEqual([
			placed,
			alreadyCalled(),
			placed,
		]);
		expect([ada, bob, eve].map(rung)).toEqual([1, 0, 1]);
	});

	it('passes over in later executions, too', async () => {
		await calling(person(ada));
		expect(await calling(person(bob), person(eve, `${key} 2`))).toEqual([alreadyCalled(), placed]);
		expect([ada, bob, eve].map(rung)).toEqual([1, 0, 1]);
	});

	it('calls the others where the first is passed over, and the node is set to stop', async () => {
		await calling(person(ada));
		const people = [person(bob), person(eve, `${key} 2`)];
		const run = await execute({ ...wanted(people, { maxConcurrency: 1 }), settings: {} });
		expect(outputJson(run)).toEqual([alreadyCalled(), placed]);
	});

	it('calls once for each key of executions that run at the same moment', async () => {
		const items = [1, 2, 3, 4].map((it) => person(ada, `${key} ${it}`));
		const all = await Promise.all([1, 2, 3].map(async () => await calling(...items)));
		expect(all.flat().filter(({ status }) => status === 'calling')).toHaveLength(4);
		expect(rung(ada)).toBe(4);
	});

	it('gives the key back where AlloMia has not taken the call', async () => {
		simulator.fault({ kind: 'status', status: 403, times: 2, match: { number: ada } });
		const refused = failed('Insufficient permissions');
		expect(await calling(person(ada))).toEqual([refused]);
		// To the next item of the same list as well.
		expect(await calling(person(ada), person(bob))).toEqual([refused, placed]);
		expect(await calling(person(eve))).toEqual([alreadyCalled()]);
		expect([ada, bob, eve].map(rung)).toEqual([0, 1, 0]);
	});

	it('keeps the key where the call may have been placed', async () => {
		const lost = ending('0016');
		const [first, second] = await calling(person(lost), person(bob));
		expect(first?.message).toContain('may have been placed');
		expect(second).toEqual(alreadyCalled());
		expect(await calling(person(eve))).toEqual([alreadyCalled()]);
		expect([lost, bob, eve].map(rung)).toEqual([1, 0, 0]);
	});

	it('gives back the keys of those whose turn had not come when a call failed', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: ada } });
		const people = [ada, bob, eve].map((number) => person(number, `${key} ${number}`));
		const stopped = await execute({ ...wanted(people, { maxConcurrency: 1 }), settings: {} });
		expect(errorOf(stopped).message).toBe('Insufficient permissions');
		expect(dialRequests()).toBe(1);
		expect(await calling(...people)).toEqual([placed, placed, placed]);
	});

	it('gives the same answer in every try of an execution, and when it is run again', async () => {
		simulator.fault({ kind: 'status', status: 403, times: 2, match: { number: bob } });
		const people = [person(ada), person(bob, `${key} 2`)];
		const execution = {
			...wanted(people, { maxConcurrency: 1 }),
			settings: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		};
		const run = await execute(execution);
		expect(errorOf(run).message).toBe('Insufficient permissions');
		const again = outputJson(await retry(execution, run.data));
		expect(again).toEqual([placed, placed]);
		expect(again[0]?.outboundCallId).toBe(simulator.dials[0]?.outboundCallId);
		expect([ada, bob].map(rung)).toEqual([1, 1]);
	});

	it('claims nothing in a dry run', async () => {
		const [dry] = outputJson(await execute(wanted([person(ada)], { dryRun: true })));
		expect(dry).toMatchObject({ dryRun: true });
		expect(await calling(person(ada))).toEqual([placed]);
	});

	it.each([undefined, '', ' ', null])('calls nobody where an item has no key: %j', async (none) => {
		const run = await execute({
			...wanted([person(ada), { number: bob, key: none }]),
			settings: {},
		});
		expect(errorOf(run).message).toContain('Call Once Per');
		expect(simulator.requests).toEqual([]);
	});

	it('has an output of its own, where each outcome has', async () => {
		await calling(person(ada));
		const execution = wanted([person(bob), person(ending('0002'), `${key} 2`)], {
			outputPerStatus: true,
		});
		execution.parameters.operation = 'createAndWait';
		const { end } = begin(execution);
		const run = await end;
		const outputs = [0, 1, 2, 3, 4, 5].map((index) => outputJson(run, index));
		expect(outputs).toMatchObject([[], [], [{ status: 'busy' }], [], [], [alreadyCalled()]]);
	});
});
