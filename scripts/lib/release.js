/**
 * Checks a version before its release.
 * @param manifest package.json
 * @param lock package-lock.json
 * @param changelog the text of CHANGELOG.md
 * @param tag the tag to be released, if there is one
 * @returns what to do, as sentences; none if everything is fine
 */
function releaseFaults({ manifest: { version }, lock, changelog, tag }) {
	const faults = [];
	if (!/^\d+\.\d+\.\d+$/.test(version)) {
		faults.push(`package.json: "${version}" is no version. Use one such as 1.2.3.`);
	}
	if (lock.version !== version || lock.packages?.['']?.version !== version) {
		faults.push(`package-lock.json: it does not say ${version}. Run "npm install".`);
	}
	if (tag !== undefined && tag !== `v${version}`) {
		faults.push(`The tag is ${tag}, and package.json says ${version}: tag v${version}.`);
	}
	const [newest] = changelog
		.split(/^## /m)
		.slice(1)
		.filter((it) => !it.startsWith('[Unreleased]'));
	const [, found, date] = /^\[(\S+)\] - (\d{4}-\d\d-\d\d)\n/.exec(newest ?? '') ?? [];
	if (found !== version) {
		faults.push(
			`CHANGELOG.md: its newest version is ${found ?? 'none with a date'}. Add "## [${version}] - <date>".`,
		);
	} else if (!isDay(date)) {
		faults.push(`CHANGELOG.md: ${date} is no date.`);
	} else if (!/^- /m.test(newest)) {
		faults.push(`CHANGELOG.md: it says nothing of ${version}.`);
	}
	const [unreleased = ''] = changelog.split(/^## /m).filter((it) => it.startsWith('[Unreleased]'));
	if (/^- /m.test(unreleased)) {
		faults.push(`CHANGELOG.md: move what is under [Unreleased] to ${version}.`);
	}
	return faults;
}

/**
 * Further checks of a tag.
 * @param untested the areas whose tests this code has not passed, by n8n version
 */
function recordFaults(untested) {
	return Object.entries(untested).flatMap(([n8n, areas]) =>
		areas.length === 0
			? []
			: [
					`docs/testedVersions.json: this code was not tested on n8n ${n8n}, or failed there: ${areas.join('; ')}. Run "npm run test:n8n -- ${n8n} --record".`,
				],
	);
}

/** Whether a date exists: `Date` accepts the 31st of any month. */
function isDay(text) {
	const date = new Date(`${text}T00:00:00Z`);
	return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The tests of the documentation, by name. */
const documentTests = 'links|README|docs/';

/** The tests of the published package, by name, each of which exists once. */
const installTests = [
	'holds what n8n needs and nothing else',
	'is installed by hand with the README',
	'sends the documented example byte for byte',
];

module.exports = { documentTests, installTests, recordFaults, releaseFaults };
