import { NodeOperationError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';
import {
	readCallRequest,
	readUuid,
	type CallRequest,
	type Checked,
} from '../../../shared/callRequest';
import { refusalError } from '../../../shared/nodeErrors';
import type { Refusal } from '../../../shared/refusal';

/** The most lines that an error lists: beyond it, nobody reads on. */
const maxLines = 20;

/** An item whose parameters were read: what to send, or everything that is wrong with it. */
export type ReadItem<T> = { itemIndex: number } & Checked<T>;

/** Reads every item before anything is sent. An expression that fails counts as a refusal. */
export function readItems<T>(
	context: IExecuteFunctions,
	read: (itemIndex: number) => Checked<T>,
): Array<ReadItem<T>> {
	return context.getInputData().map((_, itemIndex) => {
		try {
			return { itemIndex, ...read(itemIndex) };
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			return { itemIndex, ok: false, refusals: [{ field: 'Parameters', message }] };
		}
	});
}

/**
 * The items, unless one of them is refused and the node is set to stop at it.
 * @throws NodeOperationError that lists the refused items, field by field
 */
export function refuseUnlessContinuing<T>(
	context: IExecuteFunctions,
	items: Array<ReadItem<T>>,
	consequence: string,
): Array<ReadItem<T>> {
	const bad = items.filter((item) => !item.ok);
	const [first] = bad;
	if (!first || first.ok || context.continueOnFail()) return items;
	if (items.length === 1) {
		throw refusalError(context.getNode(), first.refusals, first.itemIndex, consequence);
	}
	const lines = bad.flatMap((item) =>
		item.ok
			? []
			: item.refusals.map(({ field, message }) => `Item ${item.itemIndex}: ${field}: ${message}`),
	);
	const rest = lines.length - maxLines;
	throw new NodeOperationError(
		context.getNode(),
		`${bad.length} of ${items.length} items cannot be used. ${lines[0]}`,
		{
			itemIndex: first.itemIndex,
			description: [
				consequence,
				...lines.slice(0, maxLines),
				...(rest > 0 ? [`… and ${rest} more`] : []),
			].join('\n'),
		},
	);
}

/** One item's call, without a callback URL. */
export function readCall(context: IExecuteFunctions, itemIndex: number): Checked<CallRequest> {
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, undefined);
	const specify = parameter('specifyDynamicVariables');
	return readCallRequest({
		phoneNumber: parameter('phoneNumber'),
		assistantId: parameter('assistantId'),
		phoneNumberId: parameter('phoneNumberId'),
		customerName: parameter('customerName'),
		specifyDynamicVariables: specify,
		dynamicVariables: specify === 'json' ? undefined : parameter('dynamicVariables'),
		dynamicVariablesJson: specify === 'json' ? parameter('dynamicVariablesJson') : undefined,
		options: readOptions(context, itemIndex),
		keyed: hasOnceKey(context),
	});
}

/** Whether Call Once Per is set, whatever it comes to for an item: outputs must not depend on it. */
export function hasOnceKey(context: IExecuteFunctions): boolean {
	const { options } = context.getNode().parameters;
	return Boolean((options as IDataObject | undefined)?.onceKey);
}

/** One item's outbound call ID. */
export function readCallId(context: IExecuteFunctions, itemIndex: number): Checked<string> {
	const refusals: Refusal[] = [];
	const id = readUuid(
		'Outbound Call ID',
		context.getNodeParameter('outboundCallId', itemIndex, ''),
		refusals,
	);
	return refusals.length > 0 ? { ok: false, refusals } : { ok: true, value: id };
}

export function readOptions(context: IExecuteFunctions, itemIndex: number): IDataObject {
	return context.getNodeParameter('options', itemIndex, {}) as IDataObject;
}
