const fs = require('node:fs');
const path = require('node:path');
const { cli, run, say, UserError } = require('./lib/run');
const { defaultN8nVersion, oldN8nVersion, projectRoot } = require('./lib/paths');
const { documentTests, installTests, recordFaults, releaseFaults } = require('./lib/release');
const { ensureDependencies } = require('./lib/setup');
const { readRecord, sourceHash, untested } = require('./lib/testedVersions');

/**
 * npm run release:check [-- --tag v1.2.3]: checks a release before it is published. The workflow that publishes a tag
 * runs it first.
 */
cli(async () => {
	const tag = readTag(process.argv.slice(2));
	const read = (file) => fs.readFileSync(path.join(projectRoot, file), 'utf8');
	const [tested, source] = [readRecord(), sourceHash()];
	const faults = releaseFaults({
		manifest: JSON.parse(read('package.json')),
		lock: JSON.parse(read('package-lock.json')),
		changelog: read('CHANGELOG.md'),
		tag,
	});
	const unrecorded = recordFaults(
		Object.fromEntries(
			[defaultN8nVersion, oldN8nVersion].map((it) => [it, untested(tested[it], source)]),
		),
	);
	if (tag !== undefined) faults.push(...unrecorded);
	if (faults.length > 0) throw new UserError(faults.join('\n'));
	say('The version, the lock file, the changelog and the tag agree.');

	await ensureDependencies();
	const script = async (label, name, ...args) => {
		say(`\n> ${label}`);
		await run(process.execPath, [path.join(__dirname, name), ...args], {
			cwd: projectRoot,
			label,
		});
	};
	await script("Rules, formatting and n8n's scan", 'lint.js');
	await script('Types', 'build.js');
	await script('Links, tables and samples', 'test.js', 'unit', '--grep', documentTests);
	await script(
		'What is in the package, a fresh install into n8n, and a call',
		'test.js',
		'e2e',
		'--grep',
		installTests.join('|'),
	);
	say(
		unrecorded.length > 0
			? `\nAll is well. Before the tag:\n${unrecorded.join('\n')}`
			: '\nThis can be released.',
	);
});

/** @throws UserError for unknown arguments, so that a typo is not mistaken for a check that passed */
function readTag(args) {
	if (args.length === 0) return undefined;
	if (args.length === 2 && args[0] === '--tag') return args[1];
	throw new UserError('Use it so: npm run release:check -- --tag v1.2.3 (or without a tag)');
}
