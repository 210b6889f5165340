import type {
	IExecuteData,
	IExecuteFunctions,
	IRunExecutionData,
	ITaskMetadata,
	IWebhookFunctions,
} from 'n8n-workflow';

const key = 'alloMiaParked';

/** The metadata that n8n stores with a parked node; `isParked` recognizes it. */
export const parkedMetadata = { forwardAllOutputs: true, [key]: true };

/** Whether the node has been parked before. Its input items may be the outcomes then. */
export function isParked(context: IExecuteFunctions): boolean {
	return isMarked(context.getExecuteData());
}

/** Whether an entry of n8n's execution stack is of a node that was parked. */
export function isMarked({ metadata }: Pick<IExecuteData, 'metadata'>): boolean {
	return (metadata as (ITaskMetadata & { [key]?: boolean }) | undefined)?.[key] === true;
}

/** What n8n is about to run in this execution, first things first; not part of its public interface. */
export function stackOf(
	context: IExecuteFunctions | IWebhookFunctions,
): IExecuteData[] | undefined {
	const { runExecutionData } = context as { runExecutionData?: IRunExecutionData | null };
	return runExecutionData?.executionData?.nodeExecutionStack;
}
