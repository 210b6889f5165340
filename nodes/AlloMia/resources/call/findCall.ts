import type { IExecuteFunctions } from 'n8n-workflow';
import type { ApiResult, Connection } from '../../../shared/api/client';
import { queryAround, matchCall, callTimeOf, type CallTime } from './matchCall';
import { listCalls, readCall } from './callLog';
import { statusRequest } from '../../../shared/api/callStatus';
import { invalidResponse, type Failure } from '../../../shared/api/failure';
import { sendWithRetries } from '../../../shared/api/sendWithRetries';
import { abortableSleep } from '../../../shared/values/abort';
import { firstIssue, loggedCalls, type CallResponse } from '../../../shared/api/schemas';

/** An outbound call to be found in the call log. */
export interface OutboundCallReference {
	outboundCallId: string;
	organizationId: string;
	phoneNumber: string | undefined;
}

/** The waits between searches, in ms, growing from the first to the longest. */
const firstWait = 1_000;
const longestWait = 5_000;
const growth = 1.5;

/** How many consecutive searches may fail because of AlloMia or the network. */
const maxFailures = 3;

/** The result of a search: the call, one that may still become ambiguous, or why there is none. */
type SearchResult =
	| { ok: true; value: CallResponse }
	| { ok: 'early' }
	| { ok: false; failure: Failure; /** Why to search again. */ again?: 'missing' | 'failed' };

/**
 * Finds an outbound call's entry in the call log. The log may lag behind, so it is searched repeatedly until
 * `until`, at least once.
 * @param until in ms since 1970
 * @returns undefined if the signal aborts
 */
export async function findCall(
	context: IExecuteFunctions,
	connection: Connection,
	outboundCall: OutboundCallReference,
	until: number,
	signal: AbortSignal,
): Promise<ApiResult<CallResponse> | undefined> {
	let wait = firstWait;
	let failed = 0;
	let time: CallTime | undefined;

	const search = async (last: boolean): Promise<SearchResult> => {
		const direct = await readCall(context, connection, outboundCall.outboundCallId);
		if (!isMissing(direct)) return markRetryable(direct);
		if (!time) {
			const request = statusRequest(outboundCall.outboundCallId);
			const status = await sendWithRetries(context, connection, request);
			if (!status.ok) return markRetryable(status);
			const known = callTimeOf(status.value);
			if (!known.ok) return { ...known, again: 'missing' };
			time = known.value;
		}
		const query = queryAround(outboundCall.organizationId, time);
		const listed = await listCalls(context, connection, query, Infinity, signal);
		if (!listed.ok) return markRetryable(listed);
		const calls = loggedCalls.safeParse(listed.value);
		if (!calls.success) {
			const problem = `not as documented (${firstIssue(calls.error)})`;
			return { ok: false, failure: invalidResponse(200, problem, 'read') };
		}
		const match = matchCall(calls.data, time, outboundCall.phoneNumber, Date.now());
		if ('failure' in match) {
			const { kind, failure } = match;
			return { ok: false, failure, ...(kind === 'missing' ? { again: kind } : {}) };
		}
		if (match.kind === 'early' && !last) return { ok: 'early' };
		const call = await readCall(context, connection, match.callId);
		return isMissing(call) ? { ...call, again: 'missing' } : markRetryable(call);
	};

	for (;;) {
		const last = Date.now() >= until;
		const result = await search(last);
		if (signal.aborted) return undefined;
		if (result.ok === true) return result;
		if (result.ok === false) {
			failed = result.again === 'failed' ? failed + 1 : 0;
			if (!result.again || last || failed === maxFailures) {
				return { ok: false, failure: result.failure };
			}
		}
		await abortableSleep(Math.min(wait, Math.max(0, until - Date.now())), signal);
		wait = Math.min(wait * growth, longestWait);
	}
}

/** Whether AlloMia does not have the call. */
function isMissing(result: ApiResult<CallResponse>): result is { ok: false; failure: Failure } {
	return !result.ok && result.failure.httpCode === 404 && result.failure.said !== undefined;
}

/** Marks failures that a later search may not have, such as those of the network or a gateway. */
function markRetryable(
	result: ApiResult<CallResponse> | { ok: false; failure: Failure },
): SearchResult {
	if (result.ok) return result;
	const { kind, httpCode, said } = result.failure;
	const isOfGateway = httpCode !== undefined && said === undefined;
	return kind === 'refused' && !isOfGateway ? result : { ...result, again: 'failed' };
}
