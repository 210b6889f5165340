import type { IWebhookFunctions } from 'n8n-workflow';
import type { Connection } from '../api/client';
import type { CallbackBody, StatusResponse } from '../api/schemas';
import { readContext, type CallbackContext } from './signedUrl';
import { parseCallback } from './parseCallback';
import { responses, type CallbackResponse } from './responses';
import { retrieveEvent } from './retrieveEvent';
import { decideVerification, type Verification } from './verificationPolicy';
import { verifySignature } from './verifySignature';
import { readRequest } from './webhook';

/** A callback that is known to come from AlloMia, or that nobody asked to verify. */
export interface AuthenticCallback {
	event: CallbackBody | StatusResponse;
	/** The context in its URL; undefined if that is not signed and verification is on. */
	context: CallbackContext | undefined;
	/** Set if the credential had to be read. */
	connection: Connection | undefined;
}

/** The response for an event that is not needed, whether authentic or not; undefined to go on with it. */
export type CallbackFilter = (
	event: CallbackBody,
	context: CallbackContext | undefined,
) => CallbackResponse | undefined;

/**
 * Authenticates a callback to the trigger or to a waiting execution. AlloMia is not asked about events that
 * `filter` responds to.
 * @param endpoint identifies what the callback was sent to: the number of callbacks that wait there is limited
 * @returns the callback, or the response for its sender
 */
export async function authenticate(
	webhook: IWebhookFunctions,
	endpoint: string,
	verification: Verification,
	filter: CallbackFilter,
): Promise<AuthenticCallback | CallbackResponse> {
	const parsed = parseCallback(readRequest(webhook));
	if (!parsed.ok) return parsed.response;
	const { event } = parsed;
	if (verification === 'none') {
		const context = readContext(webhook.getRequestObject().query);
		return filter(event, context) ?? { event, context, connection: undefined };
	}
	try {
		const verified = await verifySignature(webhook, endpoint);
		if (!verified) return responses.unavailable;
		const { context, connection } = verified;
		const isSigned = context !== undefined;
		const verdict = decideVerification(verification, isSigned);
		if (verdict.kind === 'reject') return verdict.response;
		const filtered = filter(event, context);
		if (filtered) return filtered;
		if (verdict.kind === 'authentic') return { event, context, connection };
		const { outboundCallId } = event;
		const retrieved = await retrieveEvent(webhook, endpoint, isSigned, outboundCallId, connection);
		if ('response' in retrieved) return retrieved.response;
		return filter(retrieved.event, context) ?? { ...retrieved, context };
	} catch (error) {
		// The credential is missing or invalid: the sender may try again once it is corrected.
		const { message } = error as Error;
		webhook.logger.error(`${webhook.getNode().name}: a callback could not be checked. ${message}`);
		return responses.unavailable;
	}
}

/** Whether `authenticate` returned a response for the sender. */
export function isResponse(
	result: AuthenticCallback | CallbackResponse,
): result is CallbackResponse {
	return 'status' in result;
}
