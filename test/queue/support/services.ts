import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../../scripts/lib/n8n';
import { findProgram } from '../../../scripts/lib/services';
import { until } from '../../../scripts/lib/workflows';

/** PostgreSQL and Redis of a test's own: on free ports, this machine only, gone afterwards. */
export interface Services {
	postgres: { host: string; port: number; user: string };
	redis: { host: string; port: number };
	/** The servers' processes. */
	pids(): { postgres?: number; redis?: number };
	/** Kills Redis, and starts it again with what it had stored. */
	crashRedis(): Promise<void>;
	stop(): Promise<void>;
}

export async function startServices(): Promise<Services> {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-services-'));
	const children: ChildProcess[] = [];
	let redisProcess: ChildProcess | undefined;
	const stop = async () => {
		await Promise.all(
			[...children, ...(redisProcess ? [redisProcess] : [])].map(async (it) => await end(it)),
		);
		fs.rmSync(folder, { recursive: true, force: true });
	};
	try {
		const postgres = await startPostgres(path.join(folder, 'postgres'), children);
		const redis = { host: '127.0.0.1', port: await freePort() };
		const startRedis = async () => {
			redisProcess = await startRedisServer(path.join(folder, 'redis'), redis.port);
		};
		await startRedis();
		const crashRedis = async () => {
			if (redisProcess) await end(redisProcess, 'SIGKILL');
			await startRedis();
		};
		const pids = () => ({ postgres: children[0]?.pid, redis: redisProcess?.pid });
		return { postgres, redis, pids, crashRedis, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

async function startPostgres(folder: string, children: ChildProcess[]) {
	const port = await freePort();
	const identity = notRoot();
	fs.mkdirSync(folder);
	if (identity) {
		fs.chmodSync(path.dirname(folder), 0o755);
		fs.chownSync(folder, identity.uid, identity.gid);
	}
	const options = { cwd: folder, ...identity, timeout: 60_000 };
	const initdb = ['-D', folder, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8'];
	execFileSync(program('initdb'), initdb, { ...options, stdio: 'pipe' });
	const flags = { listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' };
	const server = spawn(
		program('postgres'),
		[
			...['-D', folder, '-p', String(port)],
			...Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
		],
		{ cwd: folder, ...identity, stdio: 'ignore' },
	);
	children.push(server);
	const ready = ['-h', '127.0.0.1', '-p', String(port), '-q'];
	await until('PostgreSQL to start', () => succeeds(program('pg_isready'), ready), 120_000);
	return { host: '127.0.0.1', port, user: 'postgres' };
}

async function startRedisServer(folder: string, port: number): Promise<ChildProcess> {
	fs.mkdirSync(folder, { recursive: true });
	const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
	// Each write is in its file before it is answered, so that a kill loses nothing.
	settings.push('--save', '', '--appendonly', 'yes');
	const server = spawn(program('redis-server'), settings, { stdio: ['ignore', 'pipe', 'ignore'] });
	let output = '';
	server.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
	try {
		await until('Redis to start', () => output.includes('Ready to accept connections'), 120_000);
	} catch (error) {
		await end(server, 'SIGKILL');
		throw error;
	}
	return server;
}

/** PostgreSQL refuses to run as root: its package brings a user for it. */
function notRoot(): { uid: number; gid: number } | undefined {
	if (process.getuid?.() !== 0) return undefined;
	const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { timeout: 5000 }));
	return { uid: id('-u'), gid: id('-g') };
}

function program(name: string): string {
	const found = findProgram(name);
	if (!found) throw new Error(`${name} is not installed`);
	return found;
}

function succeeds(file: string, args: string[]): boolean {
	try {
		execFileSync(file, args, { timeout: 5000, stdio: 'ignore' });
		return true;
	} catch {
		return false;
	}
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	// SIGINT is PostgreSQL's fast shutdown; Redis ends by it too.
	child.kill(signal);
	const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
	await ended;
	clearTimeout(patience);
}
