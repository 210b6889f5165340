import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import type { Connection } from '../../../shared/api';
import { readStatus } from '../../../shared/callStatus';
import { pause } from '../../../shared/pause';
import {
	pendingCalls,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from '../../../shared/waiting';

const concurrency = 10;

/** The first wait between two rounds, in ms. It grows up to the interval that the user set. */
const firstWait = 1000;

/**
 * Asks AlloMia how the calls stand until all have ended or the limit is over. A status request that
 * fails counts as "still calling": the next round asks again.
 */
export async function poll(
	context: IExecuteFunctions,
	connection: Connection,
	state: WaitingState,
	interval: number,
): Promise<INodeExecutionData[][]> {
	const signal = context.getExecutionCancelSignal();
	const limit = pLimit(concurrency);
	let { items } = state;
	let wait = Math.min(firstWait, interval);
	while (!signal?.aborted) {
		const outcomes = new Map<string, IDataObject>();
		await limit.map(pendingCalls(items), async (id) => {
			const status = await readStatus(context, connection, id);
			if (status.ok) outcomes.set(id, status.value);
		});
		items = withOutcomes(items, outcomes);
		const left = state.deadline - Date.now();
		if (pendingCalls(items).length === 0 || left <= 0) break;
		await pause(Math.min(wait, left), signal);
		wait = Math.min(wait * 1.5, interval);
	}
	return waitingOutputs(context.getNode(), { ...state, items });
}
