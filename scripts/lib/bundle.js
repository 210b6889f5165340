const fs = require('node:fs/promises');
const path = require('node:path');
const esbuild = require('esbuild');
const manifest = require('../../package.json');
const { projectRoot } = require('./paths');
const { withoutFormats } = require('./phoneMetadata');

/** The source of a file that n8n loads according to package.json. */
const sourceOf = (file) => file.replace(/^dist\//, '').replace(/\.js$/, '.ts');

/** Both nodes are in one file, since they share most of their code. */
const allNodes = 'nodes/shared/nodes';

/** The phone number metadata: the largest part, which is loaded when the first number is read. */
const phoneRules = 'nodes/shared/phone';

/** The time zones of phone numbers, which are loaded when Calling Hours are first set. */
const phoneTimeZones = 'nodes/shared/phoneTimeZones';

const nodesPlugin = {
	name: 'all-nodes',
	setup(build) {
		build.onResolve({ filter: /^all-nodes$/ }, ({ path }) => ({ path, namespace: 'nodes' }));
		build.onLoad({ filter: /.*/, namespace: 'nodes' }, () => ({
			contents: manifest.n8n.nodes.map((file) => `export * from './${sourceOf(file)}';`).join('\n'),
			resolveDir: projectRoot,
		}));
	},
};

/** Keeps a source file apart from the nodes, so that n8n does not parse it when it starts. */
const separate = (filter, out) => ({
	name: out,
	setup(build) {
		build.onResolve({ filter }, ({ kind }) =>
			kind === 'entry-point'
				? undefined
				: { path: `../shared/${path.basename(out)}.js`, external: true },
		);
	},
});

/** Bundles data in a form of their own. */
const dataPlugin = {
	name: 'data',
	setup(build) {
		build.onLoad({ filter: /metadata\.max\.json\.js$/ }, async ({ path }) => {
			const metadata = JSON.parse(await fs.readFile(path.replace(/\.js$/, ''), 'utf8'));
			return { contents: JSON.stringify(withoutFormats(metadata)), loader: 'json' };
		});
		build.onLoad({ filter: /\btimeZones[\\/]index\.js$/ }, () => ({
			contents: JSON.stringify(require('time-zones')),
			loader: 'json',
		}));
	},
};

/** Writes a file per node that re-exports it from the bundle. */
async function linkNodes(outdir) {
	for (const file of manifest.n8n.nodes) {
		const target = path.join(outdir, path.relative('dist', file));
		const name = path.basename(file, '.node.js');
		await fs.mkdir(path.dirname(target), { recursive: true });
		const bundled = path.posix.relative(path.posix.dirname(sourceOf(file)), `${allNodes}.js`);
		await fs.writeFile(target, `exports.${name} = require('${bundled}').${name};\n`);
	}
}

/**
 * Builds what n8n loads. n8n installs no dependencies of community packages, so what it does not provide is bundled.
 * Dynamic imports become functions that run when first called, so that the nodes load fast.
 * @param plugins further esbuild plugins, for benchmarks
 */
async function bundle({ outdir = path.join(projectRoot, 'dist'), plugins = [] } = {}) {
	await esbuild.build({
		absWorkingDir: projectRoot,
		entryPoints: [
			{ in: 'all-nodes', out: allNodes },
			{ in: 'nodes/shared/values/phone.ts', out: phoneRules },
			{
				in: 'nodes/AlloMia/resources/outboundCall/hours/phoneTimeZones.ts',
				out: phoneTimeZones,
			},
			...manifest.n8n.credentials.map(sourceOf).map((file) => ({
				in: file,
				out: file.replace(/\.ts$/, ''),
			})),
		],
		outdir,
		bundle: true,
		format: 'cjs',
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow', 'luxon', 'zod'],
		plugins: [
			nodesPlugin,
			separate(/\/phone$/, phoneRules),
			separate(/\/phoneTimeZones$/, phoneTimeZones),
			dataPlugin,
			...plugins,
		],
		minify: true,
		charset: 'utf8',
		legalComments: 'inline',
		logLevel: 'warning',
	});
	await linkNodes(outdir);
}

module.exports = { bundle };
