import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readStatuses } from '../../../../shared/api/callStatus';
import { abortableSleep, unlessAborted } from '../../../../shared/values/abort';
import { pendingCalls, waitingOutputs, withOutcomes, type WaitingState } from './waitingState';

/** The first wait between two rounds, in ms. It grows up to Poll Interval. */
const firstWait = 1_000;
const growth = 1.5;

/** The timeout of one status request, in ms. */
const timeout = 10_000;

/** How long the round at the deadline may take, and the wait until calls are asked about again that failed in it, in ms. */
const lastRound = 3_000;
const lastWait = 500;

/** The key in the node's context for the result of its last wait, in case that Retry On Fail runs it again. */
const earlierKey = 'alloMiaPolled';

interface Polled {
	wait: string;
	deadline: number;
	/** The last known statuses by call ID. */
	calls: IDataObject;
}

/**
 * Polls the calls' statuses until all have ended or the deadline is reached. A failed status request counts as
 * "calling". A retry by Retry On Fail continues with the statuses of the attempt before, and with its deadline
 * unless the retry has placed new calls.
 */
export async function poll(
	context: IExecuteFunctions,
	connection: Connection,
	state: WaitingState,
	interval: number,
): Promise<INodeExecutionData[][]> {
	const signal = context.getExecutionCancelSignal();
	const node = context.getContext('node');
	const { deadline, ...earlier } = withEarlierAttempt(
		state,
		node[earlierKey] as Polled | undefined,
	);
	let { items } = earlier;
	let wait = Math.min(firstWait, interval);
	/** Whether AlloMia may say more in a moment. */
	let isUnanswered = false;
	const mayAsk = () => Date.now() < deadline || (isUnanswered && Date.now() < deadline + lastRound);
	while (pendingCalls(items).length > 0 && mayAsk() && !signal?.aborted) {
		const left = deadline - Date.now();
		await abortableSleep(left > 0 ? Math.min(wait, left) : lastWait, signal);
		// The last round may exceed the deadline, or it would have no time to ask.
		const until = deadline + lastRound;
		isUnanswered = false;
		const asked = readStatuses(context, connection, pendingCalls(items), {
			timeout,
			until,
			signal,
			onFailure: (_, { kind }) => (isUnanswered ||= kind !== 'refused'),
		});
		items = withOutcomes(items, (await unlessAborted(asked, signal)) ?? new Map());
		wait = Math.min(wait * growth, interval);
	}
	const outputs = waitingOutputs(context.getNode(), { ...state, items });
	// The condition on which n8n retries.
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

/** Adds what an earlier attempt at the same wait has learnt. */
function withEarlierAttempt(state: WaitingState, earlier?: Polled): WaitingState {
	if (earlier?.wait !== state.wait) return state;
	const calls = new Map(Object.entries(earlier.calls)) as Map<string, IDataObject>;
	const items = withOutcomes(state.items, calls);
	const isNew = pendingCalls(items).some((id) => !calls.has(id));
	return { ...state, items, deadline: isNew ? state.deadline : earlier.deadline };
}
