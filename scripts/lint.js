const path = require('node:path');
const { cli, run } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

/** npm run lint [-- --fix]: n8n's own rules, then the formatting. */
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
	await eslint('nodes', 'credentials', 'package.json');
	await eslint('--config', 'eslint.tests.config.mjs', 'test', 'scripts', 'bench');
	await tool('prettier', 'bin/prettier.cjs', [
		fix ? '--write' : '--check',
		'--log-level=warn',
		'.',
	]);
});
