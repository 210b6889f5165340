import type { NetworkError } from './networkError';
import { errorResponse } from './schemas';

/** What a request was for: it decides what a failure means to the user. */
export type Purpose = 'dial' | 'read' | 'write';

/**
 * Why a request failed.
 * - `refused`: AlloMia said no, or was not reached for a reason that a retry does not mend
 * - `notTaken`: AlloMia has surely not taken it, and may take it later (refused connection, DNS,
 *   429, 503 with Retry-After)
 * - `uncertain`: nobody knows whether it took effect (time-out, reset, 5xx, a redirect, an unreadable
 *   answer)
 */
export interface Failure {
	kind: 'refused' | 'notTaken' | 'uncertain';
	message: string;
	description: string;
	/** The HTTP status, if there was an answer. */
	httpCode?: number;
	/** AlloMia's own sentence, if the answer is one of its errors, and no page of a proxy or gateway. */
	said?: string;
	/** How long AlloMia asks to wait, in ms. */
	retryAfter?: number;
}

/** An HTTP answer with its body as text. */
export interface HttpResponse {
	statusCode: number;
	headers: Record<string, unknown>;
	body: string;
}

/** The editor's names of AlloMia's fields. */
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

const whatToDo: Record<number, string> = {
	400: 'Correct the fields named here and run the node again.',
	401: 'Check the API key in the AlloMia credential. You find your keys in AlloMia under Settings > API Keys.',
	403: 'Check in AlloMia what this API key may do.',
	404: 'Check the ID. It must belong to the organization of your API key.',
	429: 'AlloMia gets too many requests: wait a little, or send fewer at a time (Options > Max Concurrency, where there is one).',
	503: 'AlloMia is not available just now: try again in some minutes.',
};

const whatToDoBySentence: Record<string, string> = {
	'Organization is inactive': 'Nobody was called. Ask AlloMia to activate your organization.',
	'Insufficient permissions':
		'The API key is valid, but may not do this. Organizations need a tenant-level key.',
	'Assistant or phone number not found':
		'Nobody was called. Check Assistant ID and Phone Number ID: both must belong to the organization of your API key.',
	'Organization not found':
		'Check Organization: it must be one that your API key sees. An organization’s key sees its own only.',
	'Metadata not found':
		'Check Organization: it must be one of your tenant’s, and its metadata must be set up in AlloMia.',
	'Outbound call not found':
		'Check the Outbound Call ID. A call of another organization is not found either.',
};

/** Whether AlloMia itself says that it knows no such call. A gateway's 404 says nothing. */
export function isUnknownCall({ httpCode, said }: Failure): boolean {
	return httpCode === 404 && said === 'Outbound call not found';
}

/** What to do after a dial of which nobody knows whether it rang. */
export const lookItUp =
	'The call may have been placed. Before you call this person again, look for the call in AlloMia’s call log (or with Call > Get Many).';

const noRoom =
	'Nobody was called. AlloMia took no more calls for a minute, perhaps because too many are in progress. Run the node again for this item later, or place fewer calls at a time: with Loop Over Items and a Wait node, or with Create and Wait in the loop.';

/** Why an answer with another status than 2xx is a failure. */
export function failureOfResponse(answer: HttpResponse, purpose: Purpose, now: number): Failure {
	const { statusCode } = answer;
	const said = parseError(answer.body);
	const retryAfter = readRetryAfter(answer.headers['retry-after'], now);
	const base = {
		message: said?.error ?? `AlloMia answered with HTTP status ${statusCode}`,
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
			message: 'The address of AlloMia’s API redirects elsewhere',
			description: `Check Base URL in the AlloMia credential: the request was not sent on. ${uncertainAdvice(purpose)}`,
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
				: ['The answer is not one of AlloMia’s: check Base URL in the AlloMia credential.']),
		].join('\n'),
	};
}

/** Why a 2xx answer is a failure: its body is not what the documentation says. */
export function invalidResponse(statusCode: number, problem: string, purpose: Purpose): Failure {
	return {
		kind: 'uncertain',
		message: 'AlloMia’s answer makes no sense',
		description: `It answered with HTTP status ${statusCode}, but ${problem}. ${uncertainAdvice(purpose)}`,
		httpCode: statusCode,
	};
}

/** Codes of errors that happen before a request can have been sent. */
const notSent: Record<string, string> = {
	ECONNREFUSED: 'refused the connection',
	ENOTFOUND: 'was not found',
	EAI_AGAIN: 'was not found (DNS did not answer)',
};

/** Codes of errors in setting up a connection that waiting does not mend. */
const notConnected =
	/^(EHOSTUNREACH|ENETUNREACH|ERR_TLS.*|CERT_.*|.*_CERT.*|UNABLE_TO_.*|ERR_INVALID_URL)$/;

/** Why a request that got no answer is a failure. */
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
			message: 'AlloMia cannot be reached: no connection came about',
			description: `${nothingHappened(purpose)}${code ?? message}. Check Base URL in the AlloMia credential and n8n’s connection to the internet.`,
		};
	}
	const timedOut = code === 'ECONNABORTED' || code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT';
	return {
		kind: 'uncertain',
		message: timedOut
			? 'AlloMia did not answer in time'
			: 'The connection to AlloMia broke before its answer came',
		description: `${code ?? message}: ${uncertainAdvice(purpose)}`,
	};
}

/** The editor's name of a field of AlloMia's, which may be nested: `dynamicVariables.time`. */
export function displayName(field: string): string {
	const [first = '', ...rest] = field.split('.');
	const name = displayNames[first] ?? first;
	return rest.length > 0 ? `${name} > ${rest.join('.')}` : name;
}

/** The wait that Retry-After asks for, given in seconds or as a date, in ms. */
export function readRetryAfter(header: unknown, now: number): number | undefined {
	if (typeof header !== 'string' || header.trim() === '') return undefined;
	if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
	// Date.parse sees a date in nearly anything, such as -1: an HTTP-date begins with its weekday.
	const date = /^\s*[a-z]{3}/i.test(header) ? Date.parse(header) : NaN;
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** A Retry-After of years is as good as one of a day: nobody waits for it. */
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

function advice(statusCode: number, sentence: string | undefined, purpose: Purpose): string {
	return (
		(sentence === undefined ? undefined : whatToDoBySentence[sentence]) ??
		`${nothingHappened(purpose)}${whatToDo[statusCode] ?? 'Check the values of this node.'}`
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
			return 'The change may have been made: look at it in AlloMia before you try again.';
		case 'read':
			return 'Nothing was changed: try again in some minutes.';
	}
}
