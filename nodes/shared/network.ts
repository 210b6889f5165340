import { clean } from './text';

/** Where the API lives unless the credential says otherwise. */
export const defaultBaseUrl = 'https://allomia.com/api';

/** What is wrong with a base URL, as a sentence for the user. */
export class BaseUrlError extends Error {}

/** Whether the host name is this very machine. */
export function isLoopbackHost(host: string): boolean {
	const name = bareHost(host);
	return (
		name === 'localhost' ||
		name.endsWith('.localhost') ||
		/^127\.\d+\.\d+\.\d+$/.test(name) ||
		name === '::1'
	);
}

/**
 * Whether the internet cannot reach the host: loopback, private (RFC 1918, RFC 4193), link-local,
 * shared (RFC 6598) and unspecified addresses, and names that exist on a local network only.
 */
export function isPrivateHost(host: string): boolean {
	const name = bareHost(host);
	if (isLoopbackHost(name)) return true;
	if (name.includes(':')) {
		const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(name);
		if (mapped?.[1] && mapped[2]) return isPrivateHost(ipv4(mapped[1], mapped[2]));
		return name === '::' || /^f[cd]/.test(name) || /^fe[89ab]/.test(name);
	}
	const parts = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(name);
	if (parts) {
		const [first, second] = [Number(parts[1]), Number(parts[2])];
		return (
			first === 0 ||
			first === 10 ||
			(first === 100 && second >= 64 && second < 128) ||
			(first === 169 && second === 254) ||
			(first === 172 && second >= 16 && second < 32) ||
			(first === 192 && second === 168)
		);
	}
	return !name.includes('.') || /\.(local|internal|lan|home|test|invalid|home\.arpa)$/.test(name);
}

/** Whether a URL's host is one that the internet cannot reach. */
export function isPrivateUrl(url: string): boolean {
	return isPrivateHost(new URL(url).hostname);
}

/**
 * The credential's base URL, cleaned and without a slash at the end.
 * @throws BaseUrlError where it is no http(s) URL, or would send the key in the open
 */
export function readBaseUrl(value: unknown): string {
	const text = typeof value === 'string' ? clean(value) : '';
	if (text === '') return defaultBaseUrl;
	const url = parseUrl(text);
	if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		throw new BaseUrlError(
			`Base URL: "${text}" is not a web address. Use ${defaultBaseUrl} unless AlloMia gave you another.`,
		);
	}
	if (url.username || url.password || url.search || url.hash) {
		throw new BaseUrlError(
			`Base URL: use the plain address, such as ${defaultBaseUrl}, without a user name, a "?" or a "#".`,
		);
	}
	if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
		throw new BaseUrlError(
			'Base URL: use https://. With http:// your API key would travel in the open; it is allowed for addresses of this machine only (localhost).',
		);
	}
	return url.href.replace(/\/+$/, '');
}

/** The parsed URL, or undefined where it is none. */
export function parseUrl(text: string): URL | undefined {
	return URL.canParse(text) ? new URL(text) : undefined;
}

function bareHost(host: string): string {
	return host
		.toLowerCase()
		.replace(/^\[|\]$/g, '')
		.replace(/\.$/, '');
}

function ipv4(high: string, low: string): string {
	const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
	return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
