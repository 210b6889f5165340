import type { IDataObject } from 'n8n-workflow';
import type { z } from 'zod';
import type { ApiResult } from '../api/client';
import { sameCall } from '../api/callStatus';
import type { CallbackContext } from './callbackUrl';
import { isUnknownCall } from '../api/failure';
import { callbackBody, type CallbackBody, type StatusAnswer } from '../api/schemas';
import { isTerminal, type TerminalStatus } from '../api/terminalStatus';
import { reservedNames } from '../../AlloMia/resources/outboundCall/dispatch/dynamicVariables';

/** What a caller of our webhook is told. */
export interface CallbackResponse {
	status: number;
	body: IDataObject;
}

/** The one table of answers: the same for the trigger and for parked executions. */
export const responses = {
	received: { status: 200, body: { received: true } },
	ignoredStatus: { status: 200, body: { received: true, ignored: 'status' } },
	duplicate: { status: 200, body: { received: true, ignored: 'duplicate' } },
	unverified: { status: 401, body: { error: 'Unverified callback' } },
	unavailable: {
		status: 503,
		body: { error: 'AlloMia could not be asked about this call. Try again later.' },
	},
} satisfies Record<string, CallbackResponse>;

/** The error of a 400: what was posted is no status object. */
export const invalidCallback = 'Invalid callback';

/** The largest body that is looked at, in bytes. A status object has some hundreds. */
export const maxBodyBytes = 100 * 1024;

/** The deepest nesting that is looked at. */
const maxDepth = 20;

export interface CallbackRequest {
	/** The request's content-type header. */
	contentType: string | undefined;
	/** The length of the body as it came, in bytes. */
	bytes: number;
	/** The body as n8n parsed it. */
	body: unknown;
}

export type ParsedCallback =
	| { ok: true; event: CallbackBody }
	| { ok: false; answer: CallbackResponse };

/** The status object that a request carries, or the 400 that says why it is none. */
export function parseCallback({ contentType, bytes, body }: CallbackRequest): ParsedCallback {
	if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '')) {
		return refuse('content-type', 'must be application/json');
	}
	if (bytes > maxBodyBytes) return refuse('body', `must have at most ${maxBodyBytes} bytes`);
	if (typeof body !== 'object' || body === null || Array.isArray(body)) {
		return refuse('body', 'must be a JSON object');
	}
	const harmful = harmfulName(body);
	if (harmful !== undefined) return refuse(harmful, 'is not allowed');
	const parsed = callbackBody.safeParse(body);
	if (!parsed.success) return invalid(detailsOf(parsed.error));
	return { ok: true, event: body as CallbackBody };
}

/** How much a trigger asks for before it believes a callback. */
export type Verification = 'auto' | 'signature' | 'always' | 'none';

/** What is to be done about a callback before it is known to be genuine. */
export type Verdict =
	| { kind: 'genuine' }
	| { kind: 'ask' }
	| { kind: 'refuse'; answer: CallbackResponse };

/** @param signed whether the URL carries a valid signature */
export function judge(verification: Verification, signed: boolean): Verdict {
	if (verification === 'none') return { kind: 'genuine' };
	if (verification === 'always') return { kind: 'ask' };
	if (signed) return { kind: 'genuine' };
	return verification === 'auto'
		? { kind: 'ask' }
		: { kind: 'refuse', answer: responses.unverified };
}

/** What AlloMia's own word makes of an unsigned callback: its version, or an answer. */
export function toEvent(
	asked: ApiResult<StatusAnswer>,
	outboundCallId: string,
): { event: StatusAnswer } | { answer: CallbackResponse } {
	if (asked.ok) {
		// An answer about another call proves nothing about this one.
		return sameCall(asked.value.outboundCallId, outboundCallId)
			? { event: asked.value }
			: { answer: responses.unavailable };
	}
	return { answer: isUnknownCall(asked.failure) ? responses.unverified : responses.unavailable };
}

/** Whether an event with this status starts something. */
export function isChosen(status: string, chosen: readonly string[]): status is TerminalStatus {
	return isTerminal(status) && chosen.includes(status);
}

/** The event as it goes out, with what its URL carried. */
export function toOutput(event: IDataObject, context: CallbackContext | undefined): IDataObject {
	if (!context) return event;
	const { workflowId, executionId, itemIndex, metadata } = context;
	return {
		...event,
		...(metadata ? { metadata: metadata as IDataObject } : {}),
		source: { workflowId, executionId, itemIndex },
	};
}

function refuse(field: string, message: string): { ok: false; answer: CallbackResponse } {
	return invalid([{ field, message }]);
}

function invalid(details: Array<{ field: string; message: string }>): {
	ok: false;
	answer: CallbackResponse;
} {
	return { ok: false, answer: { status: 400, body: { error: invalidCallback, details } } };
}

function detailsOf(error: z.ZodError) {
	return error.issues.map(({ path, message }) => ({
		field: path.join('.') || 'body',
		message: message === 'Required' ? 'is missing' : message,
	}));
}

/** A name in the object, however deep, that is made to do harm; or `body` where it is too deep. */
function harmfulName(body: object): string | undefined {
	const open: Array<{ value: object; depth: number }> = [{ value: body, depth: 1 }];
	for (let next = open.pop(); next; next = open.pop()) {
		const { value, depth } = next;
		if (depth > maxDepth) return 'body';
		for (const [name, child] of Object.entries(value)) {
			if (reservedNames.includes(name)) return name;
			if (typeof child === 'object' && child !== null)
				open.push({ value: child, depth: depth + 1 });
		}
	}
	return undefined;
}
