const fs = require('node:fs');
const path = require('node:path');
const { cli, minute, run, UserError } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

/** npm run mutation [-- FILE …]: changes the code of nodes/ bit by bit, and says which changes no test notices. */
cli(async () => {
	const files = process.argv.slice(2);
	const isSource = (file) =>
		/^nodes\/.+\.ts$/.test(file) && fs.existsSync(path.join(projectRoot, file));
	const unknown = files.find((file) => !isSource(file));
	if (unknown) {
		throw new UserError(`There is no "${unknown}". Name a file such as nodes/shared/api.ts.`);
	}
	await ensureDependencies();
	const stryker = path.join(projectRoot, 'node_modules/@stryker-mutator/core/bin/stryker.js');
	await run(
		process.execPath,
		[stryker, 'run', ...(files.length > 0 ? ['--mutate', files.join()] : [])],
		{
			cwd: projectRoot,
			label: 'Stryker',
			limit: 12 * 60 * minute,
		},
	);
});
