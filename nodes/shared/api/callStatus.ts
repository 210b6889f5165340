import pLimit from 'p-limit';
import {
	defaultTimeout,
	send,
	type ApiRequest,
	type ApiResult,
	type Connection,
	type RequestContext,
} from './client';
import type { Failure } from './failure';
import { statusResponse, type StatusResponse } from './schemas';

/** The request GET /outbound/{id}/status. */
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

/** Reads the status of an outbound call, without retries. */
export async function readStatus(
	context: RequestContext,
	connection: Connection,
	outboundCallId: string,
	timeout?: number,
): Promise<ApiResult<StatusResponse>> {
	return await send(context, connection, statusRequest(outboundCallId, timeout));
}

/** How many status requests are sent at a time. */
const concurrency = 10;

/**
 * Reads the statuses of several outbound calls, without retries.
 * @param timeout of one request, in ms
 * @param until when to stop sending requests, in ms since 1970
 * @param signal aborts when the execution is cancelled
 * @param onFailure receives the ID of each call whose status could not be read, and why
 * @returns the statuses by call ID, without those that failed or were not requested in time
 */
export async function readStatuses(
	context: RequestContext,
	connection: Connection,
	outboundCallIds: readonly string[],
	{
		timeout,
		until = Infinity,
		signal,
		onFailure,
	}: {
		timeout: number;
		until?: number;
		signal?: AbortSignal;
		onFailure?: (outboundCallId: string, failure: Failure) => void;
	},
): Promise<Map<string, StatusResponse>> {
	const statuses = new Map<string, StatusResponse>();
	await pLimit(concurrency).map(outboundCallIds, async (id) => {
		const left = until - Date.now();
		if (left <= 0 || signal?.aborted) return;
		const status = await readStatus(context, connection, id, Math.min(timeout, left));
		if (!status.ok) onFailure?.(id, status.failure);
		// The status of another call says nothing about this one.
		else if (sameCall(status.value.outboundCallId, id)) statuses.set(id, status.value);
	});
	return statuses;
}

/** Compares two call IDs. UUIDs are case-insensitive. */
export function sameCall(first: string, second: string): boolean {
	return first.toLowerCase() === second.toLowerCase();
}
