import type { IExecuteFunctions, ITaskMetadata } from 'n8n-workflow';

const key = 'alloMiaParked';

/** The metadata that n8n stores with a parked node; `isParked` recognizes it. */
export const parkedMetadata = { forwardAllOutputs: true, [key]: true };

/** Whether the node has been parked before. Its input items are the outcomes then. */
export function isParked(context: IExecuteFunctions): boolean {
	const { metadata } = context.getExecuteData();
	return (metadata as (ITaskMetadata & { [key]?: boolean }) | undefined)?.[key] === true;
}
