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

/** Who signs in to an n8n of ours. The password is that of the tests: the demo has one of its own. */
const owner = {
	email: 'owner@example.com',
	firstName: 'Ada',
	lastName: 'Builder',
	password: 'AlloMia-test-1',
};

/** Packs the built package as npm publishes it, into an empty folder; the tarball's path. */
async function pack(folder) {
	fs.mkdirSync(folder, { recursive: true });
	await npm(['pack', '--pack-destination', folder, '--loglevel=error'], {
		cwd: projectRoot,
		label: 'npm pack',
	});
	return path.join(folder, fs.readdirSync(folder)[0]);
}

/** Puts the packed package where n8n looks for community nodes, as its own installer does. */
async function installPackage(userFolder, tarball) {
	const nodes = path.join(userFolder, '.n8n', 'nodes');
	fs.mkdirSync(nodes, { recursive: true });
	const file = path.join(nodes, 'package.json');
	// It names the community nodes that somebody has added in n8n: npm takes away what is not named.
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
 * Whether nobody listens on the port. Some systems let two listen, on all addresses and on one of them:
 * so it is called first.
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

/** What freePort has drawn: it may be free for now, while what listens there is started again. */
const given = new Set();

/**
 * A port that was free a moment ago. Systems give none of these to outgoing connections, and the workers
 * of jest look for them at the same time, each in a range of its own: a port is free still when n8n
 * listens there after some time, or again.
 */
async function freePort() {
	const first = 10_000 + 2_000 * (Number(process.env.JEST_WORKER_ID ?? 0) % 11);
	for (let attempt = 0; attempt < 100; attempt += 1) {
		const port = randomInt(first, first + 2_000);
		if (given.has(port)) continue;
		// Before it is looked at: somebody else may be looking for one at the same time.
		given.add(port);
		if (await isFree(port)) return port;
	}
	throw new UserError(
		`No port from ${first} to ${first + 1_999} is free. End some programs and try again.`,
	);
}

/** Settings that keep an n8n to itself: no telemetry, no look at the internet, this machine only. */
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

/** Settings of an n8n that nobody looks at, and that runs no code: it starts in half the time. */
const headlessSettings = {
	N8N_DISABLE_UI: 'true',
	// A runner of its own is not started.
	N8N_RUNNERS_MODE: 'external',
	N8N_RUNNERS_AUTH_TOKEN: 'nobody',
};

/**
 * Starts a process of n8n's, or another program of Node's, and waits until it answers.
 * @param n8n what ensureN8n gave
 * @param name what it is called where it does not start
 * @param command n8n's own arguments, for example ['worker', '--concurrency=5']
 * @param readyUrl what answers with JSON once it is ready
 * @param onStart is told the number of the process
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
	// Where its last process did not end by itself, n8n would wait for 10 s.
	fs.rmSync(path.join(env.N8N_USER_FOLDER, '.n8n', 'crash.journal'), { force: true });
	const child = spawn(n8n.node.bin, [n8n.bin, ...command], {
		// n8n reads the file .env of the folder that it is started in.
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
	// n8n 1.x says that it is ready before its editor's API is there.
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
 * Whether there is an answer that is JSON, also to somebody who has not signed in: for an address that it
 * does not know, n8n has a page.
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

/** What became of n8n, the end of what it wrote, and what to do about it where that says so. */
function lastWords(what, output) {
	const advice = adviceFor(output);
	return `${what} Its last words:\n${output.trim().slice(-3000)}${advice ? `\n\n${advice}` : ''}`;
}

/** A signed-in user of an n8n, over the REST API that the editor uses. */
class Session {
	constructor(baseUrl) {
		this.baseUrl = baseUrl;
		this.browserId = randomBytes(16).toString('hex');
		this.cookie = '';
	}

	/**
	 * Creates the owner on a fresh n8n, or signs in where there is one.
	 * @throws UserError where there is one with another password
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

	/** One request; the answer as { status, text, json }. */
	async send(method, route, body) {
		const response = await fetch(`${this.baseUrl}${route}`, {
			method,
			signal: AbortSignal.timeout(60_000),
			headers: {
				'content-type': 'application/json',
				// n8n, when it is busy, may close an idle connection at the moment of the next request.
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
	 * One request that must succeed; the `data` of its answer.
	 * @throws Error with the HTTP `status` of another answer
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
