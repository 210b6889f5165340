const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

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

/**
 * Runs a command to its end. With `quiet`, its output is kept back, a line every 15 seconds says
 * that it still works, and the last lines are shown if it fails.
 * @returns what it wrote to stdout (empty unless quiet)
 * @throws Error with `output` when it ends with another code than 0
 */
async function run(command, args, { cwd, env, quiet, label = command } = {}) {
	const started = Date.now();
	const child = spawn(command, args, {
		cwd,
		env: env ?? process.env,
		stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
	});
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
	try {
		const code = await new Promise((resolve, reject) => {
			child.on('error', reject);
			child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
		});
		if (code !== 0) {
			if (!quiet) throw new UserError(`${label} failed (${code}): the lines above say why.`);
			throw Object.assign(new Error(`${label} ended with ${code}`), { output });
		}
		return stdout;
	} finally {
		clearInterval(beat);
	}
}

/** The npm that started us, or the one beside this Node: as [command, ...first arguments]. */
function npmCommand(node = process.execPath) {
	const candidates = [
		process.env.npm_execpath,
		path.join(
			path.dirname(process.execPath),
			'..',
			'lib',
			'node_modules',
			'npm',
			'bin',
			'npm-cli.js',
		),
		path.join(path.dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
	];
	const cli = candidates.find(
		(file) => file && path.basename(file) === 'npm-cli.js' && fs.existsSync(file),
	);
	if (!cli) {
		throw new UserError('npm was not found. Start this through npm, for example: npm start');
	}
	return [node, cli];
}

/** Runs npm quietly; a failure becomes a sentence that says what to do. */
async function npm(args, { cwd, env, node, label }) {
	const [command, ...first] = npmCommand(node);
	try {
		return await run(command, [...first, ...args], { cwd, env, quiet: true, label });
	} catch (error) {
		throw new UserError(explainNpm(label, error));
	}
}

function explainNpm(label, error) {
	const output = String(error.output ?? error.message);
	const tail = output.trim().split('\n').slice(-12).join('\n');
	const advice = /ENOSPC/.test(output)
		? 'The disk is full: free some space (n8n needs about 4 GB) and run the command again.'
		: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network/i.test(output)
			? "The npm registry cannot be reached: check the network (and npm's proxy settings), then run the command again."
			: /EACCES|EPERM/.test(output)
				? 'A folder cannot be written: check its owner and rights, then run the command again.'
				: /gyp|make|g\+\+|python/i.test(output)
					? 'A native module could not be built: install Python 3, make and a C++ compiler, then run the command again.'
					: 'Read the lines above, then run the command again.';
	return `${tail}\n\n${label} failed. ${advice}`;
}

/** Runs `main` and turns what it throws into a message and exit code 1. */
async function cli(main) {
	try {
		await main();
	} catch (error) {
		console.error(error instanceof UserError ? `\n${error.message}` : error);
		process.exitCode = 1;
	}
}

module.exports = { UserError, say, run, npmCommand, npm, cli };
