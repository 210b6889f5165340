import type { IExecuteFunctions } from 'n8n-workflow';
import { Marks } from '../../nodes/shared/marks';

/** What is asked of n8n for the marks of a run that nobody has stopped. */
function contextOf(mode: string, readingTakes: number): IExecuteFunctions {
	const node = {};
	const row = new Set<string>();
	return {
		helpers: {
			checkProcessedAndRecord: async (values: string[]) => {
				const processed = values.filter((value) => row.has(value));
				values.forEach((value) => row.add(value));
				return await Promise.resolve({ new: [], processed });
			},
			removeProcessed: async (values: string[]) => {
				values.forEach((value) => row.delete(value));
				await Promise.resolve();
			},
		},
		additionalData: {
			getRunExecutionData: async () => {
				await new Promise((resolve) => setTimeout(resolve, readingTakes));
				return { resultData: {} };
			},
		},
		getWorkflow: () => ({ id: mode, active: false }),
		getNode: () => ({ id: 'node' }),
		getExecutionId: () => '7',
		getExecutionCancelSignal: () => undefined,
		getMode: () => mode,
		getContext: () => node,
	} as unknown as IExecuteFunctions;
}

describe('the marks of a run', () => {
	beforeEach(() => {
		jest.useFakeTimers();
	});

	afterEach(() => {
		jest.useRealTimers();
	});

	/** How long it takes until the first call may be marked, in ms. */
	async function timeToBegin(mode: string, readingTakes: number): Promise<number> {
		const begun = Date.now();
		let ended: number | undefined;
		void Marks.of(contextOf(mode, readingTakes), {})
			.begin('0')
			.then(() => (ended = Date.now() - begun));
		await jest.advanceTimersByTimeAsync(60_000);
		return ended ?? Infinity;
	}

	it.each([
		['a first run begins at once', 'webhook', 500, 0],
		['a re-run does, if it takes no time to read what n8n has stored', 'retry', 10, 0],
		[
			'a re-run waits until what it repeats has looked whether it was stopped',
			'retry',
			500,
			10_000,
		],
	])('%s', async (_what, mode, readingTakes, wait) => {
		const took = await timeToBegin(mode, readingTakes);
		expect(took).toBeGreaterThanOrEqual(wait);
		expect(took).toBeLessThan(wait + 1_000);
	});
});
