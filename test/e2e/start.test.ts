import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { openDataFolder } from '../../scripts/lib/dataFolder';
import { holdersOf } from '../../scripts/lib/lock';
import { freePort, isFree, Session } from '../../scripts/lib/n8n';
import {
	activate,
	createWorkflow,
	deactivate,
	until,
	type Connections,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { ids, keys, startSimulator, type Simulator } from '../simulator';
import { noOp } from './support/nodes';
import { runByHand } from './support/triggers';

const root = path.resolve(__dirname, '..', '..');
const limit = 240_000;

let data: string;
/** The folder that the commands are given in. */
let elsewhere: string;
let port: number;
let simulator: Simulator;
const running = new Set<(signal?: NodeJS.Signals) => void>();

/** Variables that are meant for another n8n: with any of them, the demo's would not work, or elsewhere. */
const anothers = {
	DB_TYPE: 'postgresdb',
	DB_POSTGRESDB_HOST: '127.0.0.1',
	DB_POSTGRESDB_PORT: '9',
	EXECUTIONS_MODE: 'queue',
	N8N_PATH: '/another/',
	N8N_WEBHOOK_URL: 'https://n8n.example.com/',
	NODES_EXCLUDE: '["n8n-nodes-allomia.alloMia"]',
	HTTP_PROXY: 'http://127.0.0.1:9',
	NODE_USE_ENV_PROXY: '1',
	NODE_ENV: 'production',
};

beforeAll(async () => {
	data = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-start-'));
	elsewhere = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-elsewhere-'));
	fs.writeFileSync(
		path.join(elsewhere, '.env'),
		Object.entries(anothers)
			.map((it) => `${it.join('=')}\n`)
			.join(''),
	);
	simulator = await startSimulator({ pace: 500 });
});

// One that a failed test has left running holds the folder.
afterEach(async () => {
	for (const end of running) end();
	await until('npm start to end', () => running.size === 0, 60_000);
});

afterAll(async () => {
	await simulator?.stop();
	for (const folder of [data, elsewhere]) fs.rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
	simulator.reset();
	port = await freePort();
});

/** `npm start` with an own folder and port. */
function start(args: string[], env: Record<string, string> = {}, input?: string) {
	const child = spawn(
		process.execPath,
		[path.join(root, 'scripts', 'start.js'), '--port', String(port), '--data', data, ...args],
		{
			cwd: elsewhere,
			// Ports of its own, beside those of this and the other workers.
			env: { ...process.env, JEST_WORKER_ID: '0', ...env },
			stdio: ['pipe', 'pipe', 'pipe'],
		},
	);
	let output = '';
	const keep = (chunk: Buffer) => (output += String(chunk));
	child.stdout.on('data', keep);
	child.stderr.on('data', keep);
	if (input !== undefined) child.stdin.end(input);
	let code: number | null | undefined;
	child.once('exit', (exitCode) => {
		code = exitCode;
		running.delete(end);
	});
	const end = (signal: NodeJS.Signals = 'SIGTERM') => void child.kill(signal);
	running.add(end);
	return {
		output: () => output,
		interrupt: () => child.kill('SIGINT'),
		end,
		/** Waits for its end. What it said comes along where the code is another one. */
		endsWith: async (expected: number | null) => {
			await until('npm start to end', () => code !== undefined, limit);
			expect({ code, ...(code !== expected && { output }) }).toEqual({ code: expected });
		},
	};
}

const password = (output: string) => /Sign in with +\S+ +and +(\S+)/.exec(output)?.[1] ?? '';

interface StoredWorkflow {
	id: string;
	name: string;
	nodes: WorkflowNode[];
	connections: Connections;
	isArchived: boolean;
}

async function workflowNamed(session: Session, name: string): Promise<StoredWorkflow | undefined> {
	const all = await session.call<StoredWorkflow[]>('GET', '/rest/workflows');
	const id = all.find((it) => it.name === name && !it.isArchived)?.id;
	return id === undefined ? undefined : await session.call('GET', `/rest/workflows/${id}`);
}

const communityNode = () =>
	path.join(data, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-another', 'package.json');

/** Another community node, as n8n installs it. */
async function addCommunityNode(): Promise<void> {
	(await openDataFolder(data, { fresh: false })).release();
	const [name, version] = ['n8n-nodes-another', '1.0.0'];
	fs.mkdirSync(path.dirname(communityNode()), { recursive: true });
	fs.writeFileSync(communityNode(), JSON.stringify({ name, version }));
	fs.writeFileSync(
		path.join(data, '.n8n', 'nodes', 'package.json'),
		JSON.stringify({ name: 'installed-nodes', private: true, dependencies: { [name]: version } }),
	);
}

/** The processes that run n8n on the folder. */
function ofDemo(): string[] {
	return fs.readdirSync('/proc').filter((pid) => {
		try {
			const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
			return /^\d+$/.test(pid) && environment.includes(`N8N_USER_FOLDER=${data}`);
		} catch {
			return false;
		}
	});
}

/** The simulators that run as processes of their own. */
const simulators = () =>
	fs.readdirSync('/proc').filter((pid) => {
		try {
			return fs
				.readFileSync(`/proc/${pid}/cmdline`, 'utf8')
				.includes(path.join('simulator', 'cli.ts'));
		} catch {
			return false;
		}
	});

/** The real AlloMia, played by the simulator. */
const real = () => ({
	ALLOMIA_API_KEY: keys.organization,
	ALLOMIA_BASE_URL: simulator.baseUrl,
	ALLOMIA_ASSISTANT_ID: ids.assistantId,
	ALLOMIA_PHONE_NUMBER_ID: ids.phoneNumberId,
	ALLOMIA_PHONE_NUMBER: '+15145551234',
	WEBHOOK_URL: `http://127.0.0.1:${port}/`,
});

describe('npm start', () => {
	it(
		'shows an outcome, says what to try next, stays up, and ends everything on Ctrl-C',
		async () => {
			await addCommunityNode();
			// In place of a desktop's.
			const opened = path.join(elsewhere, 'opened');
			fs.writeFileSync(path.join(elsewhere, 'xdg-open'), `#!/bin/sh\necho "$1" > ${opened}\n`, {
				mode: 0o755,
			});
			const command = start(['--open'], {
				...anothers,
				PATH: `${elsewhere}:${process.env.PATH}`,
				WEBHOOK_URL: 'https://n8n.example.com/',
				// As on macOS and Windows.
				NODE_OPTIONS: '--dns-result-order=ipv6first',
			});
			await until('npm start to be up', () => command.output().includes('Ctrl-C ends'), limit);
			expect(fs.existsSync(communityNode())).toBe(true);
			expect(command.output()).toMatch(/The AlloMia Trigger emitted:\n\{[^]*"recordId": "crm-42"/);
			expect(command.output()).toMatch(/What to try next:\n- /);
			const [, template] =
				/(http\S+) +AlloMia: confirm the appointments/.exec(command.output()) ?? [];
			const baseUrl = `http://127.0.0.1:${port}`;
			const session = new Session(baseUrl);
			await expect(session.signIn()).rejects.toThrow('Signing in to n8n failed (401');
			await session.signIn(password(command.output()));
			const log = await workflowNamed(session, 'AlloMia: call log');
			const execution = await runByHand({ n8n: { session, baseUrl } }, log?.id ?? '');
			await until('the browser to open', () => fs.existsSync(opened), 10_000);
			expect(fs.readFileSync(opened, 'utf8').trim()).toBe(template);
			const confirm = path.basename(template ?? '');
			const { status } = await runByHand(
				{ n8n: { session, baseUrl } },
				confirm,
				'Every working day at 10:00',
			);
			expect(status).toBe('success');
			const calls = execution.data.resultData.runData['What was said']?.[0]?.data?.main?.[0] ?? [];
			expect(calls).toHaveLength(5);
			const summaries = calls.map(({ json }) => json.callSummary);
			expect(summaries).toContain('The appointment was confirmed.');
			expect(calls.some(({ binary }) => binary?.transcript)).toBe(true);
			const editor = /n8n is open at (http\S+)/.exec(command.output())?.[1] ?? '';
			// By its number: n8n does not listen on ::1, which localhost means first on many machines.
			expect(editor).toContain(`http://127.0.0.1:${port}/`);
			expect((await fetch(editor)).status).toBe(200);
			const curl = /curl -X POST (\S+) -H 'content-type: application\/json' \\\n +-d '(.*)'/.exec(
				command.output(),
			);
			const another = await fetch(curl?.[1] ?? '', {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: curl?.[2],
			});
			expect(await another.json()).toMatchObject({ status: 'calling' });
			await session.call('PATCH', `/rest/workflows/${log?.id}`, {
				...log,
				nodes: [...(log?.nodes ?? []), noOp('Mine')],
			});
			// A copy at the same address, which he publishes.
			const first = await workflowNamed(session, 'AlloMia: first call');
			await deactivate(session, first?.id ?? '');
			const { nodes = [], connections = {} } = first ?? {};
			const copy = await createWorkflow(session, { name: 'A copy', nodes, connections });
			await activate(session, copy.id);
			const wait = await workflowNamed(session, 'AlloMia: call and wait');
			await deactivate(session, wait?.id ?? '');
			await session.call('POST', `/rest/workflows/${wait?.id}/archive`);
			const second = start(['--port', String(await freePort()), '--fresh']);
			await second.endsWith(1);
			expect(second.output()).toMatch(/is running already \(.*\)\. End it.*--data FOLDER --port P/);
			command.interrupt();
			await command.endsWith(130);
			expect(await isFree(port)).toBe(true);
		},
		2 * limit,
	);

	it(
		'keeps what somebody has changed, the password and other community nodes; archived ones come back',
		async () => {
			const command = start([]);
			await until('npm start to be up', () => command.output().includes('Ctrl-C ends'), limit);
			const kept = 'AlloMia: call log (changed by you)';
			expect(command.output()).toContain(`it is kept as "${kept}", unpublished`);
			const baseUrl = `http://127.0.0.1:${port}`;
			const session = new Session(baseUrl);
			await session.signIn(password(command.output()));
			expect((await workflowNamed(session, kept))?.nodes.map(({ name }) => name)).toContain('Mine');
			for (const name of ['AlloMia: first call', 'AlloMia: call and wait', 'AlloMia: call log']) {
				expect(await workflowNamed(session, name)).toBeDefined();
			}
			expect(fs.existsSync(communityNode())).toBe(true);
			command.interrupt();
			await command.endsWith(130);
		},
		2 * limit,
	);

	it('starts no second n8n on the data of one that was left behind', async () => {
		const before = simulators();
		const command = start(['--once']);
		await until('n8n to start', () => ofDemo().length > 0, limit, 20);
		const [n8n = ''] = ofDemo();
		// Whoever kills the command between the two leaves an n8n of which nobody knows.
		const lock = path.join(data, 'n8n-nodes-allomia-demo.lock');
		await until('the lock to name n8n', () => holdersOf(lock).includes(Number(n8n)), 30_000, 20);
		try {
			command.end('SIGKILL');
			await command.endsWith(null);
			const second = start(['--port', String(await freePort()), '--fresh']);
			await second.endsWith(1);
			expect(second.output()).toMatch(new RegExp(`is running already \\(.*${n8n}\\)\\. End it`));
			expect(fs.existsSync(path.join(data, '.n8n', 'database.sqlite'))).toBe(true);
		} finally {
			process.kill(Number(n8n), 'SIGKILL');
		}
		await until('n8n to end', () => ofDemo().length === 0, limit);
		await until('the simulator to end', () => simulators().every((pid) => before.includes(pid)));
	});

	it.each(['SIGTERM', 'SIGINT'] as const)(
		'leaves no n8n behind where %s ends it while n8n starts',
		async (signal) => {
			const command = start(['--once']);
			await until('n8n to start', () => ofDemo().length > 0, limit, 20);
			command.end(signal);
			await command.endsWith(signal === 'SIGTERM' ? 143 : 130);
			await until('n8n to end', () => ofDemo().length === 0, limit);
			expect(await isFree(port)).toBe(true);
		},
	);

	it.each([false, true])(
		'touches no folder that it has not made itself (--fresh: %s)',
		async (fresh) => {
			const home = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-home-'));
			try {
				fs.mkdirSync(path.join(home, '.n8n'));
				fs.writeFileSync(path.join(home, '.n8n', 'database.sqlite'), 'theirs');
				const command = start(['--once', '--data', home, ...(fresh ? ['--fresh'] : [])]);
				await command.endsWith(1);
				expect(command.output()).toMatch(/holds something else.*Give it a new one/);
				expect(fs.readdirSync(home, { recursive: true })).toEqual([
					'.n8n',
					path.join('.n8n', 'database.sqlite'),
				]);
			} finally {
				fs.rmSync(home, { recursive: true, force: true });
			}
		},
	);

	it('names a used port and another one', async () => {
		const server = net.createServer().listen(port, '127.0.0.1');
		try {
			const command = start(['--once']);
			await command.endsWith(1);
			expect(command.output()).toMatch(
				new RegExp(`Port ${port} is in use.*npm start -- --port ${port + 2}`),
			);
		} finally {
			server.close();
		}
	});

	it(
		'says that there is no network where nothing can be installed',
		async () => {
			const empty = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-empty-'));
			try {
				const command = start(['--once'], {
					XDG_CACHE_HOME: empty,
					npm_config_cache: path.join(empty, 'npm'),
					npm_config_registry: `http://127.0.0.1:${port}/`,
					npm_config_fetch_retries: '0',
				});
				await command.endsWith(1);
				expect(command.output()).toMatch(
					/There is no network, or the npm registry cannot be reached/,
				);
			} finally {
				fs.rmSync(empty, { recursive: true, force: true });
			}
		},
		limit,
	);
});

describe('npm start with the real AlloMia', () => {
	it(
		'calls after a yes, and shows what the trigger emitted',
		async () => {
			const command = start(['--once'], real(), 'yes\n');
			await command.endsWith(0);
			expect(command.output()).toMatch(/A PHONE WILL RING.*John Doe at \+15145551234/);
			expect(command.output()).toMatch(/The AlloMia Trigger emitted:\n\{[^]*"status": "completed"/);
			expect(simulator.dials).toHaveLength(1);
			expect(simulator.dials[0]?.body.callbackUrl).toMatch(`http://127.0.0.1:${port}/webhook/`);
		},
		limit,
	);

	it(
		'asks for what the environment does not name, and for the status where no address is public',
		async () => {
			const { ALLOMIA_API_KEY, ALLOMIA_BASE_URL } = real();
			const answers = [ids.assistantId, '', ids.phoneNumberId, '+15145550003', 'Yes'];
			const command = start(
				['--once'],
				{ ALLOMIA_API_KEY, ALLOMIA_BASE_URL, WEBHOOK_URL: '' },
				`${answers.join('\n')}\n`,
			);
			await command.endsWith(0);
			expect(command.output()).toMatch(/WEBHOOK_URL is not set.*status is asked for/);
			expect(command.output()).toMatch(/AlloMia gave as its status:\n\{[^]*"status": "no-answer"/);
			expect(simulator.dials.map(({ body }) => [body.phoneNumber, body.callbackUrl])).toEqual([
				['+15145550003', undefined],
			]);
		},
		limit,
	);

	it(
		'says so where AlloMia does not reach the address, and gives what it says when asked',
		async () => {
			const command = start(
				['--once'],
				{ ...real(), WEBHOOK_URL: `http://127.0.0.1:${await freePort()}/` },
				'yes\n',
			);
			await command.endsWith(0);
			expect(command.output()).toMatch(/did not reach this n8n at.*check that WEBHOOK_URL/);
			expect(command.output()).toContain('"status": "completed"');
		},
		limit,
	);

	it.each<[string, string, Record<string, string>, RegExp]>([
		['the answer is no', 'no\n', {}, /Nobody was called, since you did not say yes/],
		['nobody is there to say yes', '', {}, /nobody is here to answer\. Nobody was called\./],
		[
			'nobody is there to name the number',
			'',
			{ ALLOMIA_PHONE_NUMBER: '' },
			/nobody is here to answer\. Set ALLOMIA_PHONE_NUMBER\./,
		],
		[
			'the public address is none',
			'yes\n',
			{ WEBHOOK_URL: 'n8n.example.com' },
			/WEBHOOK_URL is "n8n\.example\.com", which is no address/,
		],
	])(
		'calls nobody where %s',
		async (_, input, env, says) => {
			const command = start(['--once'], { ...real(), ...env }, input);
			await command.endsWith(1);
			expect(command.output()).toMatch(says);
			expect(simulator.requests).toHaveLength(0);
		},
		limit,
	);
});
