const os = require('node:os');
const path = require('node:path');

/** The root of this project. */
const projectRoot = path.resolve(__dirname, '..', '..');

/** The n8n release that start and the tests run, unless N8N_TEST_VERSION names another. */
const defaultN8nVersion = '2.41.1';

/** The older one that CI runs the tests on, too. */
const oldN8nVersion = '1.123.81';

/**
 * Where downloads are kept between runs: n8n, and the Node release that it runs on.
 * XDG_CACHE_HOME is honoured on every system; without it, each system's usual place.
 */
function cacheRoot() {
	const base =
		process.env.XDG_CACHE_HOME ||
		(process.platform === 'darwin'
			? path.join(os.homedir(), 'Library', 'Caches')
			: process.platform === 'win32'
				? process.env.LOCALAPPDATA || path.join(os.homedir(), 'AppData', 'Local')
				: path.join(os.homedir(), '.cache'));
	return path.join(base, 'n8n-nodes-allomia');
}

/** The build tool's start file, once the dependencies are installed. */
function gulpFile() {
	return path.join(projectRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');
}

module.exports = { gulpFile, projectRoot, defaultN8nVersion, oldN8nVersion, cacheRoot };
