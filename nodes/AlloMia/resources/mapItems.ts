import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { ApiResult, Connection } from '../../shared/api/client';
import type { Validated } from '../../shared/values/validation';
import { apiError, connectNode, errorItem, validationError } from '../../shared/n8n/nodeErrors';
import { readItems, throwUnlessContinuing } from './items';

/** How many items are processed at a time. Calls are placed elsewhere: see `dial.ts`. */
const concurrency = 10;

/** How an operation processes an item. */
interface ItemHandler<T> {
	/** Validates an item's parameters. */
	read: (itemIndex: number, connection: Connection) => Validated<T>;
	/** What did not happen if items are invalid, as a sentence. */
	consequence: string;
	/**
	 * Processes a valid item. The signal aborts when the execution is cancelled or another item fails; it may
	 * return undefined then.
	 */
	handle: (
		value: T,
		connection: Connection,
		signal: AbortSignal,
	) => Promise<ApiResult<INodeExecutionData[]> | undefined>;
}

/**
 * Validates all items, then processes the valid ones, a few at a time. The output is in the order of the input
 * and linked to it by `pairedItem`.
 * @throws NodeOperationError for invalid items, NodeApiError for the first failure, unless On Error is set to
 * continue
 */
export async function mapItems<T>(
	context: IExecuteFunctions,
	{ read, consequence, handle }: ItemHandler<T>,
): Promise<INodeExecutionData[][]> {
	const connection = await connectNode(context);
	const found = await readItems(context, (itemIndex) => read(itemIndex, connection));
	const items = throwUnlessContinuing(context, found, consequence);
	const node = context.getNode();
	const limit = pLimit(concurrency);
	const cancel = context.getExecutionCancelSignal();
	const stop = new AbortController();
	const signal = cancel ? AbortSignal.any([cancel, stop.signal]) : stop.signal;
	const outputs = await limit.map(items, async (item): Promise<INodeExecutionData[]> => {
		const { itemIndex } = item;
		if (signal.aborted) return [];
		if (!item.ok) {
			return [errorItem(validationError(node, item.issues, itemIndex, ''), itemIndex)];
		}
		const result = await handle(item.value, connection, signal);
		if (!result || signal.aborted) return [];
		if (result.ok) {
			return result.value.map((output) => ({ ...output, pairedItem: { item: itemIndex } }));
		}
		const error = apiError(node, result.failure, itemIndex);
		if (context.continueOnFail()) return [errorItem(error, itemIndex)];
		stop.abort();
		throw error;
	});
	return [outputs.flat()];
}

/** Converts a response to items: one for each entry of a list. */
export function toItems<T extends IDataObject>(
	result: ApiResult<T | T[]>,
	shape: (raw: IDataObject) => IDataObject = (raw) => raw,
): ApiResult<INodeExecutionData[]> {
	if (!result.ok) return result;
	const entries = Array.isArray(result.value) ? result.value : [result.value];
	return { ok: true, value: entries.map((raw) => ({ json: shape(raw) })) };
}

/** Lists entries for each item, as Get Many does. */
export async function mapLists<Query>(
	context: IExecuteFunctions,
	read: (
		itemIndex: number,
		connection: Connection,
	) => Validated<{ query: Query; limit: number; simplify: boolean }>,
	list: (
		context: IExecuteFunctions,
		connection: Connection,
		query: Query,
		limit: number,
		signal: AbortSignal,
	) => Promise<ApiResult<IDataObject[]>>,
	simplifyEntry: (entry: IDataObject) => IDataObject,
): Promise<INodeExecutionData[][]> {
	return await mapItems(context, {
		read,
		consequence: 'Nothing was looked up.',
		handle: async ({ query, limit, simplify }, connection, signal) =>
			toItems(
				await list(context, connection, query, limit, signal),
				simplify ? simplifyEntry : undefined,
			),
	});
}
