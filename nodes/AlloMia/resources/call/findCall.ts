import type { IExecuteFunctions } from 'n8n-workflow';
import type { ApiResult, Connection } from '../../../shared/api/client';
import { queryAround, matchCall, callTimeOf, type CallTime } from './matchCall';
import { listCalls, readCall } from './callLog';
import { statusRequest } from '../../../shared/api/callStatus';
import { invalidResponse, type Failure } from '../../../shared/api/failure';
import { sendWithRetries } from '../../../shared/api/sendWithRetries';
import { abortableSleep } from '../../../shared/values/abort';
import { firstIssue, loggedCalls, type CallResponse } from '../../../shared/api/schemas';

/** Which call is looked for. */
export interface OutboundCallReference {
	outboundCallId: string;
	organizationId: string;
	phoneNumber: string | undefined;
}

/** Waits between two looks, in ms. */
const firstWait = 1_000;
const longestWait = 5_000;
const growth = 1.5;

/** So many looks in a row may fail for AlloMia's or the network's reasons before the item does. */
const failedLooks = 3;

/** What one look brought: the call, one that is not sure yet, or why there is none. */
type Look =
	| { ok: true; value: CallResponse }
	| { ok: 'early' }
	| { ok: false; failure: Failure; /** Why another look may help. */ again?: 'missing' | 'failed' };

/**
 * The call behind an outbound call, from AlloMia's log. The log may lag: it is looked at again until
 * `until`, once at least.
 * @param until in ms since 1970
 * @returns undefined where `signal` ended the wait
 */
export async function findCall(
	context: IExecuteFunctions,
	connection: Connection,
	wanted: OutboundCallReference,
	until: number,
	signal: AbortSignal,
): Promise<ApiResult<CallResponse> | undefined> {
	let wait = firstWait;
	let failed = 0;
	let time: CallTime | undefined;

	const look = async (last: boolean): Promise<Look> => {
		const direct = await readCall(context, connection, wanted.outboundCallId);
		if (!isMissing(direct)) return mayTryAgain(direct);
		if (!time) {
			const request = statusRequest(wanted.outboundCallId);
			const status = await sendWithRetries(context, connection, request);
			if (!status.ok) return mayTryAgain(status);
			const known = callTimeOf(status.value);
			if (!known.ok) return { ...known, again: 'missing' };
			time = known.value;
		}
		const query = queryAround(wanted.organizationId, time);
		const listed = await listCalls(context, connection, query, Infinity, signal);
		if (!listed.ok) return mayTryAgain(listed);
		const calls = loggedCalls.safeParse(listed.value);
		if (!calls.success) {
			const problem = `with something else than documented (${firstIssue(calls.error)})`;
			return { ok: false, failure: invalidResponse(200, problem, 'read') };
		}
		const finding = matchCall(calls.data, time, wanted.phoneNumber, Date.now());
		if ('failure' in finding) {
			const { kind, failure } = finding;
			return { ok: false, failure, ...(kind === 'missing' ? { again: kind } : {}) };
		}
		if (finding.kind === 'early' && !last) return { ok: 'early' };
		const call = await readCall(context, connection, finding.callId);
		return isMissing(call) ? { ...call, again: 'missing' } : mayTryAgain(call);
	};

	for (;;) {
		const last = Date.now() >= until;
		const result = await look(last);
		if (signal.aborted) return undefined;
		if (result.ok === true) return result;
		if (result.ok === false) {
			failed = result.again === 'failed' ? failed + 1 : 0;
			if (!result.again || last || failed === failedLooks) {
				return { ok: false, failure: result.failure };
			}
		}
		await abortableSleep(Math.min(wait, Math.max(0, until - Date.now())), signal);
		wait = Math.min(wait * growth, longestWait);
	}
}

/** Whether AlloMia has no such call. */
function isMissing(result: ApiResult<CallResponse>): result is { ok: false; failure: Failure } {
	return !result.ok && result.failure.httpCode === 404 && result.failure.said !== undefined;
}

/** Reading changes nothing, so what failed for no reason of the user's is read again. */
function mayTryAgain(result: ApiResult<CallResponse> | { ok: false; failure: Failure }): Look {
	if (result.ok) return result;
	const { kind, httpCode, said } = result.failure;
	const isForeign = httpCode !== undefined && said === undefined;
	return kind === 'refused' && !isForeign ? result : { ...result, again: 'failed' };
}
