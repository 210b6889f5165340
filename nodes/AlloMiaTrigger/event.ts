import type { IDataObject } from 'n8n-workflow';
import { isTerminal, type TerminalStatus } from '../shared/api/terminalStatus';
import type { CallbackContext } from '../shared/callbacks/signedUrl';

/** Whether an event with this status starts the workflow. */
export function isChosen(status: string, chosen: readonly string[]): status is TerminalStatus {
	return isTerminal(status) && chosen.includes(status);
}

/** The output of an event, with the context from its URL. */
export function toOutput(event: IDataObject, context: CallbackContext | undefined): IDataObject {
	if (!context) return event;
	const { workflowId, executionId, itemIndex, metadata } = context;
	return {
		...event,
		...(metadata ? { metadata: metadata as IDataObject } : {}),
		source: { workflowId, executionId, itemIndex },
	};
}
