import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultN8nVersion, projectRoot } from '../../../scripts/lib/paths';

const compose = readFileSync(path.join(projectRoot, 'docs', 'compose.yaml'), 'utf8');

const folder = path.join(projectRoot, 'node_modules', '@n8n', 'config', 'dist');
const configuration = readdirSync(folder, { recursive: true, encoding: 'utf8' })
	.filter((name) => name.endsWith('.js'))
	.map((name) => readFileSync(path.join(folder, name), 'utf8'))
	.join('\n');

/** The variables that are set for n8n, by name. */
const variables = [...compose.matchAll(/^ +([A-Z][A-Z0-9_]+): /gm)]
	.map(([, name]) => name ?? '')
	.filter((name) => !/^(POSTGRES_|PGDATA|DOMAIN)/.test(name));

describe('the compose file', () => {
	it('sets what the docs speak of', () => {
		expect(variables).toEqual(
			expect.arrayContaining(['WEBHOOK_URL', 'QUEUE_WORKER_LOCK_DURATION', 'EXECUTIONS_MODE']),
		);
	});

	// n8n reads these elsewhere.
	const others = [
		'WEBHOOK_URL',
		'N8N_DEFAULT_BINARY_DATA_MODE',
		'OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS',
	];

	it.each(variables.filter((name) => !others.includes(name)))(
		'sets %s, which n8n knows',
		(name) => {
			expect(configuration.includes(`'${name}'`)).toBe(true);
		},
	);

	it('has the n8n that the tests run', () => {
		const images = [...compose.matchAll(/n8nio\/n8n:(\S+)/g)].map(([, version]) => version);
		expect(new Set(images)).toEqual(new Set([defaultN8nVersion]));
	});
});
