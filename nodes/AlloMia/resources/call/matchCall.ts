import { tryToParseDateTime } from 'n8n-workflow';
import type { ApiResult } from '../../../shared/api/client';
import type { Failure } from '../../../shared/api/failure';
import { couldBe, findPhoneProblem } from '../../../shared/values/phone';
import type { ValidationIssue } from '../../../shared/values/validation';
import type { LoggedCall, StatusResponse } from '../../../shared/api/schemas';
import { isTerminal } from '../../../shared/api/terminalStatus';
import { shortList, toText } from '../../../shared/values/strings';

/**
 * Which entry of the call log is an outbound call. AlloMia's documentation ties the ids of the two
 * nowhere, so they are told by their time, and by the number that was called.
 */

/** How far the log's start of a call may be from the status's, in ms. */
const tolerance = 5_000;

/**
 * How far the ends may be apart, in ms, where no number is given: the call itself may have no entry, as
 * when nobody answered, and another of the same moment be there alone.
 */
const endTolerance = 60_000;

/**
 * So long after a call's end, in ms, others that started with it may still be on their way into the
 * log: without a number, one that is there alone says nothing yet.
 */
const settling = 10_000;

/** Fewer digits than any telephone number has without its area code. */
const shortestNumber = 7;

/** When an outbound call took place, in ms since 1970. */
export interface CallTime {
	start: number;
	end: number;
}

/** When a call took place, or why that is not known. */
export function callTimeOf({ status, callDetails }: StatusResponse): ApiResult<CallTime> {
	if (!isTerminal(status)) return { ok: false, failure: notEnded };
	const start = instantOf(callDetails?.startedAt);
	if (start === undefined) return { ok: false, failure: neverStarted };
	const end = Math.max(start, instantOf(callDetails?.endedAt) ?? start);
	return { ok: true, value: { start, end } };
}

/** The query for all outbound calls of a call's time (GET /calls, without the page). */
export function queryAround(organizationId: string, { start, end }: CallTime) {
	return {
		organizationId,
		callType: 'Outbound',
		from: new Date(start - tolerance).toISOString(),
		to: new Date(end + tolerance).toISOString(),
		sort: 'asc',
	};
}

/** What the log says about an outbound call: `early` is one that another may still join. */
export type CallMatch =
	| { kind: 'found' | 'early'; callId: string }
	| { kind: 'missing' | 'ambiguous'; failure: Failure };

/**
 * The one call that started with the outbound call and, where a number is given, went to it.
 * @param calls all that the log has of that time
 * @param now in ms since 1970
 */
export function matchCall(
	calls: readonly LoggedCall[],
	{ start, end }: CallTime,
	phoneNumber: string | undefined,
	now: number,
): CallMatch {
	const fitting = calls.filter(
		(call) =>
			(call.callType ?? 'Outbound') === 'Outbound' &&
			Math.abs((instantOf(call.callStartedAt) ?? NaN) - start) <= tolerance &&
			(phoneNumber === undefined || sameNumber(phoneNumber, call.userPhoneNumber ?? '')),
	);
	const [only] = fitting;
	if (fitting.length > 1) {
		return { kind: 'ambiguous', failure: ambiguous(fitting, phoneNumber) };
	}
	if (only && phoneNumber !== undefined) return { kind: 'found', callId: only.id };
	if (!only || Math.abs((instantOf(only.callEndedAt) ?? end) - end) > endTolerance) {
		return { kind: 'missing', failure: missing(calls, { start, end }, phoneNumber) };
	}
	return { kind: now >= end + settling ? 'found' : 'early', callId: only.id };
}

/** The failure of a call that has not ended: it is in no log yet. */
const notEnded: Failure = {
	kind: 'refused',
	message: 'The call has not ended yet',
	description:
		'AlloMia logs a call once it has ended. Run this behind the AlloMia Trigger or Create and Wait, or raise Options > Wait Up To.',
};

/** The failure of a call that ended without having started. */
const neverStarted: Failure = {
	kind: 'refused',
	message: 'AlloMia does not say when this call took place',
	description:
		'It may have failed before it began. Without its start, it cannot be told from others in the call log: look for it with Call > Get Many.',
};

/** The number that was called, as it was written; undefined where none is given. */
export function readCalledNumber(
	options: Record<string, unknown>,
	issues: ValidationIssue[],
): string | undefined {
	if (!('phoneNumber' in options)) return undefined;
	const text = toText(options.phoneNumber);
	const isShort = digitsOf(text).length < shortestNumber;
	const fault = findPhoneProblem(text) ?? (isShort ? 'is not a phone number.' : undefined);
	if (text === '') {
		const message = 'It is empty. Give the number that was called, or remove the option.';
		issues.push({ field: 'Options > Phone Number', message });
	} else if (fault !== undefined) {
		const message = `"${text}" ${fault} Give the number that was called, such as +15145551234.`;
		issues.push({ field: 'Options > Phone Number', message });
	}
	return text;
}

/**
 * Whether two ways of writing lead to the same telephone: as Create reads them in the country of the
 * call, or else by their last digits. One without country code fits every country's then: it is a sieve
 * here, and nothing is dialled.
 */
export function sameNumber(first: string, second: string): boolean {
	if (couldBe(first, second) || couldBe(second, first)) return true;
	if (first.includes('+') && second.includes('+')) return false;
	const [a, b] = [digitsOf(first), digitsOf(second)];
	const [short = '', long = ''] = [a, b].sort((one, other) => one.length - other.length);
	// What is dialled before a number inside its country is not part of it.
	const national = short.replace(/^0+/, '');
	return national.length >= shortestNumber && long.endsWith(national);
}

function digitsOf(text: string): string {
	return text.replace(/\D/g, '');
}

/** In ms since 1970; a time without zone is UTC. */
function instantOf(value: unknown): number | undefined {
	try {
		return typeof value === 'string' && value !== ''
			? tryToParseDateTime(value, 'UTC').toMillis()
			: undefined;
	} catch {
		return undefined;
	}
}

function ambiguous(calls: readonly LoggedCall[], phoneNumber: string | undefined): Failure {
	const advice =
		phoneNumber === undefined
			? 'Set Options > Phone Number to the number that was called.'
			: 'They went to the same number. Choose one and use Call > Get.';
	return {
		kind: 'refused',
		message: `${calls.length} calls in the call log may be this one`,
		description: `${advice} They started within ${tolerance / 1000} seconds of it: ${listed(calls)}.`,
	};
}

function missing(
	calls: readonly LoggedCall[],
	{ start, end }: CallTime,
	phoneNumber: string | undefined,
): Failure {
	const [from, to] = [start, end].map((at) => new Date(at).toISOString());
	const [whom, check] =
		phoneNumber === undefined ? ['', ''] : [` to ${phoneNumber}`, ' and Options > Phone Number'];
	const others =
		calls.length === 0
			? 'The log has no outbound call of that time.'
			: `Of that time the log has only ${listed(calls)}.`;
	return {
		kind: 'refused',
		message: 'The call is not in the call log',
		description: `It lasted from ${from} to ${to}; a call${whom} that began within ${tolerance / 1000} seconds of that was looked for. ${others} Check Organization${check}. Where AlloMia needs longer to log a call, raise Options > Wait Up To.`,
	};
}

function listed(calls: readonly LoggedCall[]): string {
	return shortList(
		calls.map(
			({ id, callStartedAt, callEndedAt, userPhoneNumber }) =>
				`${id} (${callStartedAt ?? 'an unknown time'} to ${callEndedAt ?? 'an unknown time'}, ${userPhoneNumber ?? 'no number'})`,
		),
	);
}
