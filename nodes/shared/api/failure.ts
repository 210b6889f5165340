import {
	advice,
	atCapacity,
	checkConnection,
	displayName,
	messages,
	nothingHappened,
	uncertainAdvice,
	type Purpose,
} from './errorMessages';
import type { NetworkError } from './networkError';
import { errorResponse } from './schemas';

/**
 * Why a request failed.
 * - `refused`: AlloMia rejected it, or cannot be reached for a reason that retries do not resolve
 * - `notTaken`: AlloMia certainly did not accept it, and may do so later (refused connection, DNS, 429, 503
 *   with Retry-After): it is safe to retry
 * - `uncertain`: AlloMia may have accepted it (timeout, reset, 5xx, redirect, invalid response): never retried
 */
export interface Failure {
	kind: 'refused' | 'notTaken' | 'uncertain';
	message: string;
	description: string;
	/** The HTTP status, if there was a response. */
	httpCode?: number;
	/** AlloMia's error message; undefined if the response came from a proxy or gateway. */
	said?: string;
	/** The response's Retry-After, in ms. */
	retryAfter?: number;
}

/** An HTTP response with its body as text. */
export interface HttpResponse {
	statusCode: number;
	headers: Record<string, unknown>;
	body: string;
}

/** Whether AlloMia does not know the call. A 404 of a gateway does not count. */
export function isUnknownCall({ httpCode, said }: Failure): boolean {
	return httpCode === 404 && said === 'Outbound call not found';
}

/** Converts a response with a status other than 2xx to a failure. */
export function failureOfResponse(answer: HttpResponse, purpose: Purpose, now: number): Failure {
	const { statusCode } = answer;
	const said = parseError(answer.body);
	const retryAfter = readRetryAfter(answer.headers['retry-after'], now);
	const base = {
		message: said?.error ?? `AlloMia responded with HTTP status ${statusCode}`,
		httpCode: statusCode,
		...(said ? { said: said.error } : {}),
		...(retryAfter === undefined ? {} : { retryAfter }),
	};
	if (statusCode === 429 && retryAfter === undefined && purpose === 'dial') {
		return { ...base, kind: 'notTaken', description: atCapacity };
	}
	if (statusCode === 429 || (statusCode === 503 && retryAfter !== undefined)) {
		const when =
			retryAfter === undefined ? '' : `\nAlloMia asks you to ${tryAgainAt(now, retryAfter)}.`;
		return {
			...base,
			kind: 'notTaken',
			description: `${advice(statusCode, said?.error, purpose)}${when}`,
		};
	}
	if (statusCode >= 500 || statusCode === 408) {
		return { ...base, kind: 'uncertain', description: uncertainAdvice(purpose) };
	}
	if (statusCode >= 300 && statusCode < 400) {
		return {
			...base,
			kind: 'uncertain',
			message: messages.redirected,
			description: `Check Base URL in the AlloMia credential: the redirect was not followed. ${uncertainAdvice(purpose)}`,
		};
	}
	const fields = (said?.details ?? []).map(
		({ field, message }) => `${displayName(field, purpose)}: ${message}`,
	);
	return {
		...base,
		kind: 'refused',
		description: [
			...fields,
			advice(statusCode, said?.error, purpose),
			...(said
				? []
				: ['The response does not come from AlloMia: check Base URL in the AlloMia credential.']),
		].join('\n'),
	};
}

/** The failure of a 2xx response whose body is not as documented. */
export function invalidResponse(statusCode: number, problem: string, purpose: Purpose): Failure {
	return {
		kind: 'uncertain',
		message: messages.unexpectedResponse,
		description: `It responded with HTTP status ${statusCode}, but ${problem}. ${uncertainAdvice(purpose)}`,
		httpCode: statusCode,
	};
}

/** Error codes that only occur before a request is sent. */
const notSent: Record<string, string> = {
	ECONNREFUSED: 'refused the connection',
	ENOTFOUND: 'was not found',
	EAI_AGAIN: 'was not found (DNS did not respond)',
};

/** Error codes of connections that fail for reasons that retries do not resolve. */
const notConnected =
	/^(EHOSTUNREACH|ENETUNREACH|ERR_TLS.*|CERT_.*|.*_CERT.*|UNABLE_TO_.*|ERR_INVALID_URL)$/;

/** Converts a network error to a failure. */
export function failureOfNetworkError(
	{ code, message, isBeforeRequest, isConnected }: NetworkError,
	purpose: Purpose,
): Failure {
	const early = isConnected ? undefined : code;
	const known = early === undefined ? undefined : notSent[early];
	if (known !== undefined) {
		return {
			kind: 'notTaken',
			message: `${messages.unreachable}: its address ${known}`,
			description: `${nothingHappened(purpose)}${checkConnection}`,
		};
	}
	if (early !== undefined && notConnected.test(early)) {
		return {
			kind: 'refused',
			message: messages.unreachable,
			description: `${nothingHappened(purpose)}${early}: ${message}. ${checkConnection}`,
		};
	}
	if (isBeforeRequest) {
		return {
			kind: 'notTaken',
			message: messages.notConnected,
			description: `${nothingHappened(purpose)}${code ?? message}. ${checkConnection}`,
		};
	}
	const timedOut = code === 'ECONNABORTED' || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT';
	return {
		kind: 'uncertain',
		message: timedOut ? messages.timedOut : messages.connectionLost,
		description: `${code ?? message}: ${uncertainAdvice(purpose)}`,
	};
}

/** Parses a Retry-After header, in seconds or as an HTTP date. Returns ms. */
export function readRetryAfter(header: unknown, now: number): number | undefined {
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
	// Date.parse accepts nearly anything, such as -1: an HTTP date begins with its weekday.
	const date = /^\s*[a-z]{3}/i.test(header) ? Date.parse(header) : NaN;
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The longest Retry-After to be shown, in ms: a date years ahead would be invalid. */
const longestShownWait = 86_400_000;

function tryAgainAt(now: number, retryAfter: number): string {
	const seconds = Math.ceil(Math.min(retryAfter, longestShownWait) / 1000);
	const at = new Date(now + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
	return `wait ${seconds} seconds: try again after ${at}`;
}

function parseError(body: string) {
	try {
		return errorResponse.safeParse(JSON.parse(body)).data;
	} catch {
		return undefined;
	}
}
