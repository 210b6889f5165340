import { isLoopbackHost, parseUrl } from '../values/hosts';
import { clean, withoutInvisible } from '../values/strings';

/** Where the API lives unless the credential says otherwise. */
export const defaultBaseUrl = 'https://allomia.com/api';

/** What is wrong with the credential, as a sentence for the user. */
export class CredentialError extends Error {}

/**
 * The credential's base URL, cleaned and without a slash at the end.
 * @throws CredentialError where it is no http(s) URL, or would send the key in the open
 */
export function readBaseUrl(value: unknown): string {
	const text = typeof value === 'string' ? clean(value) : '';
	if (text === '') return defaultBaseUrl;
	const url = parseUrl(text);
	if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		throw new CredentialError(
			`Base URL: "${text}" is not a web address. Use ${defaultBaseUrl} unless AlloMia gave you another.`,
		);
	}
	if (url.username || url.password || url.search || url.hash) {
		throw new CredentialError(
			`Base URL: use the plain address, such as ${defaultBaseUrl}, without a user name, a "?" or a "#".`,
		);
	}
	if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
		throw new CredentialError(
			'Base URL: use https://. With http:// your API key would travel in the open; it is allowed for addresses of this machine only (localhost).',
		);
	}
	return url.href.replace(/\/+$/, '');
}

/**
 * @param request what n8n is about to send; its HTTP Request node names the address `uri`
 * @throws CredentialError where it goes to another host than Base URL's, or there in the open
 */
export function refuseOtherHosts(
	{ url, uri, baseURL }: { url?: unknown; uri?: unknown; baseURL?: unknown },
	baseUrl: string,
): void {
	const { origin } = new URL(baseUrl);
	const target = parseUrl(String(url ?? uri), baseURL ? String(baseURL) : undefined);
	if (target?.origin === origin) return;
	throw new CredentialError(
		`The API key goes to ${origin} only, and this request to ${target?.origin ?? 'no web address'}. Correct the URL, or Base URL in the AlloMia credential.`,
	);
}

/**
 * The credential's API key, without what was pasted along: blanks and line breaks, also inside it,
 * and the word "Bearer".
 * @throws CredentialError where there is none, or it cannot be one
 */
export function readApiKey(value: unknown): string {
	const text = typeof value === 'string' ? withoutInvisible(value) : '';
	const key = text.replace(/^\s*bearer\s+/i, '').replace(/\s+/g, '');
	if (key === '') {
		throw new CredentialError('API Key: it is empty. Paste a key from AlloMia.');
	}
	if (!/^[\x21-\x7e]+$/.test(key)) {
		throw new CredentialError(
			'API Key: it holds characters that no key has. Copy the key again from AlloMia.',
		);
	}
	return key;
}
