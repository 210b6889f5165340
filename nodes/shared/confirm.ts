import pLimit from 'p-limit';
import type { Connection, RequestContext } from './api';
import { answers, believe, type DoorAnswer } from './callbackDoor';
import { readStatus } from './callStatus';
import type { StatusAnswer } from './schemas';

/** How long AlloMia may take to confirm a callback, in ms: its sender is waiting. */
export const confirmTimeout = 8_000;

/** How many unsigned callbacks are asked about at the same time, and how many may wait for that. */
const concurrency = 10;
const maxWaiting = 200;

const limit = pLimit(concurrency);

/**
 * AlloMia's own word about a callback that is not signed: its version of the outcome, or the answer
 * for the sender. Whoever invents callbacks cannot make this process ask more than a few questions
 * at a time, nor wait for more than twice the time-out: the rest is told to come again (503).
 */
export async function confirm(
	context: RequestContext,
	connection: Connection,
	outboundCallId: string,
): Promise<{ event: StatusAnswer } | { answer: DoorAnswer }> {
	if (limit.pendingCount >= maxWaiting) return { answer: answers.unavailable };
	const latest = Date.now() + confirmTimeout;
	return await limit(async () => {
		if (Date.now() > latest) return { answer: answers.unavailable };
		const asked = await readStatus(context, connection, outboundCallId, confirmTimeout);
		return believe(asked, outboundCallId);
	});
}
