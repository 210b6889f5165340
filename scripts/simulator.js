const path = require('node:path');
const { spawn } = require('node:child_process');
const { cli } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

/** npm run simulator [-- --port P --pace MS --host H]: the stand-in for AlloMia, alone. */
cli(async () => {
	await ensureDependencies();
	const child = spawn(
		process.execPath,
		[
			'--import',
			'tsx',
			path.join(projectRoot, 'test', 'simulator', 'cli.ts'),
			...process.argv.slice(2),
		],
		{ cwd: projectRoot, stdio: 'inherit' },
	);
	// Ctrl-C reaches the child by itself; a signal to this process alone does not.
	process.on('SIGINT', () => {});
	process.on('SIGTERM', () => child.kill('SIGTERM'));
	process.exitCode = await new Promise((resolve) =>
		child.once('exit', (code) => resolve(code ?? 0)),
	);
});
