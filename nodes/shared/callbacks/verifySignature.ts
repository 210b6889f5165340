import { sleep, type IWebhookFunctions } from 'n8n-workflow';
import { connect, credentialName, type Connection } from '../api/client';
import { isSigned, verificationKey, verifyContext, type CallbackContext } from './signedUrl';
import { KeyedLimiter } from './keyedLimiter';

/**
 * How long a signing key is cached, in ms: to read a credential in a webhook takes n8n some 20 ms, as long as
 * the rest of an event. After the API key was changed, the old key's signatures stay valid this long.
 */
const cacheTime = 5_000;

/**
 * How long a cached key may stand in for a credential that n8n is too busy to read, in ms: AlloMia sends an outcome
 * once.
 */
const standInTime = 60 * 60_000;

/** The minimum time between two reads of the credential because of invalid signatures, in ms. */
const rereadInterval = 1_000;

/** How many credentials' signing keys are cached. */
const capacity = 100;

/** Signing keys by credential ID. API keys are not cached. */
const cache = new Map<string, { key: Buffer; readAt: number }>();

/**
 * How many callbacks of one endpoint may wait for the credential: with a signature that is valid for the
 * cached key, which cannot be forged; with one that is not, while that key is stale; and while it is fresh.
 */
const maxWaiting = { valid: 100, stale: 50, invalid: 12 };

const validSignatures = new KeyedLimiter(100);
const otherSignatures = new KeyedLimiter(50);

/** The timeout for reading a credential, in ms. */
const readTimeout = 8_000;

/** Reads of credentials in progress, by endpoint and credential ID: concurrent callbacks share one. */
const pendingReads = new Map<string, Promise<Connection | void>>();

/** The result of verifying a signature. */
export interface VerifiedSignature {
	/** Undefined if the URL has no valid signature. */
	context: CallbackContext | undefined;
	/** Set if the credential had to be read. */
	connection: Connection | undefined;
}

/**
 * Verifies the signature in a callback's URL. While n8n is too busy to read the credential, the cached key decides.
 * @param endpoint identifies what the callback was sent to
 * @returns undefined if too many callbacks are waiting for the credential
 * @throws CredentialError, or n8n's own error, if the credential cannot be read
 */
export async function verifySignature(
	webhook: IWebhookFunctions,
	endpoint: string,
): Promise<VerifiedSignature | undefined> {
	const { query, path } = webhook.getRequestObject();
	if (!isSigned(query)) return { context: undefined, connection: undefined };
	const id = webhook.getNode().credentials?.[credentialName]?.id ?? '';
	const cached = cache.get(id);
	const age = cached ? Date.now() - cached.readAt : Infinity;
	const context = cached && verifyContext(query, path, cached.key);
	if (age < (context ? cacheTime : rereadInterval)) return { context, connection: undefined };
	const standIn = context && age < standInTime ? { context, connection: undefined } : undefined;
	const [limiter, limit] = context
		? [validSignatures, maxWaiting.valid]
		: [otherSignatures, age < cacheTime ? maxWaiting.invalid : maxWaiting.stale];
	const verified = await limiter.run(endpoint, limit, async () => {
		const connection = await readOnce(webhook, `${endpoint}/${id}`);
		if (!connection) {
			if (standIn) return standIn;
			throw new Error('n8n did not read the credential in time.');
		}
		const key = verificationKey(connection.apiKey);
		if (id !== '') addToCache(id, key);
		return { context: verifyContext(query, path, key), connection };
	});
	if (verified || !standIn) return verified;
	// Too many are waiting. If that sufficed, those who flood n8n could go on with a key that was replaced.
	const connection = await readOnce(webhook, `${endpoint}/${id}`);
	if (!connection) return standIn;
	return { context: verifyContext(query, path, verificationKey(connection.apiKey)), connection };
}

/** The credential, read once for all callbacks that wait for it; undefined if n8n does not read it in time. */
async function readOnce(webhook: IWebhookFunctions, name: string): Promise<Connection | void> {
	const read = async () => await Promise.race([connect(webhook), sleep(readTimeout)]);
	const pending = pendingReads.get(name) ?? read().finally(() => pendingReads.delete(name));
	pendingReads.set(name, pending);
	return await pending;
}

function addToCache(id: string, key: Buffer): void {
	cache.delete(id);
	cache.set(id, { key, readAt: Date.now() });
	const [oldest] = cache.keys();
	if (cache.size > capacity && oldest !== undefined) cache.delete(oldest);
}
