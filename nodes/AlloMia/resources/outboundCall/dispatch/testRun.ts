import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { addHint } from '../../../../shared/n8n/hints';
import type { ValidatedItem } from '../../items';
import type { CallRequest } from './callRequest';
import { storedOptions } from './readParameters';

/** The number of items of an execution that are called at Test Number. */
const maxTested = 5;

/** The key in the node's context for how many items each run has tested. n8n stores it with the execution. */
const testedKey = 'alloMiaTested';

type Tested = Record<string, number>;

/**
 * Whether all calls go to Test Number: in runs from the editor, if it is among the options. Their retries and
 * sub-workflows count as such, whose mode does not tell.
 */
export function isTestRun(context: IExecuteFunctions): boolean {
	if (storedOptions(context).testNumber === undefined) return false;
	const { additionalData } = context as { additionalData?: { rootExecutionMode?: string } };
	const modes = [
		context.getMode(),
		context.getExecutionContext?.()?.source,
		additionalData?.rootExecutionMode,
	];
	return modes.some((mode) => mode === 'manual' || mode === 'evaluation') || wasTested(context);
}

function wasTested(context: IExecuteFunctions): boolean {
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

/** Leaves out what is too much for a test, and says so. */
export function firstForTest(
	context: IExecuteFunctions,
	items: Array<ValidatedItem<CallRequest>>,
): Array<ValidatedItem<CallRequest>> {
	if (items.every((item) => !item.ok || item.value.dryRun)) return items;
	const node = context.getContext('node');
	const run = String(context.evaluateExpression('{{ $runIndex }}', 0));
	// Retry On Fail may run this run again.
	const tested: Tested = { ...(node[testedKey] as Tested | undefined), [run]: 0 };
	const before = Object.values(tested).reduce((sum, count) => sum + count, 0);
	const first = items.slice(0, Math.max(0, maxTested - before));
	node[testedKey] = { ...tested, [run]: first.length };
	const values = items.flatMap((item) => (item.ok ? [item.value.body] : []));
	const rest = items.length - first.length;
	const messages = [
		`Test Number: ${values[0]?.phoneNumber} was called in place of everybody else, one call after the other.`,
		...(rest > 0 ? [`${rest} of ${items.length} items were left out.`] : []),
		...(values.some(({ callbackUrl }) => callbackUrl !== undefined)
			? ['The results arrive as if they were those of the people in your items.']
			: []),
		'When the workflow is published, the people in your items are called.',
	];
	addHint(context, { type: 'info', location: 'outputPane', message: messages.join(' ') });
	return first;
}
