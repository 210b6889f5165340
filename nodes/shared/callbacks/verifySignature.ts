import { sleep, type IWebhookFunctions } from 'n8n-workflow';
import { connect, credentialName, type Connection } from '../api/client';
import { isSigned, verificationKey, verifyContext, type CallbackContext } from './callbackUrl';
import { KeyedLimiter } from './keyedLimiter';

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
 * How many callbacks may wait at one door for the credential to be read: those with a signature of the
 * last key that was read, which nobody can invent; those that may have one of today's; and those that
 * have none of a key of a moment ago.
 */
const mostWaiting = { fitting: 100, unknown: 50, others: 12 };

const fittingLines = new KeyedLimiter(100);
const otherLines = new KeyedLimiter(50);

/** How long n8n may take to read a credential, in ms. */
const readTimeout = 8_000;

/**
 * The credentials that are just being read, by the door and their id: callbacks that come together read
 * one once.
 */
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
	const [lines, most] = fits
		? [fittingLines, mostWaiting.fitting]
		: [otherLines, age < lifetime ? mostWaiting.others : mostWaiting.unknown];
	return await lines.run(door, most, async () => {
		const connection = await readTogether(webhook, `${door}/${id}`);
		const key = verificationKey(connection.apiKey);
		if (id !== '') remember(id, key);
		return { context: verifyContext(query, path, key), connection };
	});
}

async function readTogether(webhook: IWebhookFunctions, name: string): Promise<Connection> {
	const pending = reading.get(name) ?? read(webhook).finally(() => reading.delete(name));
	reading.set(name, pending);
	return await pending;
}

async function read(webhook: IWebhookFunctions): Promise<Connection> {
	const late = sleep(readTimeout).then(() => {
		throw new Error('n8n did not read the credential in time.');
	});
	return await Promise.race([connect(webhook), late]);
}

function remember(id: string, key: Buffer): void {
	remembered.delete(id);
	remembered.set(id, { key, readAt: Date.now() });
	const [oldest] = remembered.keys();
	if (remembered.size > capacity && oldest !== undefined) remembered.delete(oldest);
}
