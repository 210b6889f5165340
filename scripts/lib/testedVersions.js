const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { version: packageVersion } = require('../../package.json');
const { projectRoot } = require('./paths');

/**
 * The recorded results by n8n version and area: how many tests passed, failed and were skipped, when, and with which
 * version and code of the package.
 */
const recordFile = path.join(projectRoot, 'docs', 'testedVersions.json');

const readmeFile = path.join(projectRoot, 'README.md');

/** The markers of the table in README. */
const inReadme = /(?<=<!-- versions -->\n\n)[^]*?(?=\n\n<!-- \/versions -->)/;

/** The areas of the package, with the files that test them in a real n8n. */
const areas = {
	Create: [
		'outboundCall',
		'phoneNumbers',
		'switches',
		'badDays',
		'callingHours',
		'credential',
		'package',
	],
	Trigger: ['trigger', 'triggerLife', 'verification', 'attacks', 'forgedCallbacks'],
	'Create and Wait': ['createAndWait', 'parking', 'publishedTemplates', 'templates'],
	'One person, one call': ['onePersonOneCall', 'changedLists', 'longLists', 'callOncePer'],
	'Call, Organization': [
		'callLog',
		'getByOutboundCall',
		'organization',
		'binaryModes',
		'linkSafety',
	],
	'AI agents': ['agent'],
	Editor: ['editor', 'install', 'newcomer', 'pictures'],
	'Queue mode': ['queue'],
};

/** Tests that belong to no version: `npm start` has its own n8n. */
const elsewhere = ['start'];

/**
 * Counts the results of a jest report by area.
 * @throws if a file belongs to no area
 */
function countByArea({ testResults }) {
	const counts = {};
	for (const { name, status, assertionResults } of testResults) {
		const file = path.basename(name, '.test.ts');
		const [area] = Object.entries(areas).find(([, files]) => files.includes(file)) ?? [];
		if (area === undefined)
			throw new Error(`scripts/lib/testedVersions.js has no area for ${name}`);
		const count = (counts[area] ??= { passed: 0, failed: 0, skipped: 0 });
		for (const { status: one } of assertionResults) {
			count[one === 'passed' || one === 'failed' ? one : 'skipped'] += 1;
		}
		if (status === 'failed' && assertionResults.length === 0) count.failed += 1;
	}
	return counts;
}

/** A hash of the package's source. */
function sourceHash() {
	const hash = createHash('sha256');
	for (const folder of ['credentials', 'nodes']) {
		const files = fs
			.readdirSync(path.join(projectRoot, folder), { recursive: true })
			// Without files of the operating system or an editor.
			.filter((it) => /\.(ts|json|svg)$/.test(it))
			.map((it) => `${folder}/${it}`.replaceAll('\\', '/'))
			.sort();
		for (const file of files) {
			hash.update(`${file}\n`).update(fs.readFileSync(path.join(projectRoot, file)));
		}
	}
	return hash.digest('hex').slice(0, 12);
}

/** The areas of a version whose tests were last run with other code, or failed. */
function untested(counts, source) {
	return Object.keys(areas).filter((area) => {
		const count = counts?.[area];
		return count?.source !== source || count.failed > 0;
	});
}

/**
 * Records the results of a run, and updates the table in README. Other areas keep their results.
 * @param source the hash of the tested code
 */
function record(version, report, source) {
	const all = readRecord();
	const date = new Date().toISOString().slice(0, 10);
	const run = { package: packageVersion, source, date };
	all[version] ??= {};
	for (const [area, count] of Object.entries(countByArea(report))) {
		all[version][area] = { ...count, ...run };
	}
	const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => compare(b, a)));
	fs.writeFileSync(recordFile, `${JSON.stringify(sorted, undefined, '\t')}\n`);
	const readme = fs.readFileSync(readmeFile, 'utf8');
	fs.writeFileSync(
		readmeFile,
		readme.replace(inReadme, () => shown(sorted)),
	);
}

function readRecord() {
	return fs.existsSync(recordFile) ? JSON.parse(fs.readFileSync(recordFile, 'utf8')) : {};
}

/** Compares versions, older ones first. */
function compare(a, b) {
	const [left, right] = [a, b].map((version) => version.split('.').map(Number));
	const at = left.findIndex((part, index) => part !== right[index]);
	return at < 0 ? 0 : left[at] - right[at];
}

/** The table of results in Markdown. */
function tableOf(all) {
	const names = Object.keys(areas);
	const cell = (count) => {
		if (!count) return 'not run';
		const { passed, failed, skipped } = count;
		if (passed === 0 && failed === 0) return 'no';
		if (failed > 0) return `${failed} of ${passed + failed + skipped} fail`;
		return skipped > 0 ? `yes, but for ${skipped} of ${passed + skipped}` : 'yes';
	};
	const rows = Object.entries(all).map(([version, counts]) => [
		version,
		...names.map((name) => cell(counts[name])),
	]);
	return [['n8n', ...names], names.map(() => '---').concat('---'), ...rows]
		.map((cells) => `| ${cells.join(' | ')} |`)
		.join('\n');
}

/**
 * The text in README: the table, and the versions from which on everything, or the most used part, works.
 */
function shown(all) {
	const whole = oldestWith(all, Object.keys(areas), ({ skipped }) => skipped === 0);
	const usual = oldestWith(all, ['Create', 'Trigger'], () => true);
	if (!whole || !usual) return tableOf(all);
	return `${tableOf(all)}\n\nOf these, everything works from n8n ${whole} on, Create and Trigger from ${usual} on.`;
}

/** The oldest version such that it and all newer ones passed the tests of some areas. */
function oldestWith(all, names, isEnough) {
	let oldest;
	for (const [version, counts] of Object.entries(all)) {
		const found = names.map((name) => counts[name]).filter(Boolean);
		const isGood = ({ passed, failed, ...rest }) => passed > 0 && failed === 0 && isEnough(rest);
		if (found.length === 0) continue;
		if (found.length < names.length || !found.every(isGood)) break;
		oldest = version;
	}
	return oldest;
}

module.exports = {
	areas,
	compare,
	countByArea,
	elsewhere,
	inReadme,
	readRecord,
	record,
	shown,
	sourceHash,
	tableOf,
	untested,
};
