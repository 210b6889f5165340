import { isLoopbackHost, parseUrl } from '../values/hosts';
import { clean, withoutInvisible } from '../values/strings';

/** The default base URL of the API. */
export const defaultBaseUrl = 'https://allomia.com/api';

/** An invalid credential. The message tells the user what to correct. */
export class CredentialError extends Error {}

/**
 * Validates the credential's base URL, and removes trailing slashes.
 * @throws CredentialError if it is not an http(s) URL, or would send the key unencrypted
 */
export function readBaseUrl(value: unknown): string {
	const text = typeof value === 'string' ? clean(value) : '';
	if (text === '') return defaultBaseUrl;
	const url = parseUrl(text);
	if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		throw new CredentialError(
			`Base URL: "${text}" is not a valid URL. Use ${defaultBaseUrl} unless AlloMia gave you another.`,
		);
	}
	if (url.username || url.password || url.search || url.hash) {
		throw new CredentialError(
			`Base URL: use the plain URL, such as ${defaultBaseUrl}, without a user name, a "?" or a "#".`,
		);
	}
	if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
		throw new CredentialError(
			'Base URL: use https://. http:// would send your API key unencrypted, and is only allowed for localhost.',
		);
	}
	return url.href.replace(/\/+$/, '');
}

/**
 * Prevents n8n from sending the API key elsewhere, for example from its HTTP Request node.
 * @param request the request about to be sent; some nodes name the URL `uri`
 * @throws CredentialError if its origin is not that of the base URL
 */
export function assertAllowedHost(
	{ url, uri, baseURL }: { url?: unknown; uri?: unknown; baseURL?: unknown },
	baseUrl: string,
): void {
	const { origin } = new URL(baseUrl);
	const target = parseUrl(String(url ?? uri), baseURL ? String(baseURL) : undefined);
	if (target?.origin === origin) return;
	throw new CredentialError(
		`The API key may only be sent to ${origin}, not to ${target?.origin ?? 'an invalid URL'}. Correct the URL, or Base URL in the AlloMia credential.`,
	);
}

/**
 * Validates the credential's API key, and removes white space and a pasted "Bearer".
 * @throws CredentialError if it is empty or has characters that no key has
 */
export function readApiKey(value: unknown): string {
	const text = typeof value === 'string' ? withoutInvisible(value) : '';
	const key = text.replace(/^\s*bearer\s+/i, '').replace(/\s+/g, '');
	if (key === '') {
		throw new CredentialError('API Key: it is empty. Paste a key from AlloMia.');
	}
	if (!/^[\x21-\x7e]+$/.test(key)) {
		throw new CredentialError(
			'API Key: it contains invalid characters. Copy the key again from AlloMia.',
		);
	}
	return key;
}
