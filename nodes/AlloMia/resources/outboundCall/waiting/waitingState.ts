import {
	NodeOperationError,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type IPairedItemData,
	type ISourceData,
	type ITaskDataConnectionsSource,
} from 'n8n-workflow';
import { errorItem } from '../../../../shared/n8n/nodeErrors';
import { failedOutput, isTerminal, terminalStatuses } from '../../../../shared/api/terminalStatus';

/** An item of a waiting execution. */
export interface WaitingItem {
	itemIndex: number;
	/** The response of POST /outbound, or the status object once the call has ended. */
	call?: IDataObject;
	/** The output instead of a call: of a dry run, or of an item already called. */
	shown?: IDataObject;
	/** The output of an item outside of the calling hours. */
	outside?: Pick<INodeExecutionData, 'json' | 'binary'>;
	/** The error of an item without a call. */
	error?: { message: string; description?: string };
	metadata?: IDataObject;
}

/** The state of a waiting execution, which n8n stores: any process can resume it. */
export interface WaitingState {
	/** Identifies the wait by execution, node and run. */
	wait: string;
	/** When it is resumed at the latest, in ms since 1970. */
	deadline: number;
	outputPerStatus: boolean;
	/** Whether Call Once Per is set, which adds an output for items already called. */
	keyed?: boolean;
	/** Whether Calling Hours are set, which adds the last output. */
	withHours?: boolean;
	/** The source of the input when the execution was parked. */
	source?: ISourceData;
	items: WaitingItem[];
}

/** Whether an item has no call that is still open. */
export function isSettled({ call }: WaitingItem): boolean {
	return call === undefined || isTerminal(String(call.status));
}

/** The IDs of the open calls, in the order of the items. */
export function pendingCalls(items: readonly WaitingItem[]): string[] {
	return items.filter((item) => !isSettled(item)).map((item) => String(item.call?.outboundCallId));
}

/** Adds outcomes to the items whose calls were open. */
export function withOutcomes(
	items: readonly WaitingItem[],
	outcomes: ReadonlyMap<string, IDataObject>,
): WaitingItem[] {
	return items.map((item) => {
		const outcome = outcomes.get(String(item.call?.outboundCallId));
		return outcome && !isSettled(item) ? { ...item, call: outcome } : item;
	});
}

/** The names of the outputs with Output per Status. */
export const statusOutputs = ['Completed', 'No Answer', 'Busy', 'Failed', 'Timed Out'] as const;

/** The name of the additional output with Call Once Per. */
export const alreadyCalledLabel = 'Already Called';

/** The name of the last output with Calling Hours. */
export const outsideHoursLabel = 'Outside Hours';

/**
 * The node's output, in the order of the input. Open calls are marked as timed out. Failed items have their
 * error, so that n8n can route them to the error output.
 */
export function waitingOutputs(
	node: INode,
	{ items, outputPerStatus, keyed = false, withHours = false }: WaitingState,
): INodeExecutionData[][] {
	const main = outputPerStatus ? statusOutputs.length + Number(keyed) : 1;
	const outputs = Array.from({ length: main + Number(withHours) }, (): INodeExecutionData[] => []);
	for (const item of items) {
		const own = item.outside && withHours ? main : outputPerStatus ? outputIndex(item) : 0;
		(outputs[own] ?? outputs[0])?.push(toOutput(node, item));
	}
	return outputs;
}

/**
 * The source for n8n's item linking. When a parked execution is resumed, n8n links each output item to the input
 * item at the same position. If that is another person's, there must be no source, so that `$('…').item` fails
 * instead.
 */
export function pairedSource(
	outputs: ReadonlyArray<readonly INodeExecutionData[]>,
	source?: ISourceData,
): ITaskDataConnectionsSource | null {
	const isInOrder = outputs.every((items) =>
		items.every(({ pairedItem }, index) => (pairedItem as IPairedItemData).item === index),
	);
	return source && isInOrder ? { main: outputs.map(() => source) } : null;
}

function toOutput(
	node: INode,
	{ itemIndex, call, error, metadata, shown, outside }: WaitingItem,
): INodeExecutionData {
	if (outside) return { ...outside, pairedItem: { item: itemIndex } };
	if (shown) return { json: shown, pairedItem: { item: itemIndex } };
	if (error) {
		const { message, description } = error;
		return errorItem(new NodeOperationError(node, message, { description, itemIndex }), itemIndex);
	}
	const timedOut = isTerminal(String(call?.status)) ? {} : { timedOut: true };
	return {
		json: { ...call, ...timedOut, ...(metadata ? { metadata } : {}) },
		pairedItem: { item: itemIndex },
	};
}

/** The output for an item with Output per Status. Errors go to Failed, unless n8n routes them to the error output. */
function outputIndex({ call, error, shown }: WaitingItem): number {
	if (shown) return shown.alreadyCalled ? statusOutputs.length : 0;
	if (error) return failedOutput;
	const index = (terminalStatuses as readonly string[]).indexOf(String(call?.status));
	return index < 0 ? terminalStatuses.length : index;
}
