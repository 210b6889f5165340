import type { z } from 'zod';
import { callbackBody, type CallbackBody } from '../api/schemas';
import { reservedNames } from '../values/reservedNames';
import { invalidCallback, type CallbackResponse } from './responses';

/** The maximum size of a body, in bytes. A status object has a few hundred. */
export const maxBodyBytes = 100 * 1024;

/** The maximum nesting depth of a body. */
const maxDepth = 20;

/** What is needed of an HTTP request to parse it as a callback. */
export interface CallbackRequest {
	/** The request's content-type header. */
	contentType: string | undefined;
	/** The size of the raw body, in bytes. */
	bytes: number;
	/** The body, parsed by n8n. */
	body: unknown;
}

export type ParsedCallback =
	| { ok: true; event: CallbackBody }
	| { ok: false; response: CallbackResponse };

/** Parses the status object in a request. If there is none, the response is a 400 with the reason. */
export function parseCallback({ contentType, bytes, body }: CallbackRequest): ParsedCallback {
	if (!/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '')) {
		return reject('content-type', 'must be application/json');
	}
	if (bytes > maxBodyBytes) return reject('body', `must have at most ${maxBodyBytes} bytes`);
	if (typeof body !== 'object' || body === null || Array.isArray(body)) {
		return reject('body', 'must be a JSON object');
	}
	const forbidden = findForbidden(body);
	if (forbidden !== undefined) return reject(forbidden, 'is not allowed');
	const parsed = callbackBody.safeParse(body);
	if (!parsed.success) return invalid(detailsOf(parsed.error));
	return { ok: true, event: body as CallbackBody };
}

function reject(field: string, message: string): { ok: false; response: CallbackResponse } {
	return invalid([{ field, message }]);
}

function invalid(details: Array<{ field: string; message: string }>): {
	ok: false;
	response: CallbackResponse;
} {
	return { ok: false, response: { status: 400, body: { error: invalidCallback, details } } };
}

function detailsOf(error: z.ZodError) {
	return error.issues.map(({ path, message }) => ({
		field: path.join('.') || 'body',
		message: message === 'Required' ? 'is missing' : message,
	}));
}

/** The first reserved property name at any depth, or `body` if it is nested too deeply. */
function findForbidden(body: object): string | undefined {
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
