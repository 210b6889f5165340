import type { FaultRule } from './types';

/** The properties of a request that a rule is matched against. */
export interface FaultSubject {
	host: 'api' | 'files';
	method: string;
	/** With the query. */
	path: string;
	body: Buffer | null;
}

/** A rule, and how often it still applies. */
export interface ArmedFault {
	rule: FaultRule;
	left: number;
}

/** Finds the first rule that matches, and reduces its count by one. */
export function takeFault(faults: ArmedFault[], subject: FaultSubject): FaultRule | undefined {
	const index = faults.findIndex(({ rule }) => matches(rule, subject));
	const found = faults[index];
	if (!found) return undefined;
	found.left -= 1;
	if (found.left <= 0) faults.splice(index, 1);
	return found.rule;
}

function matches({ match = {} }: FaultRule, subject: FaultSubject): boolean {
	const { method, path, number, host = 'api' } = match;
	if (host !== subject.host) return false;
	if (method !== undefined && method.toUpperCase() !== subject.method) return false;
	if (path !== undefined && !matchesPath(path, subject.path)) return false;
	return number === undefined || phoneNumberIn(subject.body) === number;
}

function matchesPath(wanted: RegExp | string, path: string): boolean {
	// Not `test`: a global expression would remember where it stopped.
	if (typeof wanted !== 'string') return path.search(wanted) !== -1;
	const asked = (path.split('?')[0] ?? '').replace(/^\/api(?=\/)/, '').split('/');
	const pattern = wanted.replace(/^\/api(?=\/)/, '').split('/');
	return (
		asked.length === pattern.length &&
		pattern.every((segment, index) => segment === '*' || segment === asked[index])
	);
}

function phoneNumberIn(body: Buffer | null): unknown {
	try {
		const value: unknown = JSON.parse(String(body));
		return typeof value === 'object' && value !== null && 'phoneNumber' in value
			? value.phoneNumber
			: undefined;
	} catch {
		return undefined;
	}
}
