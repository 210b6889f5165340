import type { IWebhookFunctions } from 'n8n-workflow';
import { connect, credentialName, type Connection } from './api';
import { isSigned, verificationKey, verifyContext, type CallbackContext } from './callbackUrl';
import { WaitingLines } from './waitingLines';

/**
 * How long a key is taken for today's, in ms. n8n takes some 20 ms to read a credential in a
 * webhook, as long as for all the rest of an event. Once the API key is changed, what the old one
 * signed counts this much longer.
 */
const lifetime = 5_000;

/**
 * How long after a key was read a signature that does not fit it counts as none, in ms: forged ones make
 * this process read the credential once a second at most.
 */
const readAgainAfter = 1_000;

/** The most credentials whose keys are kept. */
const capacity = 100;

/** Derived keys by the id of the credential. The API keys themselves are kept nowhere. */
const remembered = new Map<string, { key: Buffer; readAt: number }>();

/**
 * How many callbacks may wait at one door for the credential to be read: signed ones, as far as anybody
 * can tell by the key that was read last, and those that cannot be.
 */
const mostWaiting = { fitting: 50, others: 12 };

const lines = new WaitingLines(100);

/** The doors that the credential is just being read for: callbacks that come together read it once. */
const reading = new Map<string, Promise<Connection>>();

/** What a callback's signature says, and what was read for it, so that nobody reads it again. */
export interface Verified {
	/** Undefined where the URL carries no valid signature. */
	context: CallbackContext | undefined;
	connection: Connection | undefined;
}

/**
 * Checks the signature of a callback's URL.
 * @param door names what the callback came to
 * @returns undefined where too many wait already for the credential to be read
 * @throws CredentialError, or n8n's own error, where the credential cannot be read
 */
export async function verifySignature(
	webhook: IWebhookFunctions,
	door: string,
): Promise<Verified | undefined> {
	const { query, path } = webhook.getRequestObject();
	if (!isSigned(query)) return { context: undefined, connection: undefined };
	const id = webhook.getNode().credentials?.[credentialName]?.id ?? '';
	const known = remembered.get(id);
	const age = known ? Date.now() - known.readAt : Infinity;
	const fits = known && verifyContext(query, path, known.key);
	if (fits ? age < lifetime : age < readAgainAfter) return { context: fits, connection: undefined };
	const [line, most] =
		fits || !known
			? [`${door} fitting`, mostWaiting.fitting]
			: [`${door} others`, mostWaiting.others];
	return await lines.wait(line, most, async () => {
		const connection = await readTogether(webhook, door);
		const key = verificationKey(connection.apiKey);
		if (id !== '') remember(id, key);
		return { context: verifyContext(query, path, key), connection };
	});
}

async function readTogether(webhook: IWebhookFunctions, door: string): Promise<Connection> {
	const pending = reading.get(door) ?? connect(webhook).finally(() => reading.delete(door));
	reading.set(door, pending);
	return await pending;
}

function remember(id: string, key: Buffer): void {
	remembered.delete(id);
	remembered.set(id, { key, readAt: Date.now() });
	const [oldest] = remembered.keys();
	if (remembered.size > capacity && oldest !== undefined) remembered.delete(oldest);
}
