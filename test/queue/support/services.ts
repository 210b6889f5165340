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
	stop(): Promise<void>;
}

export async function startServices(): Promise<Services> {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-services-'));
	const children: ChildProcess[] = [];
	const stop = async () => {
		await Promise.all(children.map(end));
		fs.rmSync(folder, { recursive: true, force: true });
	};
	try {
		const postgres = await startPostgres(path.join(folder, 'postgres'), children);
		const redis = await startRedis(path.join(folder, 'redis'), children);
		return { postgres, redis, stop };
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

async function startRedis(folder: string, children: ChildProcess[]) {
	const port = await freePort();
	fs.mkdirSync(folder);
	const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
	const server = spawn(program('redis-server'), settings, { stdio: ['ignore', 'pipe', 'ignore'] });
	children.push(server);
	let output = '';
	server.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
	await until('Redis to start', () => output.includes('Ready to accept connections'), 120_000);
	return { host: '127.0.0.1', port };
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

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	// SIGINT is PostgreSQL's fast shutdown; Redis ends by it too.
	child.kill('SIGINT');
	const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
	await ended;
	clearTimeout(patience);
}
