import table from 'time-zones';

/** The lists of zones by the first digits of a number. Numbers of one prefix share their list. */
const byPrefix = decodeTimeZones(table);

const longestPrefix = Math.max(...[...byPrefix.keys()].map(({ length }) => length));

/**
 * The time zones (IANA) in which a phone number may be, by libphonenumber's data for prefixes: one for most area
 * codes, several for a toll-free number or a mobile number of a large country, none if there are no data.
 * @param phoneNumber as E.164
 * @returns the same array for all numbers with the same zones
 */
export function timeZonesOf(phoneNumber: string): readonly string[] {
	const digits = phoneNumber.replace(/^\+/, '').slice(0, longestPrefix);
	for (let { length } = digits; length > 0; length -= 1) {
		const zones = byPrefix.get(digits.slice(0, length));
		if (zones) return zones;
	}
	return noZones;
}

const noZones: readonly string[] = [];

/** Reads the table that scripts/timeZones writes. */
function decodeTimeZones({ zones, lists, prefixes }: typeof table): Map<string, readonly string[]> {
	const names = zones.split(' ');
	const all = lists.split(',').map((list) => list.split(' ').map((it) => names[parseInt(it, 36)]));
	const decoded = new Map<string, readonly string[]>();
	for (const [index, group] of prefixes.split(',').entries()) {
		let prefix = '';
		for (const [, shared = 'a', rest = ''] of group.matchAll(/([a-z])(\d+)/g)) {
			prefix = prefix.slice(0, shared.charCodeAt(0) - 97) + rest;
			decoded.set(prefix, all[index] as string[]);
		}
	}
	return decoded;
}
