/** Whether a host name stands for this machine. */
export function isLoopbackHost(host: string): boolean {
	const name = bareHost(host);
	return (
		name === 'localhost' ||
		name.endsWith('.localhost') ||
		/^127\.\d+\.\d+\.\d+$/.test(name) ||
		name === '::1'
	);
}

/** Parses a URL. Returns undefined if it is invalid. */
export function parseUrl(text: string, base?: string): URL | undefined {
	return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

/** A host name in lower case, without the brackets of an IPv6 address or the dot of an absolute name. */
export function bareHost(host: string): string {
	return host
		.toLowerCase()
		.replace(/^\[|\]$/g, '')
		.replace(/\.$/, '');
}
