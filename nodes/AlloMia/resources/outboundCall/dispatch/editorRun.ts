import type { IExecuteFunctions } from 'n8n-workflow';

/** The modes of runs from the editor; those that do not tell: n8n repeats another execution, or one ran this. */
const editorModes = ['manual', 'evaluation'];
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
 * Whether a run was started in the editor; undefined if n8n does not tell. Retries, sub-workflows and error workflows
 * of such runs count as well, and what n8n's AI assistant runs: a draft, in the mode of a published workflow.
 */
export async function isEditorRun(context: IExecuteFunctions): Promise<boolean | undefined> {
	const { additionalData, runExecutionData } = context as unknown as Internals;
	const modes = [
		context.getMode(),
		context.getExecutionContext?.()?.source,
		additionalData?.rootExecutionMode,
	];
	if (isOfAssistant(runExecutionData) || modes.some(isEditorMode)) return true;
	const callers = await readCallers(context as unknown as Internals);
	if (callers.isEditor) return true;
	// What an n8n agent runs is not called by an execution.
	const isOfAgent = runExecutionData?.parentExecution === undefined && modes.includes('integrated');
	return isOfAgent || callers.isTelling || modes.some(isTelling) ? false : undefined;
}

function isEditorMode(mode?: string): boolean {
	return editorModes.includes(String(mode));
}

function isTelling(mode?: string): boolean {
	return mode !== undefined && !untellingModes.includes(mode);
}

function isOfAssistant(execution?: StoredExecution): boolean {
	return execution?.manualData?.source === 'instance_ai';
}

/** What the executions tell that called this one, each by the next, or whose failure started it. */
async function readCallers({
	additionalData,
	runExecutionData,
}: Internals): Promise<{ isEditor: boolean; isTelling: boolean }> {
	const modes: Array<string | undefined> = [];
	let execution = runExecutionData;
	for (let depth = 0; execution?.parentExecution && depth < maxCallers; depth += 1) {
		const { executionId, executionContext } = execution.parentExecution;
		modes.push(executionContext?.source);
		if (modes.some(isEditorMode)) break;
		try {
			execution = await additionalData?.getRunExecutionData?.(executionId);
		} catch {
			execution = undefined;
		}
		if (isOfAssistant(execution)) return { isEditor: true, isTelling: true };
		modes.push(execution?.executionData?.runtimeData?.source);
	}
	return { isEditor: modes.some(isEditorMode), isTelling: modes.some(isTelling) };
}
