const fs = require('node:fs/promises');
const path = require('node:path');
const esbuild = require('esbuild');
const manifest = require('../../package.json');
const { projectRoot } = require('./paths');
const { withoutFormats } = require('./phoneMetadata');

/** The sources of what package.json tells n8n to load. */
const entryPoints = [...manifest.n8n.nodes, ...manifest.n8n.credentials].map((file) =>
	file.replace(/^dist\//, '').replace(/\.js$/, '.ts'),
);

/** The rules of phone numbers: the largest part, needed only once a number is read. */
const phoneRules = 'nodes/shared/phone';

const phonePlugin = {
	name: 'phone-rules',
	setup(build) {
		// A file of their own, so that n8n does not parse it at its start.
		build.onResolve({ filter: /\/phone$/ }, ({ kind }) =>
			kind === 'entry-point' ? undefined : { path: '../shared/phone.js', external: true },
		);
		build.onLoad({ filter: /metadata\.min\.json\.js$/ }, async ({ path }) => {
			const metadata = JSON.parse(await fs.readFile(path.replace(/\.js$/, ''), 'utf8'));
			return { contents: JSON.stringify(withoutFormats(metadata)), loader: 'json' };
		});
	},
};

/**
 * One file per node. n8n installs no dependencies of a community package, so what n8n does not
 * provide is bundled; dynamic imports become functions that run when first called, which keeps
 * loading the nodes quick.
 * @param plugins of esbuild: what a benchmark changes
 */
async function bundle({ outdir = path.join(projectRoot, 'dist'), plugins = [] } = {}) {
	await esbuild.build({
		absWorkingDir: projectRoot,
		entryPoints: [...entryPoints, `${phoneRules}.ts`],
		outbase: '.',
		outdir,
		bundle: true,
		format: 'cjs',
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow', 'zod'],
		plugins: [phonePlugin, ...plugins],
		minify: true,
		legalComments: 'inline',
		logLevel: 'warning',
	});
}

module.exports = { bundle };
