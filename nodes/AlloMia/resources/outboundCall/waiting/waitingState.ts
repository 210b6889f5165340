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
import { isTerminal, statusLabels, terminalStatuses } from '../../../../shared/api/terminalStatus';

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
	/** The number called in place of the person's, in a test. */
	testNumber?: string;
	/** Whether nobody was to be called for an item with an error. */
	dryRun?: true;
}

/** The state of a waiting execution, which n8n stores: any process can resume it. */
export interface WaitingState {
	/** Identifies the wait by execution, node and run. */
	wait: string;
	/** When it is resumed at the latest, in ms since 1970. */
	deadline: number;
	outputPerStatus: boolean;
	/** Whether there is an output for each status; if not set, with Output per Status. */
	withStatuses?: boolean;
	/** Whether Call Once Per is set, which adds an output for items already called. */
	keyed?: boolean;
	/** Whether Calling Hours are set, which adds an output. */
	withHours?: boolean;
	/** Whether Dry Run is on, or an expression, which adds the last output with Output per Status. */
	withDryRun?: boolean;
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

/** The names of the outputs, in their order: see `outputsExpression`. */
function outputLabels(state: WaitingState): string[] {
	const { outputPerStatus, withStatuses = outputPerStatus, keyed, withHours, withDryRun } = state;
	return [
		...(withStatuses ? [...Object.values(statusLabels), 'Timed Out'] : ['Called']),
		...(withStatuses && keyed ? ['Already Called'] : []),
		...(withHours ? ['Outside Hours'] : []),
		...(withStatuses && withDryRun ? ['Dry Run'] : []),
	];
}

/**
 * The node's output, in the order of the input. Open calls are marked as timed out. Failed items have their
 * error, so that n8n can route them to the error output.
 */
export function waitingOutputs(node: INode, state: WaitingState): INodeExecutionData[][] {
	const labels = outputLabels(state);
	const outputs = labels.map((): INodeExecutionData[] => []);
	// An item whose output the node does not have leaves by the first one.
	for (const item of state.items) {
		outputs[Math.max(0, labels.indexOf(labelOf(item, state) ?? ''))]?.push(toOutput(node, item));
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
	{ itemIndex, call, error, metadata, testNumber, dryRun, shown, outside }: WaitingItem,
): INodeExecutionData {
	const more = {
		...(dryRun ? { dryRun } : {}),
		...(metadata ? { metadata } : {}),
		...(testNumber ? { testNumber } : {}),
	};
	if (outside) return { ...outside, pairedItem: { item: itemIndex } };
	if (shown) return { json: shown, pairedItem: { item: itemIndex } };
	if (error) {
		const { message, description } = error;
		const failure = new NodeOperationError(node, message, { description, itemIndex });
		return errorItem(failure, itemIndex, more);
	}
	const timedOut = isTerminal(String(call?.status)) ? {} : { timedOut: true };
	return {
		json: {
			...call,
			...timedOut,
			...more,
		},
		pairedItem: { item: itemIndex },
	};
}

/** The output for an item with Output per Status. Errors go to Failed, unless n8n routes them to the error output. */
function labelOf(
	{ call, error, shown, outside }: WaitingItem,
	{ outputPerStatus }: WaitingState,
): string | undefined {
	if (outside) return 'Outside Hours';
	if (shown) return shown.alreadyCalled ? 'Already Called' : 'Dry Run';
	if (!outputPerStatus) return undefined;
	if (error) return statusLabels.failed;
	const status = terminalStatuses.find((it) => it === call?.status);
	return status ? statusLabels[status] : 'Timed Out';
}
