const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { cli, minute, run, UserError } = require('./lib/run');
const { projectRoot } = require('./lib/paths');
const { ensureDependencies } = require('./lib/setup');

/**
 * npm run mutation [-- FILE …]: changes the code of nodes/ bit by bit, and lists the changes that no test notices.
 * `--sample 8` tries one change in eight, `--seed TEXT` the same ones again.
 */
cli(async () => {
	const { values, positionals: files } = parseArgs({
		allowPositionals: true,
		options: { sample: { type: 'string' }, seed: { type: 'string' } },
	});
	const { sample, seed = Date.now().toString(36) } = values;
	if (sample !== undefined && !/^[1-9]\d*$/.test(sample)) {
		throw new UserError(`--sample takes a whole number, such as 8: it is "${sample}".`);
	}
	const isSource = (file) =>
		/^nodes\/.+\.ts$/.test(file) && fs.existsSync(path.join(projectRoot, file));
	const unknown = files.find((file) => !isSource(file));
	if (unknown) {
		throw new UserError(
			`There is no "${unknown}". Name a file such as nodes/shared/api/retryPolicy.ts.`,
		);
	}
	await ensureDependencies();
	if (sample)
		console.log(
			`One change in ${sample} is tried; the same again: --sample ${sample} --seed ${seed}`,
		);
	const stryker = path.join(projectRoot, 'node_modules/@stryker-mutator/core/bin/stryker.js');
	await run(
		process.execPath,
		[stryker, 'run', ...(files.length > 0 ? ['--mutate', files.join()] : [])],
		{
			cwd: projectRoot,
			env: sample ? { ...process.env, ALLOMIA_MUTATION_SAMPLE: `${sample}/${seed}` } : process.env,
			label: 'Stryker',
			limit: 12 * 60 * minute,
		},
	);
});
