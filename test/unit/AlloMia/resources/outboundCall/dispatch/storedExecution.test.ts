import type { IExecuteFunctions } from 'n8n-workflow';
import { StoredExecution } from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/storedExecution';

/** Execution 7, as it is read. */
function storedAs(getRunExecutionData?: (id: string) => Promise<unknown>): StoredExecution {
	const context = {
		additionalData: { getRunExecutionData },
		getExecutionId: () => '7',
		getNode: () => ({ name: 'AlloMia' }),
	};
	return new StoredExecution(context as unknown as IExecuteFunctions);
}

const failed = (error: object) => ({ resultData: { error } });

describe('what n8n has stored of an execution', () => {
	const message = 'The execution was cancelled manually';

	it.each<[string, unknown, boolean]>([
		['its stop', failed({ message, extra: { executionId: '7' } }), true],
		['the stop of what it repeats', failed({ message, extra: { executionId: '6' } }), false],
		['the stop of nobody knows what', failed({ message }), false],
		[
			'a failure',
			failed({ message: 'The order was cancelled', extra: { executionId: '7' } }),
			false,
		],
		['an error without words', failed({}), false],
		['nothing yet', { resultData: { runData: {} } }, false],
		['data without a result', {}, false],
		['no data', undefined, false],
	])('%s', async (_what, data, isStopped) => {
		const asked: string[] = [];
		const stored = storedAs(async (id) => {
			asked.push(id);
			return await Promise.resolve(data);
		});
		expect(await stored.wasStopped()).toBe(isStopped);
		expect(asked).toEqual(['7']);
	});

	it('is unknown where it cannot be read', async () => {
		const failing = storedAs(async () => await Promise.reject(new Error('The database is away')));
		expect(await failing.wasStopped()).toBeUndefined();
		expect(await storedAs().wasStopped()).toBe(false);
	});

	const context = { alloMiaLedger: { attempts: 2 } };
	const withContext = { executionData: { contextData: { 'node:AlloMia': context } } };

	it.each<[string, unknown, boolean]>([
		['its context', withContext, true],
		['another context', { executionData: { contextData: { 'node:AlloMia': {} } } }, false],
		['the context of others', { executionData: { contextData: { 'node:Other': context } } }, false],
		['no context', { resultData: { runData: { AlloMia: [{}] } } }, false],
		['nothing', undefined, true],
		[
			'its context and its stop',
			{ ...withContext, ...failed({ message, extra: { executionId: '7' } }) },
			false,
		],
		[
			'its context and an error that is none',
			{ ...withContext, ...failed({ message: { code: 1 } }) },
			true,
		],
	])('has results with %s', async (_what, data, hasResults) => {
		const stored = storedAs(async () => await Promise.resolve(data));
		expect(
			await stored.hasResults(({ alloMiaLedger }) => alloMiaLedger === context.alloMiaLedger),
		).toBe(hasResults);
	});

	it('is not known to have results where it cannot be read', async () => {
		const failing = storedAs(async () => await Promise.reject(new Error('The database is away')));
		expect(await failing.hasResults(() => true)).toBeUndefined();
		expect(await storedAs().hasResults(() => false)).toBe(true);
	});

	it('is not read again soon where that took long', async () => {
		let took = 5;
		const now = jest.spyOn(Date, 'now').mockReturnValue(0);
		const pass = (ms: number) => now.mockReturnValue(Date.now() + ms);
		const stored = storedAs(async () => {
			pass(took);
			return await Promise.resolve(undefined);
		});
		await stored.wasStopped();
		expect(stored.dueIn).toBe(0);
		took = 100;
		await stored.wasStopped();
		expect(stored.dueIn).toBe(1_000);
		pass(999);
		expect(stored.dueIn).toBe(1);
		pass(1);
		expect(stored.dueIn).toBe(0);
		took = 5_000;
		await stored.wasStopped();
		expect(stored.dueIn).toBe(20_000);
		now.mockRestore();
	});
});
