import { createHmac, timingSafeEqual } from 'crypto';

/** The item that a call was placed for. It travels in the callback URL, so it must stay short. */
export interface CallbackContext {
	workflowId: string;
	executionId: string;
	itemIndex: number;
	/** The user's own data: never sent to AlloMia as a field, given back with the outcome. */
	metadata?: Record<string, unknown>;
}

/** The longest callback URL, in characters. n8n's server takes 16 kB for all headers together. */
export const maxUrlLength = 4000;

/** The query parameters that carry the context and its signature. */
export const contextParameter = 'alloMiaContext';
export const signatureParameter = 'alloMiaSignature';

/**
 * `url` with the context and a keyed signature over it added to whatever query it has. The
 * signature also covers the webhook that the URL leads to, so that it is worth nothing at another.
 * @param apiKey the AlloMia key that the signing key is derived from
 */
export function signCallbackUrl(url: string, context: CallbackContext, apiKey: string): string {
	const encoded = encodeContext(context);
	const hash = url.indexOf('#');
	const [address, fragment] = hash < 0 ? [url, ''] : [url.slice(0, hash), url.slice(hash)];
	const signature = sign(encoded, new URL(url).pathname, verificationKey(apiKey));
	const separator = address.includes('?') ? (/[?&]$/.test(address) ? '' : '&') : '?';
	const query = `${contextParameter}=${encoded}&${signatureParameter}=${signature}`;
	return `${address}${separator}${query}${fragment}`;
}

/**
 * The key that signs and verifies callback URLs. It is one for this purpose only: neither it nor a
 * signature tells anything about the API key.
 */
export function verificationKey(apiKey: string): Buffer {
	return createHmac('sha256', apiKey).update('n8n-nodes-allomia/callback-url/v1').digest();
}

/** Whether a URL claims to be signed, rightly or not. */
export function isSigned(query: Record<string, unknown>): boolean {
	return contextParameter in query && signatureParameter in query;
}

/**
 * The context that a callback's URL carries, if its signature was made with this key for this
 * webhook. Compared in constant time.
 * @param query the request's parsed query
 * @param path the path that the request came to
 */
export function verifyContext(
	query: Record<string, unknown>,
	path: string,
	key: Buffer,
): CallbackContext | undefined {
	const encoded = query[contextParameter];
	const signature = query[signatureParameter];
	if (typeof encoded !== 'string' || typeof signature !== 'string') return undefined;
	const expected = Buffer.from(sign(encoded, path, key));
	const given = Buffer.from(signature);
	if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
	return decodeContext(encoded);
}

/** The context that a callback's URL carries, whoever wrote it: only for those who ask for no check. */
export function readContext(query: Record<string, unknown>): CallbackContext | undefined {
	const encoded = query[contextParameter];
	return typeof encoded === 'string' ? decodeContext(encoded) : undefined;
}

function sign(encoded: string, path: string, key: Buffer): string {
	return createHmac('sha256', key)
		.update(`${webhookIdentity(path)}\n${encoded}`)
		.digest('base64url');
}

/**
 * What makes a webhook the one that it is: its path below n8n's own `webhook`, `webhook-test` or
 * `webhook-waiting`. What stands before may differ between the public address and what a proxy hands
 * on, and may have such a folder too: so it is the last of them that leads somewhere. Where those three
 * are renamed, the last two segments must do.
 */
function webhookIdentity(path: string): string {
	const segments = path.split('/').filter(Boolean);
	const below = segments.slice(0, -1).map((it) => /^webhook(-test|-waiting)?$/.test(it));
	const at = below.lastIndexOf(true);
	if (at < 0) return segments.slice(-2).join('/');
	const own = segments.slice(at + 1).join('/');
	return segments[at] === 'webhook-waiting' ? `waiting ${own}` : own;
}

function encodeContext({ workflowId, executionId, itemIndex, metadata }: CallbackContext): string {
	const fields = [workflowId, executionId, itemIndex, ...(metadata ? [metadata] : [])];
	return Buffer.from(JSON.stringify(fields)).toString('base64url');
}

function decodeContext(encoded: string): CallbackContext | undefined {
	let fields: unknown;
	try {
		fields = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
	} catch {
		return undefined;
	}
	if (!Array.isArray(fields)) return undefined;
	const [workflowId, executionId, itemIndex, metadata] = fields as unknown[];
	if (typeof workflowId !== 'string' || typeof executionId !== 'string') return undefined;
	if (typeof itemIndex !== 'number' || !Number.isInteger(itemIndex) || itemIndex < 0)
		return undefined;
	if (metadata === undefined) return { workflowId, executionId, itemIndex };
	if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
		return undefined;
	return { workflowId, executionId, itemIndex, metadata: metadata as Record<string, unknown> };
}
