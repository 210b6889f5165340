import { sleep } from 'n8n-workflow';
import { readStatus, sameCall } from '../api/callStatus';
import { connect, type ApiResult, type Connection, type RequestContext } from '../api/client';
import { isUnknownCall } from '../api/failure';
import type { StatusResponse } from '../api/schemas';
import { isTerminal } from '../api/terminalStatus';
import { KeyedLimiter } from './keyedLimiter';
import { responses, type CallbackResponse } from './responses';

/** Timeouts in ms, of one request to AlloMia and of all for a callback: its sender is waiting. */
export const retrieveTimeout = { once: 8_000, inAll: 10_000 };

/** The delay before AlloMia is asked again about a call that has not ended in its records, in ms. */
export const catchUpTime = 1_000;

/** How many callbacks of one endpoint may wait for AlloMia at a time. Signed ones cannot be forged. */
export const maxWaiting = { signed: 50, unsigned: 12 };

const signedCallbacks = new KeyedLimiter(100);
const unsignedCallbacks = new KeyedLimiter(50);

type Retrieved = { event: StatusResponse } | { response: CallbackResponse };

/**
 * Retrieves the event of a callback that is not trusted from AlloMia's API. The number of callbacks that wait
 * is limited, so that forged ones neither flood AlloMia nor block others: beyond the limit, the response is
 * 503, before the credential is read.
 * @param endpoint identifies what the callback was sent to
 * @param connection if the credential was read already
 * @returns the call's status according to AlloMia, or the response for the sender
 */
export async function retrieveEvent(
	context: RequestContext,
	endpoint: string,
	isSigned: boolean,
	outboundCallId: string,
	connection?: Connection,
): Promise<{ event: StatusResponse; connection: Connection } | { response: CallbackResponse }> {
	const [limiter, limit] = isSigned
		? [signedCallbacks, maxWaiting.signed]
		: [unsignedCallbacks, maxWaiting.unsigned];
	const result = await limiter.run(endpoint, limit, async () => {
		const current = connection ?? (await connect(context));
		const retrieved = await retrieveNow(context, current, outboundCallId);
		return 'response' in retrieved ? retrieved : { ...retrieved, connection: current };
	});
	return result ?? { response: responses.unavailable };
}

async function retrieveNow(
	context: RequestContext,
	connection: Connection,
	id: string,
): Promise<Retrieved> {
	const until = Date.now() + retrieveTimeout.inAll;
	const retrieve = async () => {
		const timeout = Math.min(retrieveTimeout.once, until - Date.now());
		return toEvent(await readStatus(context, connection, id, timeout), id);
	};
	let result = await retrieve();
	// AlloMia's API may lag behind its callbacks.
	if (isOpen(result) && Date.now() + 2 * catchUpTime < until) {
		await sleep(catchUpTime);
		result = await retrieve();
	}
	return isOpen(result) ? { response: responses.unavailable } : result;
}

/** Whether the call has not ended in AlloMia's records, as it must have if the callback is genuine. */
function isOpen(result: Retrieved): boolean {
	return 'event' in result && !isTerminal(result.event.status);
}

/** Converts the result of a status request into the event, or the response for the sender. */
export function toEvent(result: ApiResult<StatusResponse>, outboundCallId: string): Retrieved {
	if (result.ok) {
		// The status of another call proves nothing about this one.
		return sameCall(result.value.outboundCallId, outboundCallId)
			? { event: result.value }
			: { response: responses.unavailable };
	}
	return { response: isUnknownCall(result.failure) ? responses.unverified : responses.unavailable };
}
