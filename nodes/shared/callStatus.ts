import { defaultTimeout, send, type ApiResult, type Connection, type RequestContext } from './api';
import { statusAnswer, type StatusAnswer } from './schemas';

/** Asks AlloMia how a call stands (GET /outbound/{id}/status), untouched. */
export async function readStatus(
	context: RequestContext,
	connection: Connection,
	outboundCallId: string,
	timeout = defaultTimeout,
): Promise<ApiResult<StatusAnswer>> {
	return await send(context, connection, {
		method: 'GET',
		path: `/outbound/${encodeURIComponent(outboundCallId)}/status`,
		timeout,
		purpose: 'read',
		answer: statusAnswer,
	});
}
