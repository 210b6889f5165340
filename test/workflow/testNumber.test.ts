import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { callingWith, ending, numbers, rung, simulator } from './bench';
import { errorOf, execute, outputJson, retry, runOf, type Execution } from './engine';

const own = ending('1999');
const people = [1, 2, 3, 4, 5, 6, 7].map((digit) => ending(`200${digit}`));

const calling = callingWith({ testNumber: own, pollInterval: 1 });

/** Runs the node in the editor, unless it is said to be published. */
const run = async (
	options: INodeParameters = {},
	items: IDataObject[] = numbers(...people),
	more: Partial<Execution> & { operation?: string } = {},
) => await execute({ ...calling(options, items, more), unpublished: true, ...more });

const called = () => simulator.dials.map(({ body }) => body.phoneNumber);

describe.each(['create', 'createAndWait'])('Test Number (%s)', (operation) => {
	it('is called in place of the first five people, one call after the other', async () => {
		simulator.setPace(300);
		const done = await run({}, numbers(...people), { operation });
		expect(called()).toEqual(Array(5).fill(own));
		expect(simulator.mostInProgress()).toBe(1);
		expect(outputJson(done)).toHaveLength(5);
		const marked = operation === 'create' ? undefined : own;
		expect(outputJson(done).map(({ testNumber }) => testNumber)).toEqual(Array(5).fill(marked));
		const said = runOf(done)
			.hints?.map(({ message }) => message)
			.join('\n');
		expect(said).toContain(`${own} was called in place of the people in your items`);
		expect(said).toContain('2 of 7 items were left out');
	});

	it('is ignored by a workflow that is published', async () => {
		await run({ testNumber: 'mine' }, numbers(...people), { operation, unpublished: false });
		expect(called().sort()).toEqual(people);
	});

	it('uses up no key, nor minds one that is used up', async () => {
		const options = { onceKey: `={{ '${operation}' + $json.number }}` };
		const two = numbers(...people.slice(0, 2));
		await run(options, two, { operation });
		expect(rung(own)).toBe(2);
		const published = await run(options, two, { operation, unpublished: false });
		expect(outputJson(published).map(({ alreadyCalled }) => alreadyCalled)).toEqual([
			undefined,
			undefined,
		]);
		await run(options, two, { operation });
		expect(rung(own)).toBe(4);
	});

	it('may be without a country code', async () => {
		const options = { testNumber: '(514) 555-1999', defaultCountry: 'CA' };
		await run(options, numbers(people[0] ?? ''), { operation });
		expect(called()).toEqual([own]);
	});

	it.each([
		['is empty', { testNumber: '' }, numbers(...people), 'Test Number: It is empty'],
		['is none', { testNumber: 'mine' }, numbers(...people), 'Test Number: "mine"'],
		['is fine, but an item’s is not', {}, numbers('x'), 'Phone Number to Call: "x"'],
	])('calls nobody where it %s', async (_, options, items, said) => {
		expect(errorOf(await run(options, items, { operation })).message).toContain(said);
		expect(simulator.requests).toEqual([]);
	});

	it('leaves out nobody in a dry run', async () => {
		const done = await run({ dryRun: true }, numbers(...people), { operation });
		expect(outputJson(done)).toHaveLength(7);
		expect(outputJson(done)[0]).toMatchObject({ dryRun: true, request: { phoneNumber: own } });
		expect(simulator.requests).toEqual([]);
	});

	it('is called by a retry, too, which n8n does not tell from that of a published run', async () => {
		const wanted = { ...calling({}, numbers(...people.slice(0, 3)), { operation }) };
		simulator.fault({ kind: 'status', status: 403 });
		const failed = await execute({ ...wanted, unpublished: true });
		expect(errorOf(failed).message).toBe('Insufficient permissions');
		expect(called()).toEqual([]);
		const again = await retry(wanted, failed.data);
		expect(called()).toEqual([own, own, own]);
		expect(outputJson(again)).toHaveLength(3);
	});

	it('calls nobody in a retry for which it was removed', async () => {
		simulator.fault({ kind: 'status', status: 403 });
		const wanted = calling({}, numbers(...people.slice(0, 3)), { operation });
		const failed = await execute({ ...wanted, unpublished: true });
		const parameters = { ...wanted.parameters, options: {} };
		const again = await retry({ ...wanted, parameters }, failed.data);
		expect(errorOf(again).message).toContain('Test Number has been removed since');
		expect(called()).toEqual([]);
	});
});
