import {
	NodeApiError,
	NodeOperationError,
	sleep,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';
import type { Validated } from '../../shared/values/validation';
import { errorItem, validationError } from '../../shared/n8n/nodeErrors';
import type { Operation } from './operation';

/** The maximum number of lines in an error message. */
const maxLines = 20;

/** How long reading items may block n8n's event loop, in ms. */
const maxBlocking = 50;

/** The number of lists being read in this process, which share that time. */
let readers = 0;

/** An item with its validated parameters, or everything that is wrong with them. */
export type ValidatedItem<T> = { itemIndex: number } & Validated<T>;

/** Iterates over the items' indexes with pauses, since n8n takes half a millisecond to evaluate an expression. */
export async function* itemIndexes(context: IExecuteFunctions): AsyncGenerator<number> {
	let begun = Date.now();
	readers += 1;
	try {
		for (const itemIndex of context.getInputData().keys()) {
			if (Date.now() - begun > maxBlocking / readers) {
				await sleep(0);
				begun = Date.now();
			}
			yield itemIndex;
		}
	} finally {
		readers -= 1;
	}
}

/** Validates all items before anything is sent. A failing expression counts as a validation issue. */
export async function readItems<T>(
	context: IExecuteFunctions,
	read: (itemIndex: number) => Validated<T>,
): Promise<Array<ValidatedItem<T>>> {
	const items: Array<ValidatedItem<T>> = [];
	for await (const itemIndex of itemIndexes(context)) {
		try {
			items.push({ itemIndex, ...read(itemIndex) });
		} catch (error) {
			const message = error instanceof Error ? error.message : String(error);
			items.push({ itemIndex, ok: false, issues: [{ field: 'Parameters', message }] });
		}
	}
	return items;
}

/**
 * Returns the items, or fails if some are invalid, unless On Error is set to continue.
 * @param consequence what did not happen because of that, as a sentence
 * @throws NodeOperationError that lists the invalid items, field by field
 */
export function throwUnlessContinuing<T>(
	context: IExecuteFunctions,
	items: Array<ValidatedItem<T>>,
	consequence: string,
): Array<ValidatedItem<T>> {
	const bad = items.filter((item) => !item.ok);
	const [first] = bad;
	if (!first || first.ok || context.continueOnFail()) return items;
	if (items.length === 1) {
		throw validationError(context.getNode(), first.issues, first.itemIndex, consequence);
	}
	const lines = bad.flatMap((item) =>
		item.ok
			? []
			: item.issues.map(({ field, message }) => `Item ${item.itemIndex}: ${field}: ${message}`),
	);
	const rest = lines.length - maxLines;
	throw new NodeOperationError(
		context.getNode(),
		`${bad.length} of ${items.length} items have invalid values. ${lines[0]}`,
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

/**
 * Converts an error of the run as a whole to one failed item per input item.
 * @param operation undefined if the items cannot be read
 */
export async function errorItems(
	context: IExecuteFunctions,
	error: unknown,
	operation: Operation | undefined,
): Promise<INodeExecutionData[]> {
	const ours = error instanceof NodeApiError || error instanceof NodeOperationError;
	const shown = ours
		? error
		: new NodeOperationError(context.getNode(), error instanceof Error ? error : String(error));
	const items: INodeExecutionData[] = [];
	for await (const itemIndex of itemIndexes(context)) {
		items.push(
			errorItem(shown, itemIndex, await operation?.readFailedItem?.call(context, itemIndex)),
		);
	}
	return items;
}
