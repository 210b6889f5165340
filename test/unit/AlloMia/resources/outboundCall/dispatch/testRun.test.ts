import type { IExecuteFunctions } from 'n8n-workflow';
import {
	countTested,
	firstForTest,
	isTestRun,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/testRun';

const storedSource = (source: string) => ({ executionData: { runtimeData: { source } } });

/** A run as n8n tells of it: its own mode, that of what it repeats, and that of its first caller. */
function run(
	mode: string,
	more: {
		source?: string;
		root?: string;
		options?: object;
		stored?: object;
		executions?: Record<string, object>;
	} = {},
) {
	const {
		source,
		root,
		options = { testNumber: '+15145551999' },
		stored = {},
		executions = {},
	} = more;
	return {
		getMode: () => mode,
		getNode: () => ({ parameters: { options } }),
		getContext: () => ({}),
		getExecutionContext: () => (source ? { source } : undefined),
		additionalData: {
			rootExecutionMode: root,
			getRunExecutionData: async (id: string) => await Promise.resolve(executions[id]),
		},
		runExecutionData: stored,
	} as unknown as IExecuteFunctions;
}

/** A sub-workflow that has waited. */
const resumed = (callerSource: string | undefined, executions = {}, mode = 'integrated') =>
	run(mode, {
		source: mode,
		stored: {
			parentExecution: {
				executionId: 'caller',
				...(callerSource ? { executionContext: { source: callerSource } } : {}),
			},
		},
		executions,
	});

/** The stored execution of a caller that was called itself. */
const calledBy = (executionId: string, source?: string) => ({
	...storedSource('integrated'),
	parentExecution: { executionId, ...(source ? { executionContext: { source } } : {}) },
});

it.each([
	['a run from the editor', run('manual')],
	['its retry', run('retry', { source: 'manual' })],
	['its sub-workflow', run('integrated', { source: 'integrated', root: 'manual' })],
	['its sub-workflow after a wait', resumed('manual')],
	['one deeper', resumed('integrated', { caller: calledBy('root', 'manual') })],
	['one whose caller is only stored', resumed(undefined, { caller: storedSource('manual') })],
	['one whose caller is repeated', resumed('retry', { caller: storedSource('manual') })],
	['an evaluation', run('evaluation')],
	['an error workflow of its sub-workflow', resumed('manual', {}, 'error')],
	['an error workflow of its retry', resumed('retry', { caller: storedSource('manual') }, 'error')],
	[
		'what the AI assistant runs',
		run('trigger', { source: 'trigger', stored: { manualData: { source: 'instance_ai' } } }),
	],
	['its sub-workflow', resumed('trigger', { caller: { manualData: { source: 'instance_ai' } } })],
])('Test Number is for %s', async (_, context) => expect(await isTestRun(context)).toBe(true));

it.each([
	['a published run', run('trigger', { source: 'trigger' })],
	['its retry', run('retry', { source: 'webhook' })],
	['its sub-workflow', run('integrated', { source: 'integrated', root: 'trigger' })],
	['its sub-workflow after a wait', resumed('trigger')],
	['one deeper', resumed('integrated', { caller: calledBy('root', 'webhook') })],
	['what a published n8n agent runs', run('integrated', { source: 'integrated' })],
	['an error workflow', run('error', { source: 'error' })],
	['an error workflow whose failed execution is gone', resumed('integrated', {}, 'error')],
	['a chat with n8n', run('chat', { source: 'chat', stored: { manualData: { userId: 'u' } } })],
	['a run from the editor without it', run('manual', { options: {} })],
])('Test Number is not for %s', async (_, context) => expect(await isTestRun(context)).toBe(false));

it.each([
	['a retry of an execution that was killed in older versions', run('retry')],
	['its own retry', run('retry', { source: 'retry' })],
	['a sub-workflow whose caller was deleted', resumed('integrated')],
	['one whose callers go on forever', resumed('integrated', { caller: calledBy('caller') })],
])('nobody is called by %s with Test Number', async (_, context) => {
	await expect(isTestRun(context)).rejects.toThrow('n8n does not tell whether this run is a test');
});

it('Test Number is for the retry of a test, also where n8n does not tell what it repeats', async () => {
	const context = { ...run('retry'), getContext: () => ({ alloMiaTested: { 0: 2 } }) };
	expect(await isTestRun(context as unknown as IExecuteFunctions)).toBe(true);
});

describe('of all rounds of a loop, five calls are placed', () => {
	const items = [0, 1, 2].map((itemIndex) => ({ itemIndex, ok: true, value: { body: {} } }));

	/** Runs the rounds, in which as many calls are placed: how many items each may call for. */
	function rounds(...all: Array<[round: number, placed?: number]>) {
		const node = {};
		return all.map(([round, placed]) => {
			const context = {
				getContext: () => node,
				getNode: () => ({}),
				evaluateExpression: () => round,
				addExecutionHints: () => {},
			} as unknown as IExecuteFunctions;
			const first = firstForTest(context, items as unknown as Parameters<typeof firstForTest>[1]);
			countTested(context, placed ?? first.length);
			return first.length;
		});
	}

	it('and again where a round is tried again', () => {
		expect(rounds([0], [1], [1])).toEqual([3, 2, 2]);
	});

	it('whoever was not called does not count', () => {
		expect(rounds([0, 0], [1, 1], [2], [3])).toEqual([3, 3, 3, 1]);
	});

	it('and the next is an error, which a loop notices', () => {
		expect(() => rounds([0], [1], [2])).toThrow(
			'Test Number is called 5 times in an execution at most',
		);
	});
});
