import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import {
	closedSettings,
	freePort,
	headlessSettings,
	installPackage,
	Session,
	startProcess,
	type N8nProcess,
} from '../../../scripts/lib/n8n';
import { readEnvironment } from '../../e2e/support/instance';
import { startServices, type Services } from './services';

/** The parts of n8n's own database client that are used here. */
interface PostgresClient {
	connect(): Promise<void>;
	query(sql: string): Promise<{ rows: Array<Record<string, unknown>> }>;
	end(): Promise<void>;
	on(event: 'error', listener: (error: Error) => void): void;
}

interface Postgres {
	Client: new (options: object) => PostgresClient;
}

/** The processes of n8n in queue mode. */
export type Part = 'main' | 'webhook' | 'worker 0' | 'worker 1';

export const workers: Part[] = ['worker 0', 'worker 1'];
export const parts: Part[] = ['main', 'webhook', ...workers];

/** What a process of n8n holds, as `collectGarbage.js` writes it down. */
export interface Memory {
	pid: number;
	/** Since its start, in seconds. */
	age: number;
	/** Of objects and buffers, in MB. */
	megabytes: number;
}

/**
 * n8n in queue mode, each part a process of its own: a main, a webhook processor and two workers,
 * over a PostgreSQL and a Redis of their own.
 */
export class Cluster {
	private readonly running = new Map<Part, N8nProcess>();

	private constructor(
		readonly name: string,
		readonly folder: string,
		readonly mainPort: number,
		readonly webhookPort: number,
		readonly session: Session,
		readonly services: Services,
		private readonly settings: Record<string, string>,
	) {}

	/** Where production webhooks and waiting executions are reached. */
	get webhookUrl(): string {
		return `http://127.0.0.1:${this.webhookPort}`;
	}

	/** What the other suites' helpers expect of an n8n. */
	get n8n() {
		return { session: this.session, baseUrl: this.webhookUrl };
	}

	get mainUrl(): string {
		return `http://127.0.0.1:${this.mainPort}`;
	}

	/** @param settings more environment variables of n8n's, for all parts */
	static async start(settings: Record<string, string> = {}): Promise<Cluster> {
		const name = `allomia_test_${randomBytes(4).toString('hex')}`;
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-queue-'));
		const services = await startServices();
		await query(services, 'postgres', `CREATE DATABASE ${name}`);
		await installPackage(path.join(folder, 'package'), readEnvironment().tarball);
		const [mainPort, webhookPort] = [await freePort(), await freePort()];
		const session = new Session(`http://127.0.0.1:${mainPort}`);
		const ports = [mainPort, webhookPort] as const;
		const cluster = new Cluster(name, folder, ...ports, session, services, settings);
		try {
			await cluster.start('main');
			await session.signIn();
			await allOf([cluster.start('webhook'), cluster.startWorkers()]);
		} catch (error) {
			// Processes left behind would keep the test run from ending.
			await cluster.stop();
			throw error;
		}
		return cluster;
	}

	/** Asks n8n's database something. */
	async query(sql: string): Promise<Array<Record<string, unknown>>> {
		return await query(this.services, this.name, sql);
	}

	/** Starts a part, which is not running. */
	async start(part: Part): Promise<N8nProcess> {
		const process = await this.launch(part);
		this.running.set(part, process);
		return process;
	}

	async startWorkers(): Promise<void> {
		await allOf(workers.map(async (part) => await this.start(part)));
	}

	/** A part's process, as long as it is running. */
	processOf(part: Part): N8nProcess | undefined {
		const process = this.running.get(part);
		const { exitCode, signalCode } = process?.child ?? {};
		return exitCode === null && signalCode === null ? process : undefined;
	}

	/** Kills parts on the spot. */
	async kill(...victims: Part[]): Promise<void> {
		await Promise.all(victims.map(async (part) => await this.running.get(part)?.stop('SIGKILL')));
	}

	async killWorkers(): Promise<void> {
		await this.kill(...workers);
	}

	/** What the workers have written since they were started. */
	workerOutputs(): string[] {
		return workers.map((part) => this.running.get(part)?.output() ?? '');
	}

	/** Makes parts let go of what nothing refers to any more. */
	collectGarbage(some: Part[]): void {
		for (const part of some) this.processOf(part)?.child.kill('SIGUSR2');
	}

	/** What a part held after its garbage was collected the last time, if it was since it was started. */
	memoryOf(part: Part): Memory | undefined {
		const file = path.join(this.folder, part, 'memory.json');
		try {
			const memory = JSON.parse(fs.readFileSync(file, 'utf8')) as Memory;
			return memory.pid === this.processOf(part)?.child.pid ? memory : undefined;
		} catch {
			// It is not written yet, or being written.
			return undefined;
		}
	}

	async stop(): Promise<void> {
		await Promise.all([...this.running.values()].map(async (it) => await it.stop()));
		await this.services.stop();
		fs.rmSync(this.folder, { recursive: true, force: true });
	}

	private async launch(part: Part): Promise<N8nProcess> {
		if (part === 'main') {
			return await this.startPart(part, ['start'], this.mainPort, '/healthz/readiness');
		}
		if (part === 'webhook') {
			return await this.startPart(part, ['webhook'], this.webhookPort, '/healthz');
		}
		const port = await freePort();
		return await this.startPart(part, ['worker', '--concurrency=5'], port, '/healthz/readiness', {
			// Workers then write down which executions they take.
			N8N_LOG_LEVEL: 'info',
			// After that, n8n throws away what the executions of a killed worker hold: a busy machine may need
			// longer than its minute until they are run again.
			QUEUE_WORKER_LOCK_DURATION: String(10 * 60_000),
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
		});
	}

	/**
	 * Starts a process on a folder of its own, as on a machine of its own. One that is started again finds
	 * there what it was at when it was killed.
	 */
	private async startPart(
		name: Part,
		command: string[],
		port: number,
		health: string,
		extra: Record<string, string> = {},
	): Promise<N8nProcess> {
		const { postgres, redis } = this.services;
		const userFolder = path.join(this.folder, name);
		fs.cpSync(path.join(this.folder, 'package'), userFolder, { recursive: true });
		return await startProcess({
			n8n: readEnvironment().n8n,
			command,
			env: {
				...closedSettings({ userFolder, port, brokerPort: await freePort() }),
				...headlessSettings,
				WEBHOOK_URL: `${this.webhookUrl}/`,
				N8N_ENCRYPTION_KEY: this.name,
				EXECUTIONS_MODE: 'queue',
				OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
				QUEUE_BULL_REDIS_HOST: redis.host,
				QUEUE_BULL_REDIS_PORT: String(redis.port),
				QUEUE_BULL_PREFIX: this.name,
				DB_TYPE: 'postgresdb',
				DB_POSTGRESDB_HOST: postgres.host,
				DB_POSTGRESDB_PORT: String(postgres.port),
				DB_POSTGRESDB_USER: postgres.user,
				DB_POSTGRESDB_DATABASE: this.name,
				N8N_REDIS_KEY_PREFIX: this.name,
				N8N_DEFAULT_BINARY_DATA_MODE: 'database',
				NODE_OPTIONS: `--require ${JSON.stringify(path.join(__dirname, '..', '..', 'collectGarbage.js'))}`,
				ALLOMIA_MEMORY: path.join(userFolder, 'memory.json'),
				...extra,
				...this.settings,
			},
			readyUrl: `http://127.0.0.1:${port}${health}`,
		});
	}
}

/** Waits for all, also where one fails: what they start is to be ended then. */
async function allOf(started: Array<Promise<unknown>>): Promise<void> {
	await Promise.allSettled(started);
	await Promise.all(started);
}

async function query({ postgres }: Services, database: string, sql: string) {
	const { Client } = fromN8n<Postgres>('pg');
	const client = new Client({ ...postgres, database });
	// A connection that is lost is the query's error as well.
	client.on('error', () => undefined);
	await client.connect();
	try {
		return (await client.query(sql)).rows;
	} finally {
		await client.end();
	}
}

/** A module of the n8n under test: its own clients, so that none has to be installed twice. */
function fromN8n<T>(name: string): T {
	return createRequire(readEnvironment().n8n.bin)(name) as T;
}
