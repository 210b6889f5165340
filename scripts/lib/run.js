const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { adviceFor } = require('./advice');
const { noProxyHere } = require('./environment');

/** An error whose message is all that a user needs to read: it is printed without a stack. */
class UserError extends Error {}

/** Prints one line of progress. */
function say(line) {
	console.log(line);
}

function duration(ms) {
	const seconds = Math.round(ms / 1000);
	return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The process groups of the commands that run now: whatever ends us ends them too. */
const running = new Set();
process.on('exit', () => running.forEach((end) => end()));

/** Set for a script whose own commands are to be of its group: whoever ends that ends them, too. */
const inGroup = 'ALLOMIA_IN_GROUP';

const minute = 60_000;

/**
 * Runs a command to its end, in a process group of its own, so that nothing that it started outlives
 * it. With `quiet`, its output is kept back, a line every 15 seconds says that it still works, and
 * the last lines are shown if it fails.
 * @param options.limit how long it may take, in ms; then it is ended
 * @param options.lines how many of the last lines are shown
 * @returns what it wrote to stdout (empty unless quiet)
 * @throws UserError when it fails or takes too long
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
			// Nothing of the group is left.
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

/** The npm that started us, or the one beside this Node: as [command, ...first arguments]. */
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

/** An error as a user is to read it. One that nobody foresaw keeps its stack, unless advice helps more. */
function explain(error) {
	if (error instanceof UserError) return `\n${error.message}`;
	const advice = adviceFor(String(error?.message ?? error));
	return advice ? `\n${error.message}\n\n${advice}` : error;
}

/**
 * Runs `main` and turns what it throws into a message and exit code 1. However it ends, by Ctrl-C
 * too, `stop` has run and no process is left that `main` started.
 */
async function cli(main, stop = async () => {}) {
	// Node, too, asks a proxy for this machine where NODE_USE_ENV_PROXY is set.
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
	// A signal to npm ends the shell between it and us, and does not reach us.
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
