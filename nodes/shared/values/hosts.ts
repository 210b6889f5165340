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
 * shared (RFC 6598), multicast and unspecified addresses, and names that exist on a local network only.
 */
export function isPrivateHost(host: string): boolean {
	const name = bareHost(host);
	if (isLoopbackHost(name)) return true;
	if (name.includes(':')) {
		// IPv4 in IPv6: mapped, compatible, and by NAT64 (RFC 6052).
		const mapped = /^(?:::(?:ffff:)?|64:ff9b::)([\da-f]{1,4}):([\da-f]{1,4})$/.exec(name);
		if (mapped?.[1] && mapped[2]) return isPrivateHost(ipv4(mapped[1], mapped[2]));
		return name === '::' || /^f[cd]/.test(name) || /^fe[89ab]/.test(name);
	}
	const parts = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(name);
	if (parts) {
		const [first, second] = [Number(parts[1]), Number(parts[2])];
		return (
			first === 0 ||
			first >= 224 ||
			first === 10 ||
			(first === 100 && second >= 64 && second < 128) ||
			(first === 169 && second === 254) ||
			(first === 172 && second >= 16 && second < 32) ||
			(first === 192 && second === 168) ||
			(first === 198 && (second === 18 || second === 19))
		);
	}
	return (
		!name.includes('.') ||
		/\.(local|localdomain|internal|lan|home|test|invalid|home\.arpa)$/.test(name)
	);
}

/** Whether a URL's host is one that the internet cannot reach. */
export function isPrivateUrl(url: string): boolean {
	return isPrivateHost(new URL(url).hostname);
}

/** The parsed URL, or undefined where it is none. */
export function parseUrl(text: string, base?: string): URL | undefined {
	return URL.canParse(text, base) ? new URL(text, base) : undefined;
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
