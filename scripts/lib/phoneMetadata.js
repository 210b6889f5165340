/**
 * Removes the countries' number formats from libphonenumber's metadata, which makes it a third smaller: numbers are only
 * parsed, and sent as E.164.
 * @param metadata version 4: an array per country, whose fifth entry holds the formats
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
