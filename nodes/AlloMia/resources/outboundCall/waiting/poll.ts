import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readStatuses } from '../../../../shared/api/callStatus';
import { abortableSleep, unlessAborted } from '../../../../shared/values/abort';
import { pendingCalls, waitingOutputs, withOutcomes, type WaitingState } from './waitingState';

/** The first wait between two rounds, in ms. It grows up to the interval that the user set. */
const firstWait = 1_000;
const growth = 1.5;

/** How long one status request may take, in ms: the next round asks again. */
const timeout = 10_000;

/** How long the round at the limit may take, in ms, however many calls are left. */
const lastRound = 3_000;

/** Where the node's context keeps what became of its newest wait: Retry On Fail may run it again. */
const earlierKey = 'alloMiaPolled';

interface Polled {
	wait: string;
	deadline: number;
	/** How the calls stood in the end, by their ids. */
	calls: IDataObject;
}

/**
 * Asks AlloMia how the calls stand until all have ended or the limit is over. A status request that
 * fails counts as "still calling": the next round asks again. A later try of Retry On Fail goes on with
 * what the earlier one has learnt, and with its limit, unless that try has placed calls of its own.
 */
export async function poll(
	context: IExecuteFunctions,
	connection: Connection,
	state: WaitingState,
	interval: number,
): Promise<INodeExecutionData[][]> {
	const signal = context.getExecutionCancelSignal();
	const node = context.getContext('node');
	const { deadline, ...earlier } = goOn(state, node[earlierKey] as Polled | undefined);
	let { items } = earlier;
	let wait = Math.min(firstWait, interval);
	while (pendingCalls(items).length > 0 && Date.now() < deadline && !signal?.aborted) {
		await abortableSleep(Math.min(wait, deadline - Date.now()), signal);
		// The last round may take a moment longer than the limit, or it would ask nothing.
		const until = Math.max(deadline, Date.now() + lastRound);
		const asked = readStatuses(context, connection, pendingCalls(items), {
			timeout,
			until,
			signal,
		});
		items = withOutcomes(items, (await unlessAborted(asked, signal)) ?? new Map());
		wait = Math.min(wait * growth, interval);
	}
	const outputs = waitingOutputs(context.getNode(), { ...state, items });
	// By this n8n tells whether to try again.
	if (context.getNode().retryOnFail && outputs[0]?.[0]?.json.error !== undefined) {
		const calls = items.flatMap(({ call }) => (call ? [[call.outboundCallId, call]] : []));
		node[earlierKey] = {
			wait: state.wait,
			deadline,
			calls: Object.fromEntries(calls) as IDataObject,
		};
	}
	return outputs;
}

/** The state with what an earlier try of the same wait has learnt. */
function goOn(state: WaitingState, earlier?: Polled): WaitingState {
	if (earlier?.wait !== state.wait) return state;
	const calls = new Map(Object.entries(earlier.calls)) as Map<string, IDataObject>;
	const items = withOutcomes(state.items, calls);
	const isNew = pendingCalls(items).some((id) => !calls.has(id));
	return { ...state, items, deadline: isNew ? state.deadline : earlier.deadline };
}
