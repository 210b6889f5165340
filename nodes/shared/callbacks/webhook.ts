import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import type { CallbackRequest } from './parseCallback';
import { responses, type CallbackResponse } from './responses';

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

/**
 * Handles a request, and responds with 503 if that throws: n8n would start or resume the workflow with an empty item in
 * place of a result.
 */
export async function handle(
	webhook: IWebhookFunctions,
	work: () => Promise<IWebhookResponseData>,
): Promise<IWebhookResponseData> {
	try {
		return await work();
	} catch (error) {
		const { message } = error as Error;
		webhook.logger.error(`${webhook.getNode().name}: a callback could not be handled. ${message}`);
		return respond(webhook, responses.unavailable);
	}
}

/** Responds to the sender directly: through n8n, a node cannot set the status without starting the workflow. */
export function respond(
	webhook: IWebhookFunctions,
	{ status, body }: CallbackResponse,
): IWebhookResponseData {
	webhook.getResponseObject().status(status).json(body);
	return { noWebhookResponse: true };
}
