import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { CallbackRequest } from './parseCallback';
import type { CallbackResponse } from './responses';

/** What a request to one of our webhooks brings. */
export function readRequest(webhook: IWebhookFunctions): CallbackRequest {
	const request = webhook.getRequestObject();
	const declared = Number(request.headers['content-length'] ?? 0);
	return {
		contentType: request.headers['content-type'],
		bytes: request.rawBody?.length ?? declared,
		body: request.body as unknown,
	};
}

/** Answers the sender itself: n8n would only let it choose a body, and not where a workflow starts. */
export function respond(
	webhook: IWebhookFunctions,
	{ status, body }: CallbackResponse,
): IWebhookResponseData {
	webhook.getResponseObject().status(status).json(body);
	return { noWebhookResponse: true };
}
