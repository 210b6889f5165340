import type { IExecuteFunctions } from 'n8n-workflow';
import {
	firstForTest,
	isTestRun,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/testRun';

/** A run as n8n tells of it: its own mode, that of what it repeats, and that of its first caller. */
function run(mode: string, more: { source?: string; root?: string; options?: object } = {}) {
	const { source, root, options = { testNumber: '+15145551999' } } = more;
	return {
		getMode: () => mode,
		getNode: () => ({ parameters: { options } }),
		getContext: () => ({}),
		getExecutionContext: () => (source ? { source } : undefined),
		additionalData: { rootExecutionMode: root },
	} as unknown as IExecuteFunctions;
}

it.each([
	['a run from the editor', run('manual')],
	['its retry', run('retry', { source: 'manual' })],
	['its sub-workflow', run('integrated', { source: 'integrated', root: 'manual' })],
	['an evaluation', run('evaluation')],
])('Test Number is for %s', (_, context) => expect(isTestRun(context)).toBe(true));

it.each([
	['a published run', run('trigger', { source: 'trigger' })],
	['its retry', run('retry', { source: 'webhook' })],
	['its sub-workflow', run('integrated', { source: 'integrated', root: 'trigger' })],
	['a run from the editor without it', run('manual', { options: {} })],
])('Test Number is not for %s', (_, context) => expect(isTestRun(context)).toBe(false));

it('Test Number is for the retry of a test, also where n8n does not tell what it repeats', () => {
	const context = { ...run('retry'), getContext: () => ({ alloMiaTested: { 0: 2 } }) };
	expect(isTestRun(context as unknown as IExecuteFunctions)).toBe(true);
});

it('Test Number is called for five items of all rounds of a loop, and again where a round is tried again', () => {
	const node = {};
	const items = [0, 1, 2].map((itemIndex) => ({ itemIndex, ok: true, value: { body: {} } }));
	const tested = (round: number) => {
		const context = { getContext: () => node, evaluateExpression: () => round };
		return firstForTest(
			context as unknown as IExecuteFunctions,
			items as unknown as Parameters<typeof firstForTest>[1],
		).length;
	};
	expect([0, 1, 1, 2, 3].map(tested)).toEqual([3, 2, 2, 0, 0]);
});
