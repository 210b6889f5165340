import type { ApiResponse } from './responses';
import { keys } from './constants';
import type { Incoming } from './request';

/** A request as one line for the log, without headers, and so without the key. */
export function describeRequest(host: 'api' | 'files', { method, path, body }: Incoming): string {
	const shown = host === 'files' ? `${path.split('?')[0]} (file)` : path;
	const details = fields(body)
		.filter(([name]) => ['phoneNumber', 'callbackUrl', 'name'].includes(name))
		.map(([, value]) => String(value));
	return [method, shown, ...details].join(' ');
}

/** A response as one line for the log. */
export function describeResponse({ status, body, delivery }: ApiResponse): string {
	if (delivery === 'reset') return 'connection reset';
	if (delivery === 'hang') return 'no answer';
	const names = ['status', 'outboundCallId', 'error'];
	const found = new Map(fields(body));
	const details = names.filter((name) => found.has(name)).map((name) => String(found.get(name)));
	return [status, ...details].join(' ');
}

function fields(body: Buffer | string | null): Array<[string, unknown]> {
	// Longer bodies, such as recordings, are not worth logging.
	if (body === null || body.length > 10_000) return [];
	try {
		const value: unknown = JSON.parse(body.toString());
		return typeof value === 'object' && value !== null ? Object.entries(value) : [];
	} catch {
		return [];
	}
}

/** Makes a line safe for a terminal: without control characters and complete keys. */
export function safeLine(line: string): string {
	const masked = Object.values(keys).reduce(
		(text, key) => text.replaceAll(key, `${key.slice(0, 7)}…`),
		line,
	);
	return masked.replace(/\p{Cc}+/gu, ' ').slice(0, 500);
}
