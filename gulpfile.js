const { execFile } = require('node:child_process');
const fs = require('node:fs/promises');
const { promisify } = require('node:util');
const esbuild = require('esbuild');
const { dest, parallel, series, src } = require('gulp');
const manifest = require('./package.json');
const { withoutFormats } = require('./scripts/lib/phoneMetadata');

const run = promisify(execFile);

/** The sources of what package.json tells n8n to load. */
const entryPoints = [...manifest.n8n.nodes, ...manifest.n8n.credentials].map((file) =>
	file.replace(/^dist\//, '').replace(/\.js$/, '.ts'),
);

async function clean() {
	await fs.rm('dist', { recursive: true, force: true });
}

async function typeCheck() {
	const tsc = require.resolve('typescript/bin/tsc');
	try {
		await run(process.execPath, [tsc, '-p', '.'], { maxBuffer: 1 << 24 });
	} catch (error) {
		throw new Error(`Type check failed:\n${error.stdout}`);
	}
}

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
 */
async function bundle() {
	await esbuild.build({
		entryPoints: [...entryPoints, `${phoneRules}.ts`],
		outbase: '.',
		outdir: 'dist',
		bundle: true,
		format: 'cjs',
		platform: 'node',
		target: 'node20',
		external: ['n8n-workflow', 'zod'],
		plugins: [phonePlugin],
		minify: true,
		legalComments: 'inline',
		logLevel: 'warning',
	});
}

/** Nodes and credential name their icons relative to themselves, so dist has the same shape. */
function icons() {
	return src('icons/*.svg', { base: '.' }).pipe(dest('dist'));
}

/** n8n looks for a node's codex file beside it. */
function codex() {
	return src('nodes/**/*.node.json', { base: '.' }).pipe(dest('dist'));
}

const compile = series(clean, parallel(bundle, icons, codex));

exports.clean = clean;
exports.typeCheck = typeCheck;
/** What tests need: no type check, since jest and `npm run build` have theirs. */
exports.compile = compile;
exports.build = series(clean, parallel(typeCheck, bundle, icons, codex));
exports.default = exports.build;
