import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { addHint } from '../../../../shared/n8n/hints';
import type { ValidatedItem } from '../../items';
import type { CallRequest } from './callRequest';
import { isEditorRun } from './editorRun';
import { storedOptions } from './readParameters';

/** The number of items of an execution that are called at Test Number. */
const maxTested = 5;

/** The key in the node's context for how many items each run has tested. n8n stores it with the execution. */
const testedKey = 'alloMiaTested';

type Tested = Record<string, number>;

/**
 * Whether all calls go to Test Number: in runs from the editor, if it is among the options.
 * @throws NodeOperationError if n8n does not tell
 */
export async function isTestRun(context: IExecuteFunctions): Promise<boolean> {
	if (storedOptions(context).testNumber === undefined) return false;
	const isTest = wasTested(context) || (await isEditorRun(context));
	if (isTest !== undefined) return isTest;
	throw new NodeOperationError(context.getNode(), 'n8n does not tell whether this run is a test', {
		description:
			'Nobody was called. Test Number is set, and this run repeats an execution, or another workflow started it. To call the people in your items, remove Test Number. To test, start a new execution from the editor.',
	});
}

/** Whether this node has been run as a test in this execution. */
export function wasTested(context: IExecuteFunctions): boolean {
	return context.getContext('node')[testedKey] !== undefined;
}

/**
 * Makes sure that no test goes on without Test Number: who was tested counts as called.
 * @throws NodeOperationError if the option was removed before the test is retried
 */
export function assertNoTest(context: IExecuteFunctions): void {
	if (!wasTested(context)) return;
	throw new NodeOperationError(
		context.getNode(),
		'This execution was a test, and Test Number has been removed since',
		{ description: 'Nobody was called. Start a new execution instead of retrying this one.' },
	);
}

/**
 * Leaves out what is too much for a test, and says so.
 * @throws NodeOperationError if nothing is left: a loop would end, or an agent go on, as if all had been called
 */
export function firstForTest(
	context: IExecuteFunctions,
	items: Array<ValidatedItem<CallRequest>>,
): Array<ValidatedItem<CallRequest>> {
	if (items.every((item) => !item.ok || item.value.dryRun)) return items;
	const node = context.getContext('node');
	const run = String(context.evaluateExpression('{{ $runIndex }}', 0));
	// Retry On Fail may run this run again. Who has been called is known afterwards.
	const tested: Tested = { ...(node[testedKey] as Tested | undefined), [run]: 0 };
	const before = Object.values(tested).reduce((sum, count) => sum + count, 0);
	const first = items.slice(0, Math.max(0, maxTested - before));
	node[testedKey] = tested;
	if (first.length === 0) {
		throw new NodeOperationError(
			context.getNode(),
			`Test Number is called ${maxTested} times in an execution at most`,
			{
				description:
					'Nobody was called for the items of this run. Try it with fewer items, or start a new execution.',
			},
		);
	}
	const rest = items.length - first.length;
	if (rest > 0) {
		const message = `Test Number: ${rest} of ${items.length} items ${rest === 1 ? 'was' : 'were'} left out.`;
		addHint(context, { type: 'info', location: 'outputPane', message });
	}
	return first;
}

/** Keeps how many calls of this run may have been placed. */
export function countTested(context: IExecuteFunctions, calls: number): void {
	const run = String(context.evaluateExpression('{{ $runIndex }}', 0));
	const node = context.getContext('node');
	node[testedKey] = { ...(node[testedKey] as Tested | undefined), [run]: calls };
}
