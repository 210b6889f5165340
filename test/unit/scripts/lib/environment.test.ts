import fs from 'node:fs';
import path from 'node:path';
import { ownEnvironment } from '../../../../scripts/lib/environment';
import { projectRoot } from '../../../../scripts/lib/paths';

const settings = { N8N_PORT: '5678', WEBHOOK_URL: 'http://127.0.0.1:5678/' };

describe('the environment of an n8n of ours', () => {
	it.each([
		['DB_TYPE', 'postgresdb'],
		['DB_POSTGRESDB_HOST', 'db.example.com'],
		['DB_POSTGRESDB_PASSWORD_FILE', '/run/secrets/db'],
		['EXECUTIONS_MODE', 'queue'],
		['QUEUE_BULL_REDIS_HOST', 'redis.example.com'],
		['N8N_PATH', '/n8n/'],
		['N8N_WEBHOOK_URL', 'https://n8n.example.com/'],
		['N8N_ENCRYPTION_KEY', 'theirs'],
		['N8N_CONFIG_FILES', '/etc/n8n.json'],
		['N8N_BLOCK_ENV_ACCESS_IN_NODE', 'true'],
		['NODES_EXCLUDE', '[]'],
		['NODE_OPTIONS', '--inspect'],
		['NODE_ENV', 'development'],
		['ALLOMIA_API_KEY', 'secret'],
		['npm_config_registry', 'https://npm.example.com/'],
	])('has nothing of another n8n: %s', (name, value) => {
		expect(ownEnvironment(settings, { PATH: '/bin', [name]: value })).toEqual({
			PATH: '/bin',
			...settings,
		});
	});

	it('has what n8n needs of the machine, as each system spells it', () => {
		const machine = {
			Path: 'C:\\Windows',
			SystemRoot: 'C:\\Windows',
			HOME: '/home/ada',
			TMPDIR: '/tmp',
			TZ: 'Europe/Berlin',
			NODE_EXTRA_CA_CERTS: '/etc/ca.pem',
		};
		expect(ownEnvironment(settings, { ...machine, WEBHOOK_URL: 'https://theirs/' })).toEqual({
			...machine,
			...settings,
		});
	});

	it.each([
		[{ HTTP_PROXY: 'http://proxy:3128' }, '127.0.0.1,localhost,::1'],
		[{ https_proxy: 'http://proxy:3128' }, '127.0.0.1,localhost,::1'],
		[{ ALL_PROXY: 'http://proxy:3128', NO_PROXY: 'a.b,.c' }, 'a.b,.c,127.0.0.1,localhost,::1'],
		[{ HTTP_PROXY: 'http://proxy:3128', no_proxy: '' }, '127.0.0.1,localhost,::1'],
	])('keeps this machine from going through a proxy: %j', (given, exceptions) => {
		expect(ownEnvironment(settings, given)).toEqual({
			...given,
			...settings,
			NO_PROXY: exceptions,
			no_proxy: exceptions,
		});
	});
});

it('no script names localhost, which is ::1 on many machines, where n8n does not listen', () => {
	const scripts = path.join(projectRoot, 'scripts');
	const naming = fs
		.readdirSync(scripts, { recursive: true, encoding: 'utf8' })
		.filter((file) => file.endsWith('.js'))
		.filter((file) => fs.readFileSync(path.join(scripts, file), 'utf8').includes('localhost'));
	// It names what no proxy leads to.
	expect(naming).toEqual([path.join('lib', 'environment.js')]);
});
