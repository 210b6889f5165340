import {
	defaultTimeout,
	send,
	type ApiRequest,
	type ApiResult,
	type Connection,
	type RequestContext,
} from './api';
import { statusAnswer, type StatusAnswer } from './schemas';

/** The request for how a call stands: GET /outbound/{id}/status. */
export function statusRequest(
	outboundCallId: string,
	timeout = defaultTimeout,
): ApiRequest<typeof statusAnswer> {
	return {
		method: 'GET',
		path: `/outbound/${encodeURIComponent(outboundCallId)}/status`,
		timeout,
		purpose: 'read',
		answer: statusAnswer,
	};
}

/** Asks AlloMia, once, how a call stands. */
export async function readStatus(
	context: RequestContext,
	connection: Connection,
	outboundCallId: string,
	timeout?: number,
): Promise<ApiResult<StatusAnswer>> {
	return await send(context, connection, statusRequest(outboundCallId, timeout));
}
