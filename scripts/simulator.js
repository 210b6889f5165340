const path = require('node:path');
const { spawn } = require('node:child_process');
const { cli } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

let child;

/** npm run simulator [-- --port P --pace MS --host H]: starts the AlloMia simulator. */
cli(
	async () => {
		await ensureDependencies();
		const file = path.join(projectRoot, 'test', 'simulator', 'cli.ts');
		child = spawn(process.execPath, ['--import', 'tsx', file, ...process.argv.slice(2)], {
			cwd: projectRoot,
			stdio: 'inherit',
		});
		process.exitCode = await new Promise((resolve) =>
			child.once('exit', (code) => resolve(code ?? 0)),
		);
	},
	async () => child?.kill(),
);
