import { STATUS_CODES } from 'node:http';

import type { Fault } from './types';

/** A response, and how it is delivered. */
export interface ApiResponse {
	status: number;
	headers: Record<string, string>;
	body: string | Buffer;
	/**
	 * `reset` resets the connection instead of responding, `hang` never responds, `stall` stops after half of the
	 * body.
	 */
	delivery?: 'reset' | 'hang' | 'stall';
	delayMs?: number;
}

/** One entry of `details` in the body of a 400. */
export interface Detail {
	field: string;
	message: string;
	code: string;
}

/** An error response of the API. */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		readonly body: { error: string; details?: Detail[] },
		readonly headers: Record<string, string> = {},
	) {
		super(body.error);
	}
}

/** A JSON response. */
export function json(
	status: number,
	body: unknown,
	headers: Record<string, string> = {},
): ApiResponse {
	return {
		status,
		headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
		body: JSON.stringify(body),
	};
}

/** The documented 400. */
export function invalid(details: Detail[], error = 'Invalid request data'): ApiError {
	return new ApiError(400, { error, details });
}

const documentedErrors: Record<number, string> = {
	400: 'Invalid request data',
	401: 'Invalid or missing API key',
	403: 'Insufficient permissions',
	404: 'Not found',
	500: 'Internal server error occurred',
};

/** The error text for a status: the documented one, if any. */
export function errorText(status: number): string {
	return documentedErrors[status] ?? STATUS_CODES[status] ?? 'Error';
}

/** The response of a fault that prevents the request from taking effect; otherwise undefined. */
export function responseBefore(fault: Fault): ApiResponse | undefined {
	if (fault.kind === 'reset-before') return { ...json(500, {}), delivery: 'reset' };
	if (fault.kind === 'timeout-before') return { ...json(500, {}), delivery: 'hang' };
	if (fault.kind !== 'status') return undefined;
	const status = fault.status ?? 500;
	const answer = json(status, fault.body ?? { error: errorText(status) }, fault.headers);
	return typeof fault.body === 'string' ? { ...answer, body: fault.body } : answer;
}

/** Applies a fault that occurs after the request took effect to its response. */
export function spoil(answer: ApiResponse, fault: Fault): ApiResponse {
	const status = fault.status ?? answer.status;
	const headers = { ...answer.headers, ...fault.headers };
	switch (fault.kind) {
		case 'reset-after':
			return { ...answer, delivery: 'reset' };
		case 'timeout-after':
			return { ...answer, delivery: 'hang' };
		case 'stalled':
			return { ...answer, status, headers, delivery: 'stall' };
		case 'slow':
			return { ...answer, status, headers, delayMs: fault.delayMs ?? 3000 };
		case 'truncated':
			return { status, headers, body: answer.body.slice(0, Math.ceil(answer.body.length / 2)) };
		case 'empty':
			return { status, headers, body: '' };
		case 'wrong-types':
			return { status, headers, body: wrongTypes(answer.body) };
		case 'html':
			return {
				status,
				headers: { ...headers, 'content-type': 'text/html; charset=utf-8' },
				body: typeof fault.body === 'string' ? fault.body : errorPage(status),
			};
		default:
			return answer;
	}
}

function errorPage(status: number): string {
	const title = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
	return `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

/** Swaps the type of every top-level field: text for a number, everything else for text. */
function wrongTypes(body: string | Buffer): string {
	let value: unknown;
	try {
		value = JSON.parse(body.toString());
	} catch {
		return '12345';
	}
	if (typeof value !== 'object' || value === null) return '12345';
	const swapped = Object.entries(value).map(([name, field]) => [
		name,
		typeof field === 'string' ? 12345 : 'not what was documented',
	]);
	return JSON.stringify(Object.fromEntries(swapped));
}
