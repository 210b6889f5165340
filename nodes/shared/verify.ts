import type { IWebhookFunctions } from 'n8n-workflow';
import { connect, credentialName, type Connection } from './api';
import { isSigned, verificationKey, verifyContext, type CallbackContext } from './callbackUrl';

/**
 * How long a key is taken for today's, in ms. n8n takes some 20 ms to read a credential in a
 * webhook, as long as for all the rest of an event. Once the API key is changed, what the old one
 * signed counts this much longer.
 */
const lifetime = 5_000;

/** The most credentials whose keys are kept. */
const capacity = 100;

/** Derived keys by the id of the credential. The API keys themselves are kept nowhere. */
const remembered = new Map<string, { key: Buffer; until: number }>();

/** What a callback's signature says, and what was read for it, so that nobody reads it again. */
export interface Verified {
	/** Undefined where the URL carries no valid signature. */
	context: CallbackContext | undefined;
	connection: Connection | undefined;
}

/**
 * Checks the signature of a callback's URL.
 * @throws CredentialError, or n8n's own error, where the credential cannot be read
 */
export async function verifySignature(webhook: IWebhookFunctions): Promise<Verified> {
	const { query, path } = webhook.getRequestObject();
	if (!isSigned(query)) return { context: undefined, connection: undefined };
	const id = webhook.getNode().credentials?.[credentialName]?.id ?? '';
	const known = remembered.get(id);
	if (known && Date.now() < known.until) {
		const context = verifyContext(query, path, known.key);
		if (context) return { context, connection: undefined };
	}
	const connection = await connect(webhook);
	const key = verificationKey(connection.apiKey);
	if (id !== '') remember(id, key);
	return { context: verifyContext(query, path, key), connection };
}

function remember(id: string, key: Buffer): void {
	remembered.delete(id);
	remembered.set(id, { key, until: Date.now() + lifetime });
	const [oldest] = remembered.keys();
	if (remembered.size > capacity && oldest !== undefined) remembered.delete(oldest);
}
