import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parts, workers, type Cluster, type Part } from '../queue/support/cluster';
import type { FaultRule, Simulator } from '../simulator';
import { between, oneOf, type Weighted } from './draw';

/** Something that is done to n8n, and what the report counts it as. */
interface Blow {
	name: string;
	/** The part that it hits, if only one: nothing is done to one that is not running. */
	victim?: (random: () => number) => Part;
	strike(cluster: Cluster, victim: Part, random: () => number): Promise<void>;
}

const kill = (name: string, ...victims: Part[]): Blow => ({
	name,
	victim: (random) => oneOfAll(victims, random),
	strike: async (cluster, victim) => await cluster.kill(victim),
});

const oneOfAll = <T>(all: T[], random: () => number): T =>
	oneOf(
		all.map((it) => [1, it]),
		random,
	);

/** What is done to n8n, and how often in a hundred times. */
const blows: Array<Weighted<Blow>> = [
	[25, kill('a worker killed', ...workers)],
	[12, kill('the webhook processor killed', 'webhook')],
	[8, kill('main killed', 'main')],
	[
		5,
		{
			name: 'both workers killed',
			strike: async (cluster) => await cluster.killWorkers(),
		},
	],
	[15, { name: 'database connections cut', strike: cutDatabase }],
	[5, { name: 'the database crashed', strike: crashDatabase }],
	[12, { name: 'Redis connections cut', strike: cutRedis }],
	[5, { name: 'Redis killed', strike: async ({ services }) => await services.crashRedis() }],
	[
		13,
		{
			name: 'a process stalled',
			victim: (random) => oneOfAll(parts, random),
			strike: stall,
		},
	],
];

export const blowNames = blows.map(([, { name }]) => name);

/** Strikes n8n once: what was done, if anything. */
export async function strike(cluster: Cluster, random: () => number): Promise<string | undefined> {
	const blow = oneOf(blows, random);
	const victim = blow.victim?.(random) ?? 'main';
	if (blow.victim && !cluster.processOf(victim)) return undefined;
	await blow.strike(cluster, victim, random);
	return blow.name;
}

async function cutDatabase(cluster: Cluster): Promise<void> {
	await cluster.query(`
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`);
}

/** One of its processes is killed: PostgreSQL then ends all others, and recovers what was committed. */
async function crashDatabase(cluster: Cluster): Promise<void> {
	const [row] = await cluster.query(`
		SELECT pid FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() LIMIT 1`);
	if (row) execFileSync('kill', ['-9', String(row.pid)], { timeout: 5_000 });
}

async function cutRedis({ services: { redis } }: Cluster): Promise<void> {
	await new Promise<void>((resolve) => {
		const socket = net.connect(redis, () => {
			socket.write('CLIENT KILL TYPE normal SKIPME yes\r\nCLIENT KILL TYPE pubsub\r\nQUIT\r\n');
		});
		socket.setTimeout(5_000, () => socket.destroy());
		socket.resume().on('error', () => socket.destroy());
		socket.on('close', () => resolve());
	});
}

/** A process that does nothing for some seconds, as on a machine that is busy or suspended. */
async function stall(cluster: Cluster, victim: Part, random: () => number): Promise<void> {
	const process = cluster.processOf(victim);
	process?.child.kill('SIGSTOP');
	await delay(between(random, 500, 8_000));
	process?.child.kill('SIGCONT');
}

const soon = { 'retry-after': '1' };
const placing = { method: 'POST', path: '/outbound' } as const;
const asking = { method: 'GET', path: '/outbound/*/status' } as const;

/** What AlloMia does wrong for a while: which answers, and to how many requests. */
const troubles: Array<Weighted<(random: () => number) => FaultRule>> = [
	[3, (random) => ({ kind: 'slow', delayMs: random() * 7_000, times: 20, match: placing })],
	[1, () => ({ kind: 'reset-before', times: 3, match: placing })],
	[1, () => ({ kind: 'reset-after', times: 3, match: placing })],
	[1, () => ({ kind: 'timeout-after', times: 2, match: placing })],
	[1, () => ({ kind: 'status', status: 500, times: 3, match: placing })],
	[1, () => ({ kind: 'html', status: 502, times: 3, match: placing })],
	[1, () => ({ kind: 'truncated', times: 2, match: placing })],
	[2, () => ({ kind: 'status', status: 429, times: 20, match: placing })],
	[2, () => ({ kind: 'status', status: 429, headers: soon, times: 10, match: placing })],
	[2, () => ({ kind: 'status', status: 503, headers: soon, times: 10, match: placing })],
	[1, () => ({ kind: 'status', status: 503, times: 3, match: placing })],
	[2, () => ({ kind: 'status', status: 500, times: 20, match: asking })],
	[2, () => ({ kind: 'html', status: 200, times: 10, match: asking })],
	[2, () => ({ kind: 'reset-before', times: 10, match: asking })],
	[2, (random) => ({ kind: 'slow', delayMs: random() * 12_000, times: 20, match: asking })],
];

/** Lets AlloMia do something wrong. */
export function trouble(simulator: Simulator, random: () => number): void {
	simulator.fault(oneOf(troubles, random)(random));
}

/** Callbacks that come never, twice or three times, and late. */
export function unreliableCallbacks(simulator: Simulator, random: () => number): void {
	const copies: Array<Weighted<number>> = [
		[5, 0],
		[80, 1],
		[10, 2],
		[5, 3],
	];
	const latest: Array<Weighted<number>> = [
		[70, 0],
		[25, 3_000],
		[5, 20_000],
	];
	simulator.setCallbacks({
		copies: () => oneOf(copies, random),
		delayMs: () => random() * oneOf(latest, random),
	});
}
