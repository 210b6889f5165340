import type { z } from 'zod';
import { callbackBody, type CallbackBody } from '../api/schemas';
import { reservedNames } from '../values/reservedNames';
import { invalidCallback, type CallbackResponse } from './responses';

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
