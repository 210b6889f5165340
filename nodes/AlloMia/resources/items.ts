import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import type { Checked } from '../../shared/refusal';
import { refusalError } from '../../shared/nodeErrors';

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
