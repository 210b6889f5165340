const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, run, say, UserError } = require('./lib/run');
const { gulpFile, projectRoot } = require('./lib/paths');
const { buildAndPack, ensureDependencies } = require('./lib/setup');

/** npm run lint [-- --fix]: n8n's own rules, the direction of imports, the formatting, and n8n's scan of verified packages. */
cli(async () => {
	await ensureDependencies();
	const fix = process.argv.includes('--fix');
	const tool = (name, file, args) =>
		run(process.execPath, [path.join(projectRoot, 'node_modules', name, file), ...args], {
			cwd: projectRoot,
			label: name,
		});
	const eslint = (...args) =>
		tool('eslint', 'bin/eslint.js', [...args, '--max-warnings=0', ...(fix ? ['--fix'] : [])]);
	await eslint('nodes', 'credentials', 'package.json', '--no-inline-config');
	await eslint('--config', 'eslint.tests.config.mjs', 'test', 'scripts', 'bench');
	await tool('dependency-cruiser', 'bin/dependency-cruise.mjs', [
		...['nodes', 'credentials', 'test', 'bench', 'scripts'],
		'--config=.dependency-cruiser.cjs',
	]);
	await tool('prettier', 'bin/prettier.cjs', [
		fix ? '--write' : '--check',
		'--log-level=warn',
		'.',
	]);
	await scan();
});

/**
 * Runs n8n's scan of verified packages on the source and on the package as it is published, with n8n's rules and
 * inline comments disabled. The scan also requires npm's provenance, which only published packages have.
 */
async function scan() {
	const { analyzePackage, SOURCE_FILE_PATTERNS } = await import(
		'@n8n/scan-community-package/scanner/scanner.mjs'
	);
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-scan-'));
	try {
		const tarball = await buildAndPack(
			async () => {
				await run(process.execPath, [gulpFile(), 'compile', '--silent'], {
					cwd: projectRoot,
					label: 'The build',
				});
				return true;
			},
			path.join(folder, 'tarball'),
		);
		await run('tar', ['-xzf', path.basename(tarball)], {
			cwd: path.dirname(tarball),
			label: 'Unpacking the package',
		});
		const results = {
			'the source': await analyzePackage(projectRoot, SOURCE_FILE_PATTERNS),
			'the package': await analyzePackage(path.join(path.dirname(tarball), 'package')),
		};
		for (const [name, { passed, message, details = '' }] of Object.entries(results)) {
			if (!passed || message)
				throw new UserError(`n8n's scan refuses ${name}: ${message}\n${details}`);
		}
		say("n8n's scan has nothing to say against the source and the package.");
	} finally {
		fs.rmSync(folder, { recursive: true, force: true });
	}
}
