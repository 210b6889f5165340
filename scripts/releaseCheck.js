const fs = require('node:fs');
const path = require('node:path');
const { cli, run, say, UserError } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { releaseFaults } = require('./lib/release');
const { ensureDependencies } = require('./lib/setup');

/**
 * npm run release:check [-- --tag v1.2.3]: all that a release needs and that can be seen without the
 * internet. The workflow that publishes a tag calls it first.
 */
cli(async () => {
	const at = process.argv.indexOf('--tag');
	const tag = at < 0 ? undefined : (process.argv[at + 1] ?? '');
	const read = (file) => fs.readFileSync(path.join(projectRoot, file), 'utf8');
	const faults = releaseFaults({
		manifest: JSON.parse(read('package.json')),
		lock: JSON.parse(read('package-lock.json')),
		changelog: read('CHANGELOG.md'),
		tag,
	});
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
	await script('Links', 'test.js', 'unit', '--grep', 'links of|README');
	await script(
		'What is in the package, a fresh install into n8n, and a call',
		'test.js',
		'e2e',
		'--grep',
		'the tarball|is installed by hand|sends the documented example byte for byte',
	);
	say('\nThis can be released.');
});
