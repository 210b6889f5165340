const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { version: packageVersion } = require('../../package.json');
const { projectRoot } = require('./paths');

/**
 * What was run with --record, by version and area: how many tests passed, failed and were skipped, when,
 * and with which version and code of the package.
 */
const recordFile = path.join(projectRoot, 'docs', 'testedVersions.json');

const readmeFile = path.join(projectRoot, 'README.md');

/** What README says of it stands between these. */
const inReadme = /(?<=<!-- versions -->\n\n)[^]*?(?=\n\n<!-- \/versions -->)/;

/** What a builder uses, by the files that test it in a real n8n. */
const areas = {
	Create: ['outboundCall', 'phoneNumbers', 'switches', 'badDays', 'credential', 'package'],
	Trigger: ['trigger', 'triggerLife', 'verification', 'door'],
	'Create and Wait': ['createAndWait', 'parking', 'examples'],
	'One person, one call': ['onePersonOneCall', 'changedLists', 'longLists', 'callOncePer'],
	'Call, Organization': [
		'callLog',
		'getByOutboundCall',
		'organization',
		'binaryModes',
		'linkSafety',
	],
	'AI agents': ['agent'],
	Editor: ['editor', 'install'],
	'Queue mode': ['queue'],
};

/** Of no version: the command `npm start` has an n8n of its own. */
const elsewhere = ['start'];

/**
 * Counts a report of jest's by area.
 * @throws where it has a file that belongs to none
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

/** What the package's own code is known by: each change of it makes another. */
function sourceHash() {
	const hash = createHash('sha256');
	for (const folder of ['credentials', 'nodes']) {
		const files = fs
			.readdirSync(path.join(projectRoot, folder), { recursive: true })
			// Nothing that a system or an editor has left there.
			.filter((it) => /\.(ts|json|svg)$/.test(it))
			.map((it) => `${folder}/${it}`.replaceAll('\\', '/'))
			.sort();
		for (const file of files) {
			hash.update(`${file}\n`).update(fs.readFileSync(path.join(projectRoot, file)));
		}
	}
	return hash.digest('hex').slice(0, 12);
}

/** The areas of which a version's tests have last run with other code, or have failed. */
function untested(counts, source) {
	return Object.keys(areas).filter((area) => {
		const count = counts?.[area];
		return count?.source !== source || count.failed > 0;
	});
}

/**
 * Writes down what came of a run, in README too. Areas that were not run keep what they had.
 * @param source of the code that was run
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

/** Orders versions, older ones first. */
function compare(a, b) {
	const [left, right] = [a, b].map((version) => version.split('.').map(Number));
	const at = left.findIndex((part, index) => part !== right[index]);
	return at < 0 ? 0 : left[at] - right[at];
}

/** The table of what was run, in Markdown. */
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
 * What README says: the table, and from which version on all works, and the most used.
 * Where there is none, it is the table alone.
 */
function shown(all) {
	const whole = oldestWith(all, Object.keys(areas), ({ skipped }) => skipped === 0);
	const usual = oldestWith(all, ['Create', 'Trigger'], () => true);
	if (!whole || !usual) return tableOf(all);
	return `${tableOf(all)}\n\nOf these, everything works from n8n ${whole} on, Create and Trigger from ${usual} on.`;
}

/** The oldest version such that, of those that were run for some areas, it and all newer ones do well. */
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
