import type { IExecuteFunctions } from 'n8n-workflow';
import { defaultTimeout, type ApiResult, type Connection } from '../../../shared/api/client';
import type { CallQuery } from './callFilters';
import { collectPages } from '../../../shared/api/pagination';
import { sendWithRetries } from '../../../shared/api/sendWithRetries';
import {
	callResponse,
	callsResponse,
	type CallResponse,
	type ListedCall,
} from '../../../shared/api/schemas';

/** The maximum page size of GET /calls. */
const pageSize = 50;

/** Lists calls (GET /calls), at most `limit`, unchanged. */
export async function listCalls(
	context: IExecuteFunctions,
	connection: Connection,
	query: CallQuery,
	limit: number,
	signal: AbortSignal,
): Promise<ApiResult<ListedCall[]>> {
	return await collectPages(
		async (page) => {
			const result = await sendWithRetries(context, connection, {
				method: 'GET',
				path: '/calls',
				query: { ...query, page, limit: Math.min(pageSize, limit) },
				timeout: defaultTimeout,
				purpose: 'read',
				schema: callsResponse,
			});
			if (!result.ok) return result;
			const { calls, pagination } = result.value;
			// Validated above; unknown fields are included.
			const entries = calls as ListedCall[];
			return { ok: true, value: { entries, hasNextPage: pagination.hasNextPage } };
		},
		limit,
		signal,
	);
}

/** Reads a call (GET /calls/{id}), unchanged, with fresh links to its files. */
export async function readCall(
	context: IExecuteFunctions,
	connection: Connection,
	callId: string,
): Promise<ApiResult<CallResponse>> {
	return await sendWithRetries(context, connection, {
		method: 'GET',
		path: `/calls/${encodeURIComponent(callId)}`,
		timeout: defaultTimeout,
		purpose: 'read',
		schema: callResponse,
	});
}
