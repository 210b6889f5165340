import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';
import { bareHost, isLoopbackHost } from './hosts';

/** Names without a dot, and top-level domains that are never on the internet. */
const localName = /^[^.]*$|\.(local|localdomain|internal|lan|home|test|invalid|home\.arpa)$/;

/** The ranges of ipaddr.js that can be reached from the internet. */
const publicRanges = ['unicast', '6to4', 'teredo', 'as112', 'as112v6', 'amt'];

/** Whether a host cannot be reached from the internet: a local name, or an address in a special range. */
export function isPrivateHost(host: string): boolean {
	const name = bareHost(host);
	return ipaddr.isValid(name)
		? isPrivateAddress(ipaddr.parse(name))
		: isLoopbackHost(name) || localName.test(name);
}

/** Whether the host of a URL cannot be reached from the internet. */
export function isPrivateUrl(url: string): boolean {
	return isPrivateHost(new URL(url).hostname);
}

function isPrivateAddress(address: IPv4 | IPv6): boolean {
	const range = address.range();
	if (
		'parts' in address &&
		(range === 'ipv4Mapped' || range === 'rfc6052' || isCompatible(address))
	) {
		return isPrivateAddress(new ipaddr.IPv4(address.toByteArray().slice(-4)));
	}
	return !publicRanges.includes(range);
}

/** Whether it is an "IPv4-compatible" address (RFC 4291, 2.5.5.1), which ipaddr.js counts as unicast. */
function isCompatible({ parts }: IPv6): boolean {
	return parts.slice(0, 6).every((part) => part === 0);
}
