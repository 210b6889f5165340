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

/** The modes of a run that is a test; those that do not tell: n8n repeats another execution, or one ran this. */
const testModes = ['manual', 'evaluation'];
const untellingModes = ['retry', 'integrated'];

/** How many callers of a sub-workflow are looked up. */
const maxCallers = 20;

/** Internals of n8n's context and of what it stores with an execution. */
interface Internals {
	additionalData?: {
		/** The mode of the first caller, until a sub-workflow has waited. */
		rootExecutionMode?: string;
		getRunExecutionData?: (executionId: string) => Promise<StoredExecution | undefined>;
	};
	runExecutionData?: StoredExecution;
}

interface StoredExecution {
	parentExecution?: { executionId: string; executionContext?: { source?: string } };
	executionData?: { runtimeData?: { source?: string } } | null;
	manualData?: { source?: string };
}

/**
 * Whether all calls go to Test Number: in runs from the editor, if it is among the options. Their retries and
 * sub-workflows count as such, whose mode does not tell, and what n8n's AI assistant runs, as if it were published.
 * @throws NodeOperationError if n8n does not tell
 */
export async function isTestRun(context: IExecuteFunctions): Promise<boolean> {
	if (storedOptions(context).testNumber === undefined) return false;
	const { additionalData, runExecutionData } = context as unknown as Internals;
	if (wasTested(context) || runExecutionData?.manualData?.source === 'instance_ai') return true;
	const modes = [
		context.getMode(),
		context.getExecutionContext?.()?.source,
		additionalData?.rootExecutionMode,
	];
	if (modes.some(isTestMode)) return true;
	if (modes.some(isTelling)) return false;
	const isCalled = runExecutionData?.parentExecution !== undefined;
	// What an n8n agent runs is not called by an execution.
	if (!isCalled && modes.includes('integrated')) return false;
	const mode = await modeOfCaller(context as unknown as Internals);
	if (isTelling(mode)) return isTestMode(mode);
	throw new NodeOperationError(context.getNode(), 'n8n does not tell whether this run is a test', {
		description:
			'Nobody was called. Test Number is set, and this run repeats an execution, or another workflow started it. To call the people in your items, remove Test Number. To test, start a new execution from the editor.',
	});
}

function isTestMode(mode?: string): boolean {
	return testModes.includes(String(mode));
}

function isTelling(mode?: string): boolean {
	return mode !== undefined && !untellingModes.includes(mode);
}

/** The mode of the execution that called this sub-workflow, or its callers. */
async function modeOfCaller({
	additionalData,
	runExecutionData,
}: Internals): Promise<string | undefined> {
	let parent = runExecutionData?.parentExecution;
	for (let depth = 0; parent && depth < maxCallers; depth += 1) {
		const { source } = parent.executionContext ?? {};
		if (isTelling(source)) return source;
		const stored = await additionalData?.getRunExecutionData?.(parent.executionId);
		parent = stored?.parentExecution;
		if (!parent) return stored?.executionData?.runtimeData?.source;
	}
	return undefined;
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
	// Retry On Fail may run this run again.
	const tested: Tested = { ...(node[testedKey] as Tested | undefined), [run]: 0 };
	const before = Object.values(tested).reduce((sum, count) => sum + count, 0);
	const first = items.slice(0, Math.max(0, maxTested - before));
	node[testedKey] = { ...tested, [run]: first.length };
	if (first.length === 0) {
		throw new NodeOperationError(
			context.getNode(),
			`Test Number is called for ${maxTested} items of an execution at most`,
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
