import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { CallbackRequest } from './parseCallback';
import type { CallbackResponse } from './responses';

/** The current request to one of the package's webhooks. */
export function readRequest(webhook: IWebhookFunctions): CallbackRequest {
	const request = webhook.getRequestObject();
	const declared = Number(request.headers['content-length'] ?? 0);
	return {
		contentType: request.headers['content-type'],
		bytes: request.rawBody?.length ?? declared,
		body: request.body as unknown,
	};
}

/** Responds to the sender directly: through n8n, a node cannot set the status without starting the workflow. */
export function respond(
	webhook: IWebhookFunctions,
	{ status, body }: CallbackResponse,
): IWebhookResponseData {
	webhook.getResponseObject().status(status).json(body);
	return { noWebhookResponse: true };
}
