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

/** One item of an execution that waits for its calls to end. */
export interface WaitingItem {
	itemIndex: number;
	/** AlloMia's answer to the dial, or its status object once the call has ended. */
	call?: IDataObject;
	/** What goes out in place of a call: of a dry run, or where somebody had been called before. */
	shown?: IDataObject;
	/** Why this item has no call. */
	error?: { message: string; description?: string };
	metadata?: IDataObject;
}

/** What n8n keeps of an execution that waits: all that is needed to go on, in any process. */
export interface WaitingState {
	/** Tells this wait from others of the same execution: of other nodes, and of other runs in a loop. */
	wait: string;
	/** When it goes on without those still calling, in ms since 1970. */
	deadline: number;
	outputPerStatus: boolean;
	/** Whether the node has a key for its items, and so an output for those already called. */
	keyed?: boolean;
	/** The node before, as n8n had it when the execution was parked. */
	source?: ISourceData;
	items: WaitingItem[];
}

/** Whether nothing more is to be waited for. */
export function isSettled({ call }: WaitingItem): boolean {
	return call === undefined || isTerminal(String(call.status));
}

/** The ids of the calls that have not ended, as far as is known, in the order of the items. */
export function pendingCalls(items: readonly WaitingItem[]): string[] {
	return items.filter((item) => !isSettled(item)).map((item) => String(item.call?.outboundCallId));
}

/** The items with what has been learnt of their calls since. */
export function withOutcomes(
	items: readonly WaitingItem[],
	outcomes: ReadonlyMap<string, IDataObject>,
): WaitingItem[] {
	return items.map((item) => {
		const outcome = outcomes.get(String(item.call?.outboundCallId));
		return outcome && !isSettled(item) ? { ...item, call: outcome } : item;
	});
}

/** The names of the outputs, where each status has its own. */
export const statusOutputs = ['Completed', 'No Answer', 'Busy', 'Failed', 'Timed Out'] as const;

/** The name of the output after them, where the node has a key for its items. */
export const alreadyCalledLabel = 'Already Called';

/**
 * What goes out: calls that have not ended are marked as timed out. In the order of the input.
 * Failed items carry their error, by which n8n sorts them into the error output where there is one.
 */
export function waitingOutputs(
	node: INode,
	{ items, outputPerStatus, keyed }: WaitingState,
): INodeExecutionData[][] {
	const names = keyed ? [...statusOutputs, alreadyCalledLabel] : statusOutputs;
	const outputs: INodeExecutionData[][] = outputPerStatus ? names.map(() => []) : [[]];
	for (const item of items) {
		const own = outputPerStatus ? outputs[outputIndex(item)] : undefined;
		(own ?? outputs[0])?.push(toOutput(node, item));
	}
	return outputs;
}

/**
 * Where n8n is to look for the inputs of what goes on. When a parked execution does, n8n pairs each output
 * item with the input item at the same place. Where that is another person's, it must not look at all:
 * `$('…').item` then fails.
 */
export function pairedSource(
	outputs: ReadonlyArray<readonly INodeExecutionData[]>,
	source?: ISourceData,
): ITaskDataConnectionsSource | null {
	const isInPlace = outputs.every((items) =>
		items.every(({ pairedItem }, index) => (pairedItem as IPairedItemData).item === index),
	);
	return source && isInPlace ? { main: outputs.map(() => source) } : null;
}

function toOutput(
	node: INode,
	{ itemIndex, call, error, metadata, shown }: WaitingItem,
): INodeExecutionData {
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

/** An item that could not be called stands with the failed ones, where errors have no own output. */
function outputIndex({ call, error, shown }: WaitingItem): number {
	if (shown) return shown.alreadyCalled ? statusOutputs.length : 0;
	if (error) return failedOutput;
	const index = (terminalStatuses as readonly string[]).indexOf(String(call?.status));
	return index < 0 ? terminalStatuses.length : index;
}
