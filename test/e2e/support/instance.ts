import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
	closedSettings,
	freePort,
	headlessSettings,
	installPackage,
	Session,
	startProcess,
	type InstalledN8n,
	type N8nProcess,
} from '../../../scripts/lib/n8n';

/** What `npm test` hands to the suites that need a real n8n. */
export function readEnvironment(): { n8n: InstalledN8n; tarball: string } {
	const { ALLOMIA_N8N: n8n, ALLOMIA_TARBALL: tarball } = process.env;
	if (!n8n || !tarball) {
		throw new Error('Run these tests through npm, for example: npm test -- e2e');
	}
	return { n8n: JSON.parse(n8n) as InstalledN8n, tarball };
}

/** For tests that look at the editor, or at what n8n tells it. */
export const withEditor = { N8N_DISABLE_UI: 'false' };

/** A real n8n of a test's own: SQLite, a folder that is removed afterwards, this machine only. */
export class Instance {
	private process: N8nProcess | undefined;

	private constructor(
		readonly userFolder: string,
		readonly port: number,
		readonly session: Session,
		private readonly settings: Record<string, string>,
	) {}

	get baseUrl(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** Everything that n8n wrote to its console. */
	get output(): string {
		return this.process?.output() ?? '';
	}

	/** The process, for tests that kill it or measure it. */
	get pid(): number | undefined {
		return this.process?.child.pid;
	}

	/** @param isEmpty whether without the package */
	static async start(extra: Record<string, string> = {}, isEmpty = false): Promise<Instance> {
		const userFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-n8n-'));
		if (!isEmpty) await installPackage(userFolder, readEnvironment().tarball);
		const [port, brokerPort] = [await freePort(), await freePort()];
		const settings = {
			...closedSettings({ userFolder, port, brokerPort }),
			...headlessSettings,
			WEBHOOK_URL: `http://127.0.0.1:${port}/`,
			// Where its database takes longer than 5 s to answer, as on a busy machine, n8n would refuse
			// every request for the next seconds.
			DB_PING_TIMEOUT_MS: '60000',
			...extra,
		};
		const session = new Session(`http://127.0.0.1:${port}`);
		const instance = new Instance(userFolder, port, session, settings);
		try {
			await instance.launch();
			await session.signIn();
		} catch (error) {
			// A process left behind would keep the test run from ending.
			await instance.stop();
			throw error;
		}
		return instance;
	}

	/** Stops n8n and starts it again on the same data. */
	async restart(extra: Record<string, string> = {}): Promise<void> {
		await this.halt();
		await this.launch(extra);
	}

	async halt(signal?: NodeJS.Signals): Promise<void> {
		await this.process?.stop(signal);
		this.process = undefined;
	}

	async launch(extra: Record<string, string> = {}): Promise<void> {
		this.process = await startProcess({
			n8n: readEnvironment().n8n,
			env: { ...this.settings, ...extra },
			readyUrl: `${this.baseUrl}/healthz/readiness`,
		});
	}

	async stop(): Promise<void> {
		await this.halt();
		fs.rmSync(this.userFolder, { recursive: true, force: true });
	}
}
