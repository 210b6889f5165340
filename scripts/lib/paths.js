const os = require('node:os');
const path = require('node:path');

/** The root of this project. */
const projectRoot = path.resolve(__dirname, '..', '..');

/** The n8n version of the demo and the tests, unless N8N_TEST_VERSION is set. */
const defaultN8nVersion = '2.41.1';

/** The older version that CI runs the tests on as well. */
const oldN8nVersion = '1.123.81';

/**
 * The cache folder for downloads: n8n, and the Node.js that it runs on. XDG_CACHE_HOME, or else the system's usual
 * folder.
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

/** The main file of the build tool, once the dependencies are installed. */
function gulpFile() {
	return path.join(projectRoot, 'node_modules', 'gulp', 'bin', 'gulp.js');
}

module.exports = { gulpFile, projectRoot, defaultN8nVersion, oldN8nVersion, cacheRoot };
