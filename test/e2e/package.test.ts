import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Instance, readEnvironment } from './support/instance';

interface NodeType {
	name: string;
	iconUrl?: { light: string; dark: string } | string;
	codex?: { alias?: string[] };
}

let n8n: Instance;

beforeAll(async () => {
	n8n = await Instance.start();
});

afterAll(async () => {
	await n8n?.stop();
});

describe('the package in n8n', () => {
	const readTypes = async (): Promise<NodeType[]> => {
		const { text } = await n8n.session.send('GET', '/types/nodes.json');
		return (JSON.parse(text) as NodeType[]).filter(({ name }) =>
			name.startsWith('n8n-nodes-allomia.'),
		);
	};

	it('brings the node, its variant for AI agents, and the trigger, each found by what people type', async () => {
		const types = await readTypes();
		expect(types.map(({ name }) => name).sort()).toEqual([
			'n8n-nodes-allomia.alloMia',
			'n8n-nodes-allomia.alloMiaTool',
			'n8n-nodes-allomia.alloMiaTrigger',
		]);
		for (const word of ['phone', 'call', 'voice']) {
			expect(types.filter(({ codex }) => codex?.alias?.includes(word)).length).toBeGreaterThan(1);
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

describe('the tarball', () => {
	it('holds what n8n needs and nothing else, in less than 340 kB', () => {
		const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-tarball-'));
		try {
			execFileSync('tar', ['xzf', readEnvironment().tarball, '-C', folder]);
			const files = fs
				.readdirSync(folder, { recursive: true, withFileTypes: true })
				.filter((entry) => entry.isFile())
				.map((entry) => path.join(entry.parentPath, entry.name));
			const names = files.map((file) => path.relative(path.join(folder, 'package'), file)).sort();
			expect(names).toEqual([
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
				'index.js',
				'package.json',
			]);
			const size = files.reduce((sum, file) => sum + fs.statSync(file).size, 0);
			expect(size).toBeLessThan(340_000);
		} finally {
			fs.rmSync(folder, { recursive: true, force: true });
		}
	});
});
