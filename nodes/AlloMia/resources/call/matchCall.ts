import { tryToParseDateTime } from 'n8n-workflow';
import type { ApiResult } from '../../../shared/api/client';
import type { Failure } from '../../../shared/api/failure';
import { couldBe, findPhoneProblem } from '../../../shared/values/phone';
import { show } from '../../../shared/values/readParameter';
import type { ValidationIssue } from '../../../shared/values/validation';
import type { LoggedCall, StatusResponse } from '../../../shared/api/schemas';
import { isTerminal } from '../../../shared/api/terminalStatus';
import { shortList, toText } from '../../../shared/values/strings';

/**
 * Matches an outbound call to its entry in the call log. AlloMia's documentation does not relate their IDs,
 * so they are matched by time and phone number.
 */

/** The maximum difference between the start times in the log and in the status, in ms. */
const tolerance = 5_000;

/**
 * The maximum difference between the end times, in ms, if no number is given: the call may have no entry, for
 * example if nobody answered, so that an entry of the same time is another call's.
 */
const endTolerance = 60_000;

/**
 * How long after a call's end other calls that started at the same time may still be added to the log, in ms:
 * without a number, a single match is not final before.
 */
const settling = 10_000;

/** The minimum number of digits of a phone number, without its area code. */
const shortestNumber = 7;

/** The time of an outbound call, in ms since 1970. */
export interface CallTime {
	start: number;
	end: number;
}

/** The time of a call, from its status. */
export function callTimeOf({ status, callDetails }: StatusResponse): ApiResult<CallTime> {
	if (!isTerminal(status)) return { ok: false, failure: notEnded };
	const start = instantOf(callDetails?.startedAt);
	if (start === undefined) return { ok: false, failure: neverStarted };
	const end = Math.max(start, instantOf(callDetails?.endedAt) ?? start);
	return { ok: true, value: { start, end } };
}

/** The query for all outbound calls around a call's time (GET /calls, without the page). */
export function queryAround(organizationId: string, { start, end }: CallTime) {
	return {
		organizationId,
		callType: 'Outbound',
		from: new Date(start - tolerance).toISOString(),
		to: new Date(end + tolerance).toISOString(),
		sort: 'asc',
	};
}

/** The result of a match: `early` is one that may still become ambiguous. */
export type CallMatch =
	| { kind: 'found' | 'early'; callId: string }
	| { kind: 'missing' | 'ambiguous'; failure: Failure };

/**
 * Finds the entry that started at the time of the outbound call and, if a number is given, has that number.
 * @param calls all entries around that time
 * @param now in ms since 1970
 */
export function matchCall(
	calls: readonly LoggedCall[],
	{ start, end }: CallTime,
	phoneNumber: string | undefined,
	now: number,
): CallMatch {
	const matching = calls.filter(
		(call) =>
			(call.callType ?? 'Outbound') === 'Outbound' &&
			Math.abs((instantOf(call.callStartedAt) ?? NaN) - start) <= tolerance &&
			(phoneNumber === undefined || sameNumber(phoneNumber, call.userPhoneNumber ?? '')),
	);
	const [only] = matching;
	if (matching.length > 1) {
		return { kind: 'ambiguous', failure: ambiguous(matching, phoneNumber) };
	}
	if (only && phoneNumber !== undefined) return { kind: 'found', callId: only.id };
	if (!only || Math.abs((instantOf(only.callEndedAt) ?? end) - end) > endTolerance) {
		return { kind: 'missing', failure: missing(calls, { start, end }, phoneNumber) };
	}
	return { kind: now >= end + settling ? 'found' : 'early', callId: only.id };
}

/** The failure of a call that has not ended, and so is not in the log yet. */
const notEnded: Failure = {
	kind: 'refused',
	message: 'The call has not ended yet',
	description:
		'AlloMia logs a call once it has ended. Run this behind the AlloMia Trigger or Create and Wait for Result, or raise Options > Wait Up To.',
};

/** The failure of a call that has no start time. */
const neverStarted: Failure = {
	kind: 'refused',
	message: 'This call has no start time',
	description:
		'It may have failed before it started. Without a start time, it cannot be found in the call log automatically: look for it with Call Log > Get Many.',
};

/** Reads the called number, in any notation; undefined if it is not set. */
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
		const message = `${show(text)} ${fault} Give the number that was called, such as +15145551234.`;
		issues.push({ field: 'Options > Phone Number', message });
	}
	return text;
}

/**
 * Whether two notations stand for the same number: as Create reads them in the country of the call, or else by
 * their last digits. Without a country code, a number then matches that of any country: this only narrows a
 * search, and nothing is dialled.
 */
export function sameNumber(first: string, second: string): boolean {
	if (couldBe(first, second) || couldBe(second, first)) return true;
	if (first.includes('+') && second.includes('+')) return false;
	const [a, b] = [digitsOf(first), digitsOf(second)];
	const [short = '', long = ''] = [a, b].sort((one, other) => one.length - other.length);
	// Without the national prefix.
	const national = short.replace(/^0+/, '');
	return national.length >= shortestNumber && long.endsWith(national);
}

function digitsOf(text: string): string {
	return text.replace(/\D/g, '');
}

/** Parses a time. Without a zone, it is UTC. Returns ms since 1970. */
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
			: 'They went to the same number. Choose one and use Call Log > Get.';
	return {
		kind: 'refused',
		message: `${calls.length} entries in the call log match this call`,
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
			? 'The log has no outbound calls of that time.'
			: `Of that time the log has only ${listed(calls)}.`;
	return {
		kind: 'refused',
		message: 'The call was not found in the call log',
		description: `It lasted from ${from} to ${to}. A call${whom} that started within ${tolerance / 1000} seconds of that was searched for. ${others} Check Organization${check}. If AlloMia needs longer to log a call, raise Options > Wait Up To.`,
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
