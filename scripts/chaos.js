const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, minute, run, UserError } = require('./lib/run');
const { gulpFile, projectRoot } = require('./lib/paths');
const { adviceFor, missingFor } = require('./lib/services');
const { buildAndPack, ensureDependencies, ensureN8n } = require('./lib/setup');

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-chaos-'));
// PostgreSQL may run as another user, who needs access to its folder.
fs.chmodSync(scratch, 0o755);

/**
 * npm run chaos [-- --minutes 5 --seed N]: calls lists with n8n in queue mode while its processes, database and queue are
 * killed and AlloMia does what it should not, and judges what came of it.
 */
cli(
	async () => {
		const missing = missingFor('queue');
		if (missing.length > 0) throw new UserError(adviceFor('queue', missing));
		const [n8n] = await Promise.all([ensureN8n(), ensureDependencies()]);
		const build = async () => {
			await run(process.execPath, [gulpFile(), 'compile', '--silent'], {
				cwd: projectRoot,
				label: 'build',
			});
			return true;
		};
		const tarball = await buildAndPack(build, path.join(scratch, 'package'));
		await run(
			n8n.node.bin,
			[
				'--import',
				'tsx',
				path.join(projectRoot, 'test', 'chaos', 'main.ts'),
				...process.argv.slice(2),
			],
			{
				cwd: projectRoot,
				label: 'The chaos',
				limit: 24 * 60 * minute,
				env: {
					...process.env,
					ALLOMIA_N8N: JSON.stringify(n8n),
					ALLOMIA_TARBALL: tarball,
					NODE_COMPILE_CACHE: path.join(n8n.home, 'compiled'),
					TMPDIR: scratch,
				},
			},
		);
	},
	async () => fs.rmSync(scratch, { recursive: true, force: true }),
);
