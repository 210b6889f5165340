const { execFile } = require('node:child_process');
const fs = require('node:fs/promises');
const { promisify } = require('node:util');
const { dest, parallel, series, src } = require('gulp');
const { bundle } = require('./scripts/lib/bundle');

const run = promisify(execFile);

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

async function build() {
	await bundle();
}

/** Nodes and credential name their icons relative to themselves, so dist has the same shape. */
function icons() {
	return src('icons/*.svg', { base: '.' }).pipe(dest('dist'));
}

/** n8n looks for a node's codex file beside it. */
function codex() {
	return src('nodes/**/*.node.json', { base: '.' }).pipe(dest('dist'));
}

/** The fields of the nodes' outputs, which n8n's editor shows before a node has run. */
function schemas() {
	return src('nodes/**/__schema__/**/*.json', { base: '.' }).pipe(dest('dist'));
}

const assets = parallel(icons, codex, schemas);

const compile = series(clean, parallel(build, assets));

exports.clean = clean;
exports.typeCheck = typeCheck;
/** What tests need: no type check, since jest and `npm run build` have theirs. */
exports.compile = compile;
exports.build = series(clean, parallel(typeCheck, build, assets));
exports.default = exports.build;
