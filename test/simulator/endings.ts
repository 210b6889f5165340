import type { Fault, TerminalStatus } from './types';

/** A rejection: no phone rings. */
export interface Refusal {
	status: number;
	body: unknown;
	headers?: () => Record<string, string>;
	/** Only the first call to a number is rejected. */
	once?: boolean;
}

/** The behavior selected by the last four digits of a phone number. */
export interface NumberEnding {
	/** Description, for the documentation. */
	does: string;
	/** The terminal status; default `completed`. `calling`: the call never ends. */
	status?: TerminalStatus | 'calling';
	refusal?: Refusal;
	/** A fault in the response to an accepted call. */
	answer?: Fault;
	callback?: { copies?: number; /** Paces after the call's end. */ late?: number };
	log?: {
		/** Paces after the call's end at which it is logged. */
		late?: number;
		/** The number of another call that began 2 s after this one. */
		neighbour?: 'same number' | 'another number';
		/** What AlloMia concludes from it; by default that the appointment was confirmed. */
		outcome?: string | null;
	};
	/** Whether the call ends and its callback is delivered before the response is sent. */
	atOnce?: boolean;
}

const soon = { 'retry-after': '1' };
const tooMany = { error: 'Too many requests' };
const unavailable = { error: 'Service unavailable' };

/** An HTTP-date one to two seconds ahead: such a date has no fractions. */
function soonAsDate(): Record<string, string> {
	const ahead = Math.ceil(Date.now() / 1000) * 1000 + 1000;
	return { 'retry-after': new Date(ahead).toUTCString() };
}

const undialable = {
	error: 'Invalid request data',
	details: [{ field: 'phoneNumber', message: 'Phone number cannot be dialled', code: 'custom' }],
};

/** The behaviors by ending. With any other ending, the call completes. */
export const numberEndings: Readonly<Record<string, NumberEnding>> = {
	'0001': { does: 'ends as failed', status: 'failed' },
	'0002': { does: 'ends as busy', status: 'busy' },
	'0003': { does: 'ends as no-answer', status: 'no-answer' },
	'0004': { does: 'never ends: stays calling', status: 'calling' },
	'0005': {
		does: 'refused: 400 Invalid request data (an undialable number)',
		refusal: { status: 400, body: undialable },
	},
	'0006': {
		does: 'refused: 403 Organization is inactive',
		refusal: { status: 403, body: { error: 'Organization is inactive' } },
	},
	'0007': {
		does: 'refused: 404 Assistant or phone number not found',
		refusal: { status: 404, body: { error: 'Assistant or phone number not found' } },
	},
	'0008': {
		does: 'refused: 500 Internal server error occurred (not dialled)',
		refusal: { status: 500, body: { error: 'Internal server error occurred' } },
	},
	'0009': {
		does: 'first 429 with Retry-After: 1 (not dialled), then accepted',
		refusal: { status: 429, body: tooMany, headers: () => soon, once: true },
	},
	'0010': {
		does: 'first 503 with Retry-After: 1 (not dialled), then accepted',
		refusal: { status: 503, body: unavailable, headers: () => soon, once: true },
	},
	'0011': {
		does: 'dialled, then the connection is reset before the answer',
		answer: { kind: 'reset-after' },
	},
	'0012': {
		does: 'dialled, and the answer never comes',
		answer: { kind: 'timeout-after' },
	},
	'0013': {
		does: 'dialled, answered with 502 and an HTML page',
		answer: { kind: 'html', status: 502 },
	},
	'0014': { does: 'dialled, answered with truncated JSON', answer: { kind: 'truncated' } },
	'0015': { does: 'dialled, answered with 200 and an HTML page', answer: { kind: 'html' } },
	'0016': { does: 'dialled, answered with an empty body', answer: { kind: 'empty' } },
	'0017': {
		does: 'dialled, answered with wrong types (outboundCallId is a number)',
		answer: { kind: 'wrong-types' },
	},
	'0018': {
		does: 'dialled, answered only after 3 s',
		answer: { kind: 'slow', delayMs: 3000 },
	},
	'0019': {
		does: 'first 429 with Retry-After as a date 1 to 2 s ahead (not dialled), then accepted',
		refusal: { status: 429, body: tooMany, headers: soonAsDate, once: true },
	},
	'0020': {
		does: 'refused: 503 without Retry-After (not dialled)',
		refusal: { status: 503, body: unavailable },
	},
	'0021': { does: 'completes; its callback is delivered twice', callback: { copies: 2 } },
	'0022': {
		does: 'completes; its callback is delivered late (5 times the pace after the end)',
		callback: { late: 5 },
	},
	'0023': { does: 'completes; its callback is never delivered', callback: { copies: 0 } },
	'0024': {
		does: 'completes at once; its callback is delivered before the dial is answered',
		atOnce: true,
	},
	'0025': {
		does: 'completes; it is logged late (5 times the pace after the end)',
		log: { late: 5 },
	},
	'0026': {
		does: 'completes; another call to the same number began 2 s after it',
		log: { neighbour: 'same number' },
	},
	'0027': {
		does: 'completes; another call to another number began 2 s after it',
		log: { neighbour: 'another number' },
	},
	'0028': {
		does: 'completes; the log says that a voicemail was left (voicemail_left)',
		log: { outcome: 'voicemail_left' },
	},
	'0029': { does: 'completes; the log has no outcome', log: { outcome: null } },
};

const ordinary: NumberEnding = { does: 'ends as completed' };

/** The behavior of a phone number. */
export function endingOf(phoneNumber: string): NumberEnding {
	return numberEndings[phoneNumber.replace(/\D/g, '').slice(-4)] ?? ordinary;
}
