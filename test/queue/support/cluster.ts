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
}

interface Postgres {
	Client: new (options: object) => PostgresClient;
}

/**
 * n8n in queue mode, each part a process of its own: a main, a webhook processor and two workers,
 * over a PostgreSQL and a Redis of their own.
 */
export class Cluster {
	readonly workers: N8nProcess[] = [];

	main: N8nProcess | undefined;

	private webhooks: N8nProcess | undefined;

	private constructor(
		readonly name: string,
		readonly folder: string,
		readonly mainPort: number,
		readonly webhookPort: number,
		readonly session: Session,
		private readonly services: Services,
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

	static async start(): Promise<Cluster> {
		const name = `allomia_test_${randomBytes(4).toString('hex')}`;
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-queue-'));
		const services = await startServices();
		await query(services, 'postgres', `CREATE DATABASE ${name}`);
		await installPackage(path.join(folder, 'package'), readEnvironment().tarball);
		const mainPort = await freePort();
		const webhookPort = await freePort();
		const session = new Session(`http://127.0.0.1:${mainPort}`);
		const cluster = new Cluster(name, folder, mainPort, webhookPort, session, services);
		try {
			await cluster.startMain();
			await session.signIn();
			await allOf([cluster.startWebhooks(), cluster.startWorkers(2)]);
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

	async startMain(): Promise<void> {
		this.main = await this.startPart('main', ['start'], this.mainPort, '/healthz/readiness');
	}

	async startWorkers(count: number): Promise<void> {
		const first = this.workers.length;
		await allOf(
			Array.from({ length: count }, async (_, index) => {
				this.workers.push(await this.startWorker(`worker ${first + index}`));
			}),
		);
	}

	/** Makes the workers let go of what nothing refers to any more. */
	collectGarbage(): void {
		for (const worker of this.workers) worker.child.kill('SIGUSR2');
	}

	async stop(): Promise<void> {
		const parts = [...this.workers, this.webhooks, this.main];
		await Promise.all(parts.map(async (part) => await part?.stop()));
		await this.services.stop();
		fs.rmSync(this.folder, { recursive: true, force: true });
	}

	private async startWebhooks(): Promise<void> {
		const command = ['webhook'];
		this.webhooks = await this.startPart('webhook', command, this.webhookPort, '/healthz');
	}

	private async startWorker(name: string): Promise<N8nProcess> {
		const port = await freePort();
		return await this.startPart(name, ['worker', '--concurrency=5'], port, '/healthz/readiness', {
			// Workers then write down which executions they take.
			N8N_LOG_LEVEL: 'info',
			// After that, n8n throws away what the executions of a killed worker hold: a busy machine may need
			// longer than its minute until they are run again.
			QUEUE_WORKER_LOCK_DURATION: String(10 * 60_000),
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
			NODE_OPTIONS: `--require ${JSON.stringify(path.join(__dirname, 'collectGarbage.js'))}`,
		});
	}

	/**
	 * Starts a process on a folder of its own, as on a machine of its own. One that is started again finds
	 * there what it was at when it was killed.
	 */
	private async startPart(
		name: string,
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
				...extra,
			},
			readyUrl: `http://127.0.0.1:${port}${health}`,
		});
	}
}

/** Waits for all, also where one fails: what they start is to be ended then. */
async function allOf(started: Array<Promise<void>>): Promise<void> {
	await Promise.allSettled(started);
	await Promise.all(started);
}

async function query({ postgres }: Services, database: string, sql: string) {
	const { Client } = fromN8n<Postgres>('pg');
	const client = new Client({ ...postgres, database });
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
