import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataFolder, type DataFolder } from '../../../../scripts/lib/dataFolder';

let root: string;
const opened: DataFolder[] = [];

beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-data-'))));

afterEach(() => {
	for (const folder of opened.splice(0)) folder.release();
	fs.rmSync(root, { recursive: true, force: true });
});

async function open(folder: string, fresh = false, before?: () => Promise<void>) {
	const found = await openDataFolder(path.join(root, folder), { fresh, ...(before && { before }) });
	opened.push(found);
	return found;
}

/** All files below the folder, with what they hold. */
const contents = () =>
	fs
		.readdirSync(root, { recursive: true, withFileTypes: true })
		.filter((it) => it.isFile())
		.map((it) => [it.name, fs.readFileSync(path.join(it.parentPath, it.name), 'utf8')]);

describe('the folder of the demo’s n8n', () => {
	it.each([
		['somebody’s projects', 'projects/letter.txt'],
		['the home of another n8n', '.n8n/database.sqlite'],
		['a hidden file', '.ssh'],
	])('is not one with %s: nothing of it is written or deleted', async (_, name) => {
		fs.mkdirSync(path.dirname(path.join(root, 'data', name)), { recursive: true });
		fs.writeFileSync(path.join(root, 'data', name), 'theirs');
		const before = contents();
		for (const fresh of [false, true]) {
			await expect(open('data', fresh)).rejects.toThrow(
				/holds something else.*npm start -- --data FOLDER/,
			);
			expect(contents()).toEqual(before);
		}
	});

	it('is not a file', async () => {
		fs.writeFileSync(path.join(root, 'data'), 'theirs');
		await expect(open('data', true)).rejects.toThrow(/is no folder/);
		expect(contents()).toEqual([['data', 'theirs']]);
	});

	it('may be new, or empty', async () => {
		fs.mkdirSync(path.join(root, 'empty'));
		expect((await open('empty')).password).not.toBe('');
		expect((await open('a/new/one')).password).not.toBe('');
	});

	it('keeps its password, which nobody else can read, and what is in it', async () => {
		const first = await open('data');
		fs.writeFileSync(path.join(root, 'data', 'database'), 'ours');
		first.workflows.a = '1';
		first.save();
		first.release();
		const second = await open('data');
		expect(second.password).toBe(first.password);
		expect(second.workflows).toEqual({ a: '1' });
		expect(contents()).toContainEqual(['database', 'ours']);
		const { mode } = fs.statSync(path.join(root, 'data', 'n8n-nodes-allomia-demo.json'));
		expect(mode & 0o077).toBe(process.platform === 'win32' ? mode & 0o077 : 0);
	});

	it('has a password of its own, as n8n wants it', async () => {
		const all = [];
		for (const name of ['a', 'b', 'c']) all.push((await open(name)).password);
		expect(new Set(all).size).toBe(3);
		for (const password of all) expect(password).toMatch(/^(?=.*\d)(?=.*[A-Z]).{16,64}$/);
	});

	it('has no n8n and another password after --fresh, and what somebody has put there', async () => {
		const first = await open('data');
		fs.mkdirSync(path.join(root, 'data', '.n8n'));
		fs.writeFileSync(path.join(root, 'data', '.n8n', 'database'), 'ours');
		fs.writeFileSync(path.join(root, 'data', 'letter.txt'), 'theirs');
		first.release();
		const second = await open('data', true);
		expect(second.password).not.toBe(first.password);
		expect(fs.existsSync(path.join(root, 'data', '.n8n'))).toBe(false);
		expect(contents()).toContainEqual(['letter.txt', 'theirs']);
	});

	it.each([false, true])('is used by one n8n at a time (fresh: %s)', async (fresh) => {
		const first = await open('data');
		await expect(open('data', fresh)).rejects.toThrow(
			new RegExp(`running already \\(process ${process.pid}\\)\\..*--data FOLDER`),
		);
		first.release();
		expect((await open('data', fresh)).workflows).toEqual({});
	});

	it('keeps all that is in it where the port is in use, also with --fresh', async () => {
		const first = await open('data');
		fs.mkdirSync(path.join(root, 'data', '.n8n'));
		fs.writeFileSync(path.join(root, 'data', '.n8n', 'database'), 'ours');
		first.release();
		const before = async () => await Promise.reject(new Error('Port 5678 is in use'));
		await expect(open('data', true, before)).rejects.toThrow('Port 5678 is in use');
		expect(contents()).toContainEqual(['database', 'ours']);
		expect((await open('data')).password).toBe(first.password);
	});

	it('says so where its password cannot be read, and makes none in its place', async () => {
		const first = await open('data');
		fs.mkdirSync(path.join(root, 'data', '.n8n'));
		first.release();
		fs.writeFileSync(path.join(root, 'data', 'n8n-nodes-allomia-demo.json'), '');
		await expect(open('data')).rejects.toThrow(/cannot be read.*--fresh/);
		expect((await open('data', true)).password).not.toBe('');
	});

	it('may be one whose first start was cut off', async () => {
		fs.mkdirSync(path.join(root, 'data'));
		fs.writeFileSync(path.join(root, 'data', 'n8n-nodes-allomia-demo.json.new'), '{');
		expect((await open('data')).password).not.toBe('');
	});
});
