/**
 * libphonenumber's metadata without how each country writes its numbers: a number goes out as E.164,
 * for which only the rules of reading are needed: a third less to ship.
 * @param metadata version 4: an array per country, in which the fifth entry holds the formats
 */
function withoutFormats(metadata) {
	if (metadata.version !== 4) {
		throw new Error(`libphonenumber-js has metadata of version ${metadata.version}, not 4.`);
	}
	const strip = (entries) =>
		Object.fromEntries(
			Object.entries(entries).map(([key, rules]) => [
				key,
				rules.map((rule, index) => (index === 4 ? 0 : rule)),
			]),
		);
	return {
		...metadata,
		countries: strip(metadata.countries),
		nonGeographic: strip(metadata.nonGeographic),
	};
}

module.exports = { withoutFormats };
