import type { NetworkError } from './networkError';
import { errorResponse } from './schemas';

/** What a request does. The advice in a failure depends on it. */
export type Purpose = 'dial' | 'read' | 'write';

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

/** The display names of the API's fields in the editor. */
const displayNames: Record<string, string> = {
	phoneNumber: 'Phone Number',
	assistantId: 'Assistant ID',
	phoneNumberId: 'Phone Number ID',
	customerName: 'Customer Name',
	dynamicVariables: 'Dynamic Variables',
	callbackUrl: 'Callback URL',
	organizationId: 'Organization',
	callType: 'Call Type',
	agentName: 'Agent Name',
	from: 'From',
	to: 'To',
	userPrimaryIntent: 'User Primary Intent',
	sort: 'Sort',
	search: 'Search',
	name: 'Name',
	email: 'Email',
	address: 'Address',
	city: 'City',
	stateProvince: 'State or Province',
	postalCode: 'Postal Code',
	country: 'Country',
	timezone: 'Timezone',
	externalId: 'External ID',
	metadata: 'Metadata',
};

/** What to do about an error response, by HTTP status. */
const adviceByStatus: Record<number, string> = {
	400: 'Correct the fields named here and run the node again.',
	401: 'Check the API key in the AlloMia credential. You find your keys in AlloMia under Settings > API Keys.',
	403: 'Check the permissions of this API key in AlloMia.',
	404: 'Check the ID. It must belong to the organization of your API key.',
	429: 'Too many requests: wait a moment, or send fewer at a time (Options > Max Concurrency, if available).',
	503: 'AlloMia is temporarily unavailable: try again in some minutes.',
};

/** What to do about an error response, by AlloMia's error message. */
const adviceByMessage: Record<string, string> = {
	'Organization is inactive': 'Nobody was called. Ask AlloMia to activate your organization.',
	'Insufficient permissions':
		'This API key is not allowed to do this. Placing calls needs an organization key; organizations need a tenant key.',
	'Assistant or phone number not found':
		'Nobody was called. Check Assistant ID and Phone Number ID: both must belong to the organization of your API key.',
	'Organization not found':
		'Check Organization: your API key must have access to it. An organization key only has access to its own.',
	'Metadata not found':
		'Check Organization: it must be one of your tenant’s, and its metadata must be set up in AlloMia.',
	'Outbound call not found':
		'Check the Outbound Call ID. Calls of other organizations are not found.',
};

/** Whether AlloMia does not know the call. A 404 of a gateway does not count. */
export function isUnknownCall({ httpCode, said }: Failure): boolean {
	return httpCode === 404 && said === 'Outbound call not found';
}

/** What to do if it is uncertain whether a call was placed. */
export const lookItUp =
	'The call may have been placed. Before you call this person again, look for the call in AlloMia’s call log (or with Call > Get Many).';

/** What to do if AlloMia accepts no more calls. */
const noRoom =
	'Nobody was called. AlloMia accepted no more calls for a minute, perhaps because too many are in progress. Run the node again for this item later, or place fewer calls at a time: with Loop Over Items and a Wait node, or with Create and Wait in the loop.';

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
		return { ...base, kind: 'notTaken', description: noRoom };
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
			message: 'The Base URL redirects to another address',
			description: `Check Base URL in the AlloMia credential: the redirect was not followed. ${uncertainAdvice(purpose)}`,
		};
	}
	const fields = (said?.details ?? []).map(
		({ field, message }) => `${displayName(field)}: ${message}`,
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
		message: 'Unexpected response from AlloMia',
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
			message: `AlloMia cannot be reached: its address ${known}`,
			description: `${nothingHappened(purpose)}Check Base URL in the AlloMia credential and n8n’s connection to the internet.`,
		};
	}
	if (early !== undefined && notConnected.test(early)) {
		return {
			kind: 'refused',
			message: 'AlloMia cannot be reached',
			description: `${nothingHappened(purpose)}${early}: ${message}. Check Base URL in the AlloMia credential and n8n’s connection to the internet.`,
		};
	}
	if (isBeforeRequest) {
		return {
			kind: 'notTaken',
			message: 'AlloMia cannot be reached: no connection could be established',
			description: `${nothingHappened(purpose)}${code ?? message}. Check Base URL in the AlloMia credential and n8n’s connection to the internet.`,
		};
	}
	const timedOut = code === 'ECONNABORTED' || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT';
	return {
		kind: 'uncertain',
		message: timedOut
			? 'AlloMia did not respond in time'
			: 'The connection to AlloMia was lost before its response',
		description: `${code ?? message}: ${uncertainAdvice(purpose)}`,
	};
}

/** The display name of an API field, which may be nested: `dynamicVariables.time`. */
export function displayName(field: string): string {
	const [first = '', ...rest] = field.split('.');
	const name = displayNames[first] ?? first;
	return rest.length > 0 ? `${name} > ${rest.join('.')}` : name;
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

function advice(statusCode: number, apiMessage: string | undefined, purpose: Purpose): string {
	return (
		(apiMessage === undefined ? undefined : adviceByMessage[apiMessage]) ??
		`${nothingHappened(purpose)}${adviceByStatus[statusCode] ?? 'Check the values of this node.'}`
	);
}

function nothingHappened(purpose: Purpose): string {
	return purpose === 'dial' ? 'Nobody was called. ' : '';
}

function uncertainAdvice(purpose: Purpose): string {
	switch (purpose) {
		case 'dial':
			return lookItUp;
		case 'write':
			return 'The change may have been made: check it in AlloMia before you try again.';
		case 'read':
			return 'Nothing was changed: try again in some minutes.';
	}
}
