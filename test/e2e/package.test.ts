import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { close, listen } from '../simulator';
import { Instance, readEnvironment, withEditor } from './support/instance';

interface NodeType {
	name: string;
	iconUrl?: { light: string; dark: string } | string;
	codex?: { alias?: string[] };
}

const nodes = path.resolve(__dirname, '..', '..', 'nodes');

/** The schemas of what the nodes put out, relative to nodes/. */
const schemas = fs
	.readdirSync(nodes, { recursive: true, encoding: 'utf8' })
	.filter((file) => file.includes('__schema__') && file.endsWith('.json'));

let n8n: Instance;

beforeAll(async () => {
	n8n = await Instance.start(withEditor);
});

afterAll(async () => {
	await n8n?.stop();
});

async function readTypes({ session } = n8n): Promise<NodeType[]> {
	const { text } = await session.send('GET', '/types/nodes.json');
	return (JSON.parse(text) as NodeType[]).filter(({ name }) =>
		name.startsWith('n8n-nodes-allomia.'),
	);
}

/** A registry that has nothing but a description of n8n-workflow: `asked` is what npm wanted of it. */
async function startRegistry() {
	const asked: string[] = [];
	const [name, version] = ['n8n-workflow', '2.41.1'];
	const server = http.createServer((req, res) => {
		asked.push(req.url ?? '');
		if (req.url !== `/${name}`) return void res.writeHead(404).end();
		const dist = { tarball: `http://${req.headers.host}/n8n-workflow.tgz`, shasum: '0'.repeat(40) };
		const versions = { [version]: { name, version, dist } };
		res.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions }));
	});
	const url = `${await listen(server)}/`;
	return { asked, url, stop: async () => await close(server) };
}

/** The commands of the README's section Install. */
function installCommands(): string {
	const readme = fs.readFileSync(path.resolve(__dirname, '..', '..', 'README.md'), 'utf8');
	const section = /\n## Install\n([^]*?)\n## /.exec(readme)?.[1] ?? '';
	return /```sh\n([^]*?)```/.exec(section)?.[1] ?? '';
}

describe('the package in n8n', () => {
	it('brings the node, its variant for AI agents, and the trigger, each found by what people type', async () => {
		const types = await readTypes();
		expect(types.map(({ name }) => name).sort()).toEqual([
			'n8n-nodes-allomia.alloMia',
			'n8n-nodes-allomia.alloMiaTool',
			'n8n-nodes-allomia.alloMiaTrigger',
		]);
		for (const word of ['phone', 'phone call', 'call', 'voice']) {
			expect(types.filter(({ codex }) => codex?.alias?.includes(word)).length).toBeGreaterThan(1);
		}
	});

	it('tells the editor what each operation puts out, before its first run', async () => {
		expect(schemas).toHaveLength(12);
		for (const file of schemas) {
			const [, node = '', place = ''] = /^AlloMia(.*)\/__schema__\/v1\.0\.0(.*)$/.exec(file) ?? [];
			const url = `/schemas/n8n-nodes-allomia.alloMia${node}/1${place}`;
			const { status, text } = await n8n.session.send('GET', url);
			expect([url, status]).toEqual([url, 200]);
			expect(JSON.parse(text)).toEqual(JSON.parse(fs.readFileSync(path.join(nodes, file), 'utf8')));
		}
	});

	it('has icons for light and dark that n8n serves', async () => {
		for (const { iconUrl } of await readTypes()) {
			expect(typeof iconUrl).toBe('object');
			if (typeof iconUrl !== 'object') continue;
			expect(iconUrl.light).not.toBe(iconUrl.dark);
			for (const url of [iconUrl.light, iconUrl.dark]) {
				const { status, text } = await n8n.session.send('GET', `/${url}`);
				expect(status).toBe(200);
				expect(text).toContain('<svg');
			}
		}
	});
});

it('is installed by hand with the README’s commands, and nothing else is', async () => {
	const home = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-home-'));
	const registry = await startRegistry();
	const commands = installCommands();
	expect(commands).toContain('npm install n8n-nodes-allomia');
	const npm = `"${process.execPath}" "${process.env.npm_execpath}"`;
	const script = commands
		.replace('n8n-nodes-allomia', readEnvironment().tarball)
		.replace(/^npm/m, npm);
	// npm would install there: it looks for one above the folder that it is started in.
	const above = path.join(home, 'package.json');
	fs.writeFileSync(above, '{}');
	let another: Instance | undefined;
	try {
		const env = {
			...process.env,
			HOME: home,
			npm_config_registry: registry.url,
			npm_config_cache: path.join(home, 'cache'),
			npm_config_update_notifier: 'false',
		};
		await promisify(execFile)('sh', ['-e', '-c', script], { env, timeout: 120_000 });
		expect(registry.asked).toEqual(['/n8n-workflow']);
		expect(fs.readFileSync(above, 'utf8')).toBe('{}');
		const modules = path.join(home, '.n8n', 'nodes', 'node_modules');
		expect(fs.readdirSync(modules).filter((it) => !it.startsWith('.'))).toEqual([
			'n8n-nodes-allomia',
		]);
		another = await Instance.start({ ...withEditor, N8N_USER_FOLDER: home });
		expect(await readTypes(another)).toHaveLength(3);
	} finally {
		await another?.stop();
		await registry.stop();
		fs.rmSync(home, { recursive: true, force: true });
	}
});

describe('the tarball', () => {
	it('holds what n8n needs and nothing else, in less than 400 kB', () => {
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-tarball-'));
		try {
			execFileSync('tar', ['xzf', readEnvironment().tarball, '-C', folder]);
			const files = fs
				.readdirSync(folder, { recursive: true, withFileTypes: true })
				.filter((entry) => entry.isFile())
				.map((entry) => path.join(entry.parentPath, entry.name));
			const names = files.map((file) => path.relative(path.join(folder, 'package'), file)).sort();
			const expected = [
				'LICENSE',
				'README.md',
				'dist/credentials/AlloMiaApi.credentials.js',
				'dist/icons/allomia.dark.svg',
				'dist/icons/allomia.svg',
				'dist/nodes/AlloMia/AlloMia.node.js',
				'dist/nodes/AlloMia/AlloMia.node.json',
				'dist/nodes/AlloMiaTrigger/AlloMiaTrigger.node.js',
				'dist/nodes/AlloMiaTrigger/AlloMiaTrigger.node.json',
				'dist/nodes/shared/nodes.js',
				'dist/nodes/shared/phone.js',
				'dist/nodes/shared/phoneTimeZones.js',
				'index.js',
				'package.json',
				...schemas.map((file) => `dist/nodes/${file}`),
			];
			expect(names).toEqual(expected.sort());
			const size = files.reduce((sum, file) => sum + fs.statSync(file).size, 0);
			expect(size).toBeLessThan(400_000);
		} finally {
			fs.rmSync(folder, { recursive: true, force: true });
		}
	});
});
