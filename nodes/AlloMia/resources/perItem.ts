import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { ApiResult } from '../../shared/api';
import type { Refusal } from '../../shared/refusal';
import { apiError, errorItem, refusalError } from '../../shared/nodeErrors';

/** How many items are worked on at the same time, where nothing is dialled. */
const concurrency = 10;

type Item<T> = { itemIndex: number } & (
	| { ok: true; value: T }
	| { ok: false; refusals: Refusal[] }
);

/**
 * Runs `work` for each good item, a few at a time, and gives the output in the order of the input,
 * each item tied to the one it came from.
 * @param work is told by its signal that nobody waits for it any more: the execution was cancelled,
 * or another item has failed. It may then give undefined.
 * @throws NodeApiError for the first failure, where the node is set to stop
 */
export async function perItem<T>(
	context: IExecuteFunctions,
	items: ReadonlyArray<Item<T>>,
	work: (value: T, signal: AbortSignal) => Promise<ApiResult<INodeExecutionData[]> | undefined>,
): Promise<INodeExecutionData[]> {
	const node = context.getNode();
	const limit = pLimit(concurrency);
	const cancel = context.getExecutionCancelSignal();
	const stop = new AbortController();
	const signal = cancel ? AbortSignal.any([cancel, stop.signal]) : stop.signal;
	const outputs = await Promise.all(
		items.map((item) =>
			limit(async (): Promise<INodeExecutionData[]> => {
				const { itemIndex } = item;
				if (signal.aborted) return [];
				if (!item.ok) {
					return [errorItem(refusalError(node, item.refusals, itemIndex, ''), itemIndex)];
				}
				const result = await work(item.value, signal);
				if (!result) return [];
				if (result.ok) {
					return result.value.map((output) => ({ ...output, pairedItem: { item: itemIndex } }));
				}
				const error = apiError(node, result.failure, itemIndex);
				if (context.continueOnFail()) return [errorItem(error, itemIndex)];
				limit.clearQueue();
				stop.abort();
				throw error;
			}),
		),
	);
	return outputs.flat();
}
