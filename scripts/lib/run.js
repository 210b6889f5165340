const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { adviceFor } = require('./advice');
const { noProxyHere } = require('./environment');

/** An error for the user: only its message is printed, without a stack. */
class UserError extends Error {}

/** Prints one line of progress. */
function say(line) {
	console.log(line);
}

function duration(ms) {
	const seconds = Math.round(ms / 1000);
	return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The process groups of running commands, which are ended with this process. */
const running = new Set();
process.on('exit', () => running.forEach((end) => end()));

/** Set for scripts whose commands belong to their own group, and so are ended with it. */
const inGroup = 'ALLOMIA_IN_GROUP';

const minute = 60_000;

/**
 * Runs a command in a process group of its own, so that nothing that it starts outlives it. With `quiet`, its output is
 * not shown, a line is printed every 15 seconds while it runs, and its last lines are shown if it fails.
 * @param options.limit the time limit in ms, after which it is ended
 * @param options.lines how many of the last lines to show
 * @returns its stdout (empty unless quiet)
 * @throws UserError if it fails or takes too long
 */
async function run(
	command,
	args,
	{ cwd, env, quiet, lines = 12, label = command, limit = 10 * minute } = {},
) {
	const started = Date.now();
	const ownGroup = process.platform !== 'win32' && !process.env[inGroup];
	const child = spawn(command, args, {
		cwd,
		env: env ?? process.env,
		detached: ownGroup,
		stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
	});
	const endGroup = (signal = 'SIGKILL') => {
		try {
			process.kill(ownGroup ? -child.pid : child.pid, signal);
		} catch {
			// The group no longer exists.
		}
	};
	running.add(endGroup);
	let stdout = '';
	let output = '';
	child.stdout?.on('data', (chunk) => {
		stdout += chunk;
		output += chunk;
	});
	child.stderr?.on('data', (chunk) => (output += chunk));
	const beat = quiet
		? setInterval(() => say(`  … ${label}: ${duration(Date.now() - started)}`), 15_000)
		: undefined;
	let late = false;
	const deadline = setTimeout(() => {
		late = true;
		endGroup('SIGTERM');
		setTimeout(endGroup, 5_000).unref();
	}, limit);
	try {
		const code = await new Promise((resolve, reject) => {
			child.on('error', reject);
			child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
		});
		const why = late ? `was ended: it took longer than ${duration(limit)}` : `failed (${code})`;
		if (code !== 0 || late) {
			if (!quiet) throw new UserError(`${label} ${why}: the lines above say more.`);
			const tail = output.trim().split('\n').slice(-lines).join('\n');
			const advice = adviceFor(output) ?? 'Read the lines above, then run the command again.';
			throw new UserError(`${tail}\n\n${label} ${why}. ${advice}`);
		}
		return stdout;
	} finally {
		clearInterval(beat);
		clearTimeout(deadline);
		endGroup();
		running.delete(endGroup);
	}
}

/** The npm that started this process, or the one beside this Node.js, as [command, ...first arguments]. */
function npmCommand(node = process.execPath) {
	const beside = path.dirname(process.execPath);
	const cli = [
		process.env.npm_execpath,
		path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
		path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
	].find((file) => file && path.basename(file) === 'npm-cli.js' && fs.existsSync(file));
	if (!cli) {
		throw new UserError('npm was not found. Start this through npm, for example: npm start');
	}
	return [node, cli];
}

/** Runs npm quietly. */
async function npm(args, { node, ...options }) {
	const [command, ...first] = npmCommand(node);
	return await run(command, [...first, ...args], { ...options, quiet: true });
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Formats an error for the user. Unexpected errors keep their stack, unless there is advice. */
function explain(error) {
	if (error instanceof UserError) return `\n${error.message}`;
	const advice = adviceFor(String(error?.message ?? error));
	return advice ? `\n${error.message}\n\n${advice}` : error;
}

/**
 * Runs `main`, and converts errors to a message and exit code 1. However it ends, including Ctrl-C, `stop` is called, and
 * all processes that `main` started are ended.
 */
async function cli(main, stop = async () => {}) {
	// With NODE_USE_ENV_PROXY, Node.js would use a proxy even for this machine.
	Object.assign(process.env, noProxyHere(process.env));
	let ending = false;
	const end = async (exitCode) => {
		if (ending) return;
		ending = true;
		const patience = setTimeout(() => process.exit(exitCode), 30_000);
		await stop().catch((error) => console.error(error));
		clearTimeout(patience);
		process.exit(exitCode);
	};
	for (const [signal, exitCode] of Object.entries(signals)) process.on(signal, () => end(exitCode));
	// A signal to npm ends the shell in between, and does not reach this process.
	const parent = process.ppid;
	setInterval(() => process.ppid !== parent && end(signals.SIGTERM), 1000).unref();
	try {
		await main();
		await end(process.exitCode ?? 0);
	} catch (error) {
		if (!ending) console.error(explain(error));
		await end(1);
	}
}

module.exports = { UserError, say, run, npmCommand, npm, cli, inGroup, minute };
