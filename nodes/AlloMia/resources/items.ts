import { NodeOperationError, sleep, type IExecuteFunctions } from 'n8n-workflow';
import type { Validated } from '../../shared/values/validation';
import { validationError } from '../../shared/n8n/nodeErrors';

/** The most lines that an error lists: beyond it, nobody reads on. */
const maxLines = 20;

/** How long n8n can do nothing else while items are read, in ms. */
const longestStretch = 50;

/** How many lists are being read in this process: they share that time. */
let readers = 0;

/** An item whose parameters were read: what to send, or everything that is wrong with it. */
export type ValidatedItem<T> = { itemIndex: number } & Validated<T>;

/** The items' positions, with pauses: to evaluate an expression takes n8n half a millisecond. */
export async function* itemIndexes(context: IExecuteFunctions): AsyncGenerator<number> {
	let begun = Date.now();
	readers += 1;
	try {
		for (const itemIndex of context.getInputData().keys()) {
			if (Date.now() - begun > longestStretch / readers) {
				await sleep(0);
				begun = Date.now();
			}
			yield itemIndex;
		}
	} finally {
		readers -= 1;
	}
}

/** Reads every item before anything is sent. An expression that fails counts as a refusal. */
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
 * The items, unless one of them is refused and the node is set to stop at it.
 * @throws NodeOperationError that lists the refused items, field by field
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
