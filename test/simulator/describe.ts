import type { Answer } from './answers';
import { keys } from './constants';
import type { Incoming } from './request';

/** One line about a request. Headers, and with them the key, are left out. */
export function describeRequest(host: 'api' | 'files', { method, path, body }: Incoming): string {
	const shown = host === 'files' ? `${path.split('?')[0]} (file)` : path;
	const details = fields(body)
		.filter(([name]) => ['phoneNumber', 'callbackUrl', 'name'].includes(name))
		.map(([, value]) => String(value));
	return [method, shown, ...details].join(' ');
}

/** One line about an answer. */
export function describeAnswer({ status, body, delivery }: Answer): string {
	if (delivery === 'reset') return 'connection reset';
	if (delivery === 'hang') return 'no answer';
	const names = ['status', 'outboundCallId', 'error'];
	const found = new Map(fields(body));
	const details = names.filter((name) => found.has(name)).map((name) => String(found.get(name)));
	return [status, ...details].join(' ');
}

function fields(body: Buffer | string | null): Array<[string, unknown]> {
	// Nothing worth a line is this long; a recording certainly is not.
	if (body === null || body.length > 10_000) return [];
	try {
		const value: unknown = JSON.parse(body.toString());
		return typeof value === 'object' && value !== null ? Object.entries(value) : [];
	} catch {
		return [];
	}
}

/** Makes a line fit for a terminal: on one line, without a full key whatever it came in with. */
export function safeLine(line: string): string {
	const masked = Object.values(keys).reduce(
		(text, key) => text.replaceAll(key, `${key.slice(0, 7)}…`),
		line,
	);
	return masked.replace(/\p{Cc}+/gu, ' ').slice(0, 500);
}
