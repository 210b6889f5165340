import type { IExecuteFunctions, ITaskMetadata } from 'n8n-workflow';

const key = 'alloMiaParked';

/** What n8n keeps with a node that waits, and by which `isParked` knows it. */
export const parkedMetadata = { forwardAllOutputs: true, [key]: true };

/** Whether the node has waited for its calls already: its input are their outcomes. */
export function isParked(context: IExecuteFunctions): boolean {
	const { metadata } = context.getExecuteData();
	return (metadata as (ITaskMetadata & { [key]?: boolean }) | undefined)?.[key] === true;
}
