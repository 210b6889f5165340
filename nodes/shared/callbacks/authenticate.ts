import type { IWebhookFunctions } from 'n8n-workflow';
import type { Connection } from '../api/client';
import { parseCallback } from './parseCallback';
import { responses, type CallbackResponse } from './responses';
import { decideVerification, type Verification } from './verification';
import { readContext, type CallbackContext } from './callbackUrl';
import { retrieveEvent } from './retrieveEvent';
import type { CallbackBody, StatusResponse } from '../api/schemas';
import { verifySignature } from './verifySignature';
import { readRequest } from './webhook';

/** A callback that was found genuine. */
export interface AuthenticCallback {
	event: CallbackBody | StatusResponse;
	/** What its URL carried, where that is signed (or nobody asks for a signature). */
	context: CallbackContext | undefined;
	/** Where the credential had to be read for it. */
	connection: Connection | undefined;
}

/** The answer for an event that is of no use here, genuine or not; undefined for one that is. */
export type CallbackFilter = (
	event: CallbackBody,
	context: CallbackContext | undefined,
) => CallbackResponse | undefined;

/**
 * The one way in for callbacks, to the trigger and to executions that wait: a genuine event of use,
 * or the answer for the sender. AlloMia is asked about nothing that would be of no use anyway.
 * @param door names what the callback came to: few may wait there
 */
export async function authenticate(
	webhook: IWebhookFunctions,
	door: string,
	verification: Verification,
	screen: CallbackFilter,
): Promise<AuthenticCallback | CallbackResponse> {
	const read = parseCallback(readRequest(webhook));
	if (!read.ok) return read.answer;
	const { event } = read;
	if (verification === 'none') {
		const context = readContext(webhook.getRequestObject().query);
		return screen(event, context) ?? { event, context, connection: undefined };
	}
	try {
		const verified = await verifySignature(webhook, door);
		if (!verified) return responses.unavailable;
		const { context, connection } = verified;
		const verdict = decideVerification(verification, context !== undefined);
		if (verdict.kind === 'refuse') return verdict.answer;
		const useless = screen(event, context);
		if (useless) return useless;
		if (verdict.kind === 'genuine') return { event, context, connection };
		const isSigned = context !== undefined;
		const word = await retrieveEvent(webhook, door, isSigned, event.outboundCallId, connection);
		if ('answer' in word) return word.answer;
		return screen(word.event, context) ?? { ...word, context };
	} catch (error) {
		// The credential is gone or unusable. The sender may come again once that is put right.
		const { message } = error as Error;
		webhook.logger.error(`${webhook.getNode().name}: a callback could not be checked. ${message}`);
		return responses.unavailable;
	}
}

/** Whether `admit` gave an answer for the sender. */
export function isResponse(
	result: AuthenticCallback | CallbackResponse,
): result is CallbackResponse {
	return 'status' in result;
}
