import pLimit from 'p-limit';
import {
	defaultTimeout,
	send,
	type ApiRequest,
	type ApiResult,
	type Connection,
	type RequestContext,
} from './client';
import { statusResponse, type StatusResponse } from './schemas';

/** The request for how a call stands: GET /outbound/{id}/status. */
export function statusRequest(
	outboundCallId: string,
	timeout = defaultTimeout,
): ApiRequest<typeof statusResponse> {
	return {
		method: 'GET',
		path: `/outbound/${encodeURIComponent(outboundCallId)}/status`,
		timeout,
		purpose: 'read',
		schema: statusResponse,
	};
}

/** Asks AlloMia, once, how a call stands. */
export async function readStatus(
	context: RequestContext,
	connection: Connection,
	outboundCallId: string,
	timeout?: number,
): Promise<ApiResult<StatusResponse>> {
	return await send(context, connection, statusRequest(outboundCallId, timeout));
}

/** How many calls are asked about at the same time. */
const concurrency = 10;

/**
 * Asks AlloMia about several calls, a few at a time: the answers, by the ids. A call whose request
 * fails is missing; so are those that were not reached by `until` (in ms since 1970) or before the
 * execution was cancelled.
 * @param timeout how long one request may take, in ms
 */
export async function readStatuses(
	context: RequestContext,
	connection: Connection,
	outboundCallIds: readonly string[],
	{ timeout, until = Infinity, signal }: { timeout: number; until?: number; signal?: AbortSignal },
): Promise<Map<string, StatusResponse>> {
	const statuses = new Map<string, StatusResponse>();
	await pLimit(concurrency).map(outboundCallIds, async (id) => {
		const left = until - Date.now();
		if (left <= 0 || signal?.aborted) return;
		const status = await readStatus(context, connection, id, Math.min(timeout, left));
		// An answer about another call says nothing about this one.
		if (status.ok && sameCall(status.value.outboundCallId, id)) statuses.set(id, status.value);
	});
	return statuses;
}

/** Whether two ids are the same but for their case, in which UUIDs do not differ. */
export function sameCall(first: string, second: string): boolean {
	return first.toLowerCase() === second.toLowerCase();
}
