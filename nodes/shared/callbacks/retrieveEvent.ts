import { sleep } from 'n8n-workflow';
import { connect, type ApiResult, type Connection, type RequestContext } from '../api/client';
import { readStatus, sameCall } from '../api/callStatus';
import { isUnknownCall } from '../api/failure';
import type { StatusResponse } from '../api/schemas';
import { isTerminal } from '../api/terminalStatus';
import { KeyedLimiter } from './keyedLimiter';
import { responses, type CallbackResponse } from './responses';

/** How long AlloMia may take to confirm a callback, in ms, and both times together: its sender is waiting. */
export const retrieveTimeout = { once: 8_000, inAll: 10_000 };

/** After how long AlloMia is asked once more about a call that has not ended yet as far as it knows, in ms. */
export const catchUpTime = 1_000;

/**
 * How many callbacks may wait for AlloMia's word at one door at the same time. Nobody can invent a signed
 * one.
 */
export const maxWaiting = { signed: 50, unsigned: 12 };

const signedLines = new KeyedLimiter(100);
const unsignedLines = new KeyedLimiter(50);

type Retrieved = { event: StatusResponse } | { answer: CallbackResponse };

/**
 * AlloMia's own word about a callback that is not believed: its version of the outcome, or the answer
 * for the sender. Whoever invents callbacks cannot make this process ask more than a few questions at
 * a time, nor keep others from asking theirs: one too many is told to come again (503), before the
 * credential is read for it.
 * @param door what the callback came to
 * @param connection where the credential was read already
 */
export async function retrieveEvent(
	context: RequestContext,
	door: string,
	isSigned: boolean,
	outboundCallId: string,
	connection?: Connection,
): Promise<{ event: StatusResponse; connection: Connection } | { answer: CallbackResponse }> {
	const [lines, most] = isSigned
		? [signedLines, maxWaiting.signed]
		: [unsignedLines, maxWaiting.unsigned];
	const heard = await lines.run(door, most, async () => {
		const asked = connection ?? (await connect(context));
		const word = await retrieveNow(context, asked, outboundCallId);
		return 'answer' in word ? word : { ...word, connection: asked };
	});
	return heard ?? { answer: responses.unavailable };
}

async function retrieveNow(
	context: RequestContext,
	connection: Connection,
	id: string,
): Promise<Retrieved> {
	const until = Date.now() + retrieveTimeout.inAll;
	const ask = async () => {
		const timeout = Math.min(retrieveTimeout.once, until - Date.now());
		return toEvent(await readStatus(context, connection, id, timeout), id);
	};
	let word = await ask();
	// It may not have heard yet of what it has just told us.
	if (isBehind(word) && Date.now() + 2 * catchUpTime < until) {
		await sleep(catchUpTime);
		word = await ask();
	}
	return isBehind(word) ? { answer: responses.unavailable } : word;
}

/** Whether AlloMia knows no end of a call that has ended, if its callback is genuine. */
function isBehind(word: Retrieved): boolean {
	return 'event' in word && !isTerminal(word.event.status);
}

/** What AlloMia's own word makes of an unsigned callback: its version, or an answer. */
export function toEvent(
	asked: ApiResult<StatusResponse>,
	outboundCallId: string,
): { event: StatusResponse } | { answer: CallbackResponse } {
	if (asked.ok) {
		// An answer about another call proves nothing about this one.
		return sameCall(asked.value.outboundCallId, outboundCallId)
			? { event: asked.value }
			: { answer: responses.unavailable };
	}
	return { answer: isUnknownCall(asked.failure) ? responses.unverified : responses.unavailable };
}
