import { createHmac, timingSafeEqual } from 'crypto';

/** The origin of a call. It is part of the callback URL, so it must stay short. */
export interface CallbackContext {
	workflowId: string;
	executionId: string;
	itemIndex: number;
	/** The user's own data, which comes back with the outcome. AlloMia gets it as part of the URL only. */
	metadata?: Record<string, unknown>;
}

/** The maximum length of a callback URL, in characters. Node's HTTP server limits all headers to 16 kB. */
export const maxUrlLength = 4000;

/** The query parameters for the context and its signature. */
export const contextParameter = 'alloMiaContext';
export const signatureParameter = 'alloMiaSignature';

/**
 * Adds the context and its signature to a URL's query. The signature covers the webhook's path as well, so
 * that it is not valid for another webhook.
 * @param apiKey the AlloMia API key from which the signing key is derived
 */
export function signCallbackUrl(url: string, context: CallbackContext, apiKey: string): string {
	const encoded = encodeContext(context);
	const hash = url.indexOf('#');
	const [address, fragment] = hash < 0 ? [url, ''] : [url.slice(0, hash), url.slice(hash)];
	const signature = sign(encoded, new URL(url).pathname, verificationKey(apiKey));
	const separator = address.includes('?') ? (/^[^?]*\?$|&$/.test(address) ? '' : '&') : '?';
	const query = `${contextParameter}=${encoded}&${signatureParameter}=${signature}`;
	return `${address}${separator}${query}${fragment}`;
}

/** Derives the key that signs callback URLs. Neither it nor a signature reveals the API key. */
export function verificationKey(apiKey: string): Buffer {
	return createHmac('sha256', apiKey).update('n8n-nodes-allomia/callback-url/v1').digest();
}

/** Whether a callback's URL has a signature, valid or not. */
export function isSigned(query: Record<string, unknown>): boolean {
	return contextParameter in query && signatureParameter in query;
}

/**
 * The context in a callback's URL, if its signature is valid for this key and webhook. Compares in constant
 * time.
 * @param query the request's parsed query
 * @param path the request's path
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

/** The context in a callback's URL, without verification: for Verification set to None only. */
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
 * The part of a path that identifies a webhook: what follows n8n's `webhook`, `webhook-test` or
 * `webhook-waiting`. A proxy may change what comes before, which may contain such a segment too, so the last
 * one counts. If these endpoints are renamed, the last two segments identify it.
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
