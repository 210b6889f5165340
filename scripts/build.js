const { cli, run } = require('./lib/run');
const { gulpFile, projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

/** npm run build: checks the types and builds dist/. */
cli(async () => {
	await ensureDependencies();
	await run(process.execPath, [gulpFile(), 'build'], {
		cwd: projectRoot,
		label: 'The build',
	});
});
