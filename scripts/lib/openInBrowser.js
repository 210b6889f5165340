const { spawn } = require('node:child_process');
const { say } = require('./run');

const openers = {
	darwin: ['open'],
	win32: ['cmd', '/c', 'start', '""'],
};

/** Opens a URL in the user's browser. Says so if that fails. */
function openInBrowser(url) {
	const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
	const child = spawn(command, [...args, url], { detached: true, stdio: 'ignore' });
	const fail = () => say(`No browser could be opened: open ${url} yourself.`);
	child.once('error', fail);
	child.once('exit', (code) => code && fail());
	child.unref();
}

module.exports = { openInBrowser };
