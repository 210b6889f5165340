const { spawn } = require('node:child_process');
const { randomBytes, randomInt } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { adviceFor } = require('./advice');
const { ownEnvironment } = require('./environment');
const { projectRoot } = require('./paths');
const { npm, UserError } = require('./run');

/** The owner's account of n8n instances started here. The demo has another password. */
const owner = {
	email: 'owner@example.com',
	firstName: 'Ada',
	lastName: 'Builder',
	password: 'AlloMia-test-1',
};

/** Packs the built package as npm publishes it, into an empty folder. Returns the tarball's path. */
async function pack(folder) {
	fs.mkdirSync(folder, { recursive: true });
	await npm(['pack', '--pack-destination', folder, '--loglevel=error'], {
		cwd: projectRoot,
		label: 'npm pack',
	});
	return path.join(folder, fs.readdirSync(folder)[0]);
}

/** Installs the packed package where n8n looks for community nodes, as n8n's own installer does. */
async function installPackage(userFolder, tarball) {
	const nodes = path.join(userFolder, '.n8n', 'nodes');
	fs.mkdirSync(nodes, { recursive: true });
	const file = path.join(nodes, 'package.json');
	// It lists the community nodes that were added in n8n: npm removes what is not listed.
	if (!fs.existsSync(file)) {
		fs.writeFileSync(file, '{ "name": "installed-nodes", "private": true, "dependencies": {} }\n');
	}
	await npm(
		[
			'install',
			tarball,
			'--ignore-scripts',
			'--legacy-peer-deps',
			'--no-package-lock',
			'--prefer-offline',
			'--no-audit',
			'--no-fund',
			'--loglevel=error',
		],
		{ cwd: nodes, label: 'Installing the package into n8n' },
	);
}

/**
 * Whether a port is free. On some systems two processes can listen, on all addresses and on one of them, so it first
 * tries to connect.
 */
async function isFree(port, host = '127.0.0.1') {
	return !(await answers(port, host)) && (await canListen(port, host));
}

function answers(port, host) {
	return new Promise((resolve) => {
		const socket = net.connect({ port, host, timeout: 1_000 });
		const end = (answer) => {
			socket.destroy();
			resolve(answer);
		};
		socket.once('connect', () => end(true));
		socket.once('timeout', () => end(false));
		socket.once('error', () => end(false));
	});
}

function canListen(port, host) {
	return new Promise((resolve) => {
		const server = net.createServer();
		server.once('error', () => resolve(false));
		server.listen(port, host, () => server.close(() => resolve(true)));
	});
}

/** The ports that freePort has returned. They may be free for a moment while their process restarts. */
const given = new Set();

/**
 * Finds a free port. The ports are outside the range of outgoing connections, and each jest worker has a range of its
 * own, so that a port stays free until n8n listens there, or restarts.
 */
async function freePort() {
	const first = 10_000 + 2_000 * (Number(process.env.JEST_WORKER_ID ?? 0) % 11);
	for (let attempt = 0; attempt < 100; attempt += 1) {
		const port = randomInt(first, first + 2_000);
		if (given.has(port)) continue;
		// Before it is checked, since another caller may be looking for one at the same time.
		given.add(port);
		if (await isFree(port)) return port;
	}
	throw new UserError(
		`No port from ${first} to ${first + 1_999} is free. End some programs and try again.`,
	);
}

/** Settings of an isolated n8n: no telemetry, no requests to the internet, this machine only. */
function closedSettings({ userFolder, port, brokerPort }) {
	return {
		N8N_USER_FOLDER: userFolder,
		N8N_PORT: String(port),
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_PORT: String(brokerPort),
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_LOG_LEVEL: 'warn',
		NODE_ENV: 'production',
	};
}

/** Settings of an n8n without editor and code execution: it starts in half the time. */
const headlessSettings = {
	N8N_DISABLE_UI: 'true',
	// No task runner is started.
	N8N_RUNNERS_MODE: 'external',
	N8N_RUNNERS_AUTH_TOKEN: 'nobody',
};

/**
 * Starts an n8n process, or another Node.js program, and waits until it responds.
 * @param n8n the result of ensureN8n
 * @param name its name in error messages
 * @param command n8n's arguments, for example ['worker', '--concurrency=5']
 * @param readyUrl a URL that responds with JSON once it is ready
 * @param onStart is called with the process ID
 * @returns { child, output(): string, stop(signal?): Promise<void> }
 */
async function startProcess({
	n8n,
	name = 'n8n',
	command = ['start'],
	env,
	readyUrl,
	onStart,
	timeout = 180_000,
}) {
	// If its last process was killed, n8n would wait for 10 s.
	fs.rmSync(path.join(env.N8N_USER_FOLDER, '.n8n', 'crash.journal'), { force: true });
	const child = spawn(n8n.node.bin, [n8n.bin, ...command], {
		// n8n reads the file .env in its working directory.
		cwd: env.N8N_USER_FOLDER,
		env: ownEnvironment(env),
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	if (child.pid !== undefined) onStart?.(child.pid);
	const kill = () => child.kill('SIGKILL');
	process.once('exit', kill);
	child.once('exit', () => process.off('exit', kill));
	let output = '';
	const keep = (chunk) => {
		output = (output + chunk).slice(-200_000);
	};
	child.stdout.on('data', keep);
	child.stderr.on('data', keep);
	const ended = new Promise((resolve) => child.once('exit', resolve));
	const handle = {
		child,
		output: () => output,
		async stop(signal = 'SIGTERM') {
			if (child.exitCode === null && child.signalCode === null) {
				child.kill(signal);
				const patience = setTimeout(() => child.kill('SIGKILL'), 15_000);
				await ended;
				clearTimeout(patience);
			}
		},
	};
	const deadline = Date.now() + timeout;
	// n8n 1.x reports that it is ready before its editor's API is available.
	const urls = [readyUrl, ...(command[0] === 'start' ? [new URL('/rest/login', readyUrl)] : [])];
	while (Date.now() < deadline) {
		if (child.exitCode !== null || child.signalCode !== null) break;
		if ((await Promise.all(urls.map(answersWithJson))).every(Boolean)) return handle;
		await delay(200);
	}
	await handle.stop('SIGKILL');
	throw new UserError(lastWords(`${name} did not start.`, output));
}

/**
 * Whether a URL responds with JSON, also without being signed in: for unknown URLs, n8n has an HTML page.
 */
async function answersWithJson(url) {
	try {
		const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
		const isAnswer = response.ok || response.status === 401;
		return isAnswer && response.headers.get('content-type')?.includes('json');
	} catch {
		// n8n takes some seconds to start.
		return false;
	}
}

/** How n8n ended, the end of its output, and what to do about it if that is known. */
function lastWords(what, output) {
	const advice = adviceFor(output);
	return `${what} Its last words:\n${output.trim().slice(-3000)}${advice ? `\n\n${advice}` : ''}`;
}

/** A signed-in user of n8n, using the editor's REST API. */
class Session {
	constructor(baseUrl) {
		this.baseUrl = baseUrl;
		this.browserId = randomBytes(16).toString('hex');
		this.cookie = '';
	}

	/**
	 * Creates the owner of a fresh n8n, or signs in.
	 * @throws UserError if the owner has another password
	 */
	async signIn(password = owner.password) {
		const setup = await this.send('POST', '/rest/owner/setup', { ...owner, password });
		if (setup.status === 200) return;
		const login = await this.send('POST', '/rest/login', {
			emailOrLdapLoginId: owner.email,
			password,
		});
		if (login.status === 200) return;
		throw new UserError(`Signing in to n8n failed (${login.status}: ${login.text}).`);
	}

	/** Sends a request. Returns { status, text, json }. */
	async send(method, route, body) {
		const response = await fetch(`${this.baseUrl}${route}`, {
			method,
			signal: AbortSignal.timeout(60_000),
			headers: {
				'content-type': 'application/json',
				// A busy n8n may close an idle connection at the moment of the next request.
				connection: 'close',
				'browser-id': this.browserId,
				...(this.cookie ? { cookie: this.cookie } : {}),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		}).catch((cause) => {
			throw new Error(`n8n did not answer ${method} ${route}`, { cause });
		});
		const cookies = response.headers.getSetCookie();
		if (cookies.length > 0) this.cookie = cookies.map((it) => it.split(';')[0]).join('; ');
		const text = await response.text();
		let json;
		try {
			json = JSON.parse(text);
		} catch {
			json = undefined;
		}
		return { status: response.status, text, json };
	}

	/**
	 * Sends a request that must succeed. Returns the `data` of the response.
	 * @throws Error with the HTTP `status` of an error response
	 */
	async call(method, route, body) {
		const { status, text, json } = await this.send(method, route, body);
		if (status < 200 || status >= 300) {
			const message = `n8n answered ${method} ${route} with ${status}: ${text.slice(0, 2000)}`;
			throw Object.assign(new Error(message), { status });
		}
		return json?.data;
	}
}

module.exports = {
	closedSettings,
	freePort,
	headlessSettings,
	installPackage,
	isFree,
	lastWords,
	owner,
	pack,
	Session,
	startProcess,
};
