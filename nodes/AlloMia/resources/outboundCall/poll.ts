import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Connection } from '../../../shared/api';
import { readStatuses } from '../../../shared/callStatus';
import { pause, unlessCancelled } from '../../../shared/pause';
import {
	pendingCalls,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from '../../../shared/waiting';

/** The first wait between two rounds, in ms. It grows up to the interval that the user set. */
const firstWait = 1_000;
const growth = 1.5;

/** How long one status request may take, in ms: the next round asks again. */
const timeout = 10_000;

/** How long the round at the limit may take, in ms, however many calls are left. */
const lastRound = 3_000;

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
	let { items } = state;
	let wait = Math.min(firstWait, interval);
	while (pendingCalls(items).length > 0 && Date.now() < state.deadline && !signal?.aborted) {
		await pause(Math.min(wait, state.deadline - Date.now()), signal);
		// The last round may take a moment longer than the limit, or it would ask nothing.
		const until = Math.max(state.deadline, Date.now() + lastRound);
		const asked = readStatuses(context, connection, pendingCalls(items), {
			timeout,
			until,
			signal,
		});
		items = withOutcomes(items, (await unlessCancelled(asked, signal)) ?? new Map());
		wait = Math.min(wait * growth, interval);
	}
	return waitingOutputs(context.getNode(), { ...state, items });
}
