import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { ApiResult, Connection } from '../../shared/api/client';
import type { Validated } from '../../shared/values/validation';
import { apiError, connectNode, errorItem, validationError } from '../../shared/n8n/nodeErrors';
import { readItems, throwUnlessContinuing } from './items';

/** How many items are worked on at the same time, where nothing is dialled. */
const concurrency = 10;

/** What an operation does, item by item. */
interface Steps<T> {
	/** Reads an item's parameters. */
	read: (itemIndex: number) => Validated<T>;
	/** What has not happened where an item is refused, as a sentence. */
	consequence: string;
	/**
	 * Does the work for a good item. Its signal says that nobody waits for it any more: the execution
	 * was cancelled, or another item has failed. It may then give undefined.
	 */
	work: (
		value: T,
		connection: Connection,
		signal: AbortSignal,
	) => Promise<ApiResult<INodeExecutionData[]> | undefined>;
}

/**
 * Reads all items, and works on the good ones, a few at a time. The output is in the order of the
 * input, each item tied to the one it came from.
 * @throws NodeOperationError for refused items, NodeApiError for the first failure, where the node is
 * set to stop
 */
export async function mapItems<T>(
	context: IExecuteFunctions,
	{ read, consequence, work }: Steps<T>,
): Promise<INodeExecutionData[][]> {
	const connection = await connectNode(context);
	const items = throwUnlessContinuing(context, await readItems(context, read), consequence);
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
		const result = await work(item.value, connection, signal);
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

/** AlloMia's answer as items: one for each entry of a list. */
export function toItems<T extends IDataObject>(
	result: ApiResult<T | T[]>,
	shape: (raw: IDataObject) => IDataObject = (raw) => raw,
): ApiResult<INodeExecutionData[]> {
	if (!result.ok) return result;
	const entries = Array.isArray(result.value) ? result.value : [result.value];
	return { ok: true, value: entries.map((raw) => ({ json: shape(raw) })) };
}
