import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freePort, startProcess, type N8nProcess } from '../../../scripts/lib/n8n';
import { readEnvironment } from '../../e2e/support/instance';
import type { Site } from '../../e2e/support/internet';
import { forward } from '../../e2e/support/proxy';

export const registryHost = 'registry.npmjs.org';

const settings = {
	auth: {},
	uplinks: {},
	packages: { '**': { access: '$all', publish: '$all' } },
	web: { enable: false },
	log: { type: 'stdout', level: 'warn' },
};

/**
 * A Verdaccio that has this package only. n8n takes another registry than npm's only with a licence, so it
 * stands in for that under its name.
 */
export class Registry {
	private constructor(
		private readonly folder: string,
		private readonly host: string,
		private readonly process: N8nProcess,
	) {}

	/** @param folder for what it stores */
	static async start(folder: string): Promise<Registry> {
		const { ALLOMIA_VERDACCIO: bin = '' } = process.env;
		const { node } = readEnvironment().n8n;
		const host = `127.0.0.1:${await freePort()}`;
		const config = path.join(folder, 'verdaccio.json');
		fs.writeFileSync(
			config,
			JSON.stringify({ ...settings, storage: path.join(folder, 'storage') }),
		);
		const started = await startProcess({
			n8n: { bin, node },
			name: 'Verdaccio',
			command: ['--config', config, '--listen', host],
			env: { N8N_USER_FOLDER: folder, VERDACCIO_PUBLIC_URL: `https://${registryHost}` },
			readyUrl: `http://${host}/-/ping`,
		});
		return new Registry(folder, host, started);
	}

	/** Publishes the package under test with this version. */
	publish(version: string): void {
		const folder = path.join(this.folder, version);
		fs.mkdirSync(folder);
		execFileSync('tar', ['-xzf', readEnvironment().tarball, '-C', folder]);
		const file = path.join(folder, 'package', 'package.json');
		const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as object;
		fs.writeFileSync(file, JSON.stringify({ ...manifest, version }));
		const { npm_execpath: npm = '' } = process.env;
		execFileSync(
			process.execPath,
			[
				...[
					npm,
					'publish',
					path.dirname(file),
					'--ignore-scripts',
					'--provenance=false',
					'--loglevel=error',
				],
				// npm publishes nothing without a token, and this registry does not look at it.
				...[`--registry=http://${this.host}`, `--//${this.host}/:_authToken=none`],
			],
			{ stdio: 'pipe', timeout: 60_000 },
		);
	}

	readonly site: Site = (request, response) =>
		forward(`http://${this.host}${request.url ?? ''}`, request, response);

	async stop(): Promise<void> {
		await this.process.stop();
	}
}
