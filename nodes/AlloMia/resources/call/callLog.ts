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

/** The most calls that AlloMia gives at once. */
const pageSize = 50;

/** Calls of an organization's log (GET /calls), as many as wanted, each untouched. */
export async function listCalls(
	context: IExecuteFunctions,
	connection: Connection,
	query: CallQuery,
	wanted: number,
	signal: AbortSignal,
): Promise<ApiResult<ListedCall[]>> {
	return await collectPages(
		async (page) => {
			const result = await sendWithRetries(context, connection, {
				method: 'GET',
				path: '/calls',
				query: { ...query, page, limit: Math.min(pageSize, wanted) },
				timeout: defaultTimeout,
				purpose: 'read',
				schema: callsResponse,
			});
			if (!result.ok) return result;
			const { calls, pagination } = result.value;
			// The check made sure of what each call holds; unknown fields are there as well.
			const entries = calls as ListedCall[];
			return { ok: true, value: { entries, hasNextPage: pagination.hasNextPage } };
		},
		wanted,
		signal,
	);
}

/** One call of the log (GET /calls/{id}), untouched. Its links are fresh. */
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
