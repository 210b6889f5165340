import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openDataFolder, type DataFolder } from '../../scripts/lib/dataFolder';

let root: string;
const opened: DataFolder[] = [];

beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-data-'))));

afterEach(() => {
	for (const folder of opened.splice(0)) folder.release();
	fs.rmSync(root, { recursive: true, force: true });
});

function open(folder: string, fresh = false): DataFolder {
	const found = openDataFolder(path.join(root, folder), { fresh });
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
	])('is not one with %s: nothing of it is written or deleted', (_, name) => {
		fs.mkdirSync(path.dirname(path.join(root, 'data', name)), { recursive: true });
		fs.writeFileSync(path.join(root, 'data', name), 'theirs');
		const before = contents();
		for (const fresh of [false, true]) {
			expect(() => open('data', fresh)).toThrow(/holds something else.*npm start -- --data FOLDER/);
			expect(contents()).toEqual(before);
		}
	});

	it('is not a file', () => {
		fs.writeFileSync(path.join(root, 'data'), 'theirs');
		expect(() => open('data', true)).toThrow(/is no folder/);
		expect(contents()).toEqual([['data', 'theirs']]);
	});

	it('may be new, or empty', () => {
		fs.mkdirSync(path.join(root, 'empty'));
		expect(open('empty').password).not.toBe('');
		expect(open('a/new/one').password).not.toBe('');
	});

	it('keeps its password, which nobody else can read, and what is in it', () => {
		const first = open('data');
		fs.writeFileSync(path.join(root, 'data', 'database'), 'ours');
		first.workflows.a = '1';
		first.save();
		first.release();
		const second = open('data');
		expect(second.password).toBe(first.password);
		expect(second.workflows).toEqual({ a: '1' });
		expect(contents()).toContainEqual(['database', 'ours']);
		const { mode } = fs.statSync(path.join(root, 'data', 'n8n-nodes-allomia-demo.json'));
		expect(mode & 0o077).toBe(process.platform === 'win32' ? mode & 0o077 : 0);
	});

	it('has a password of its own, as n8n wants it', () => {
		const all = ['a', 'b', 'c'].map((name) => open(name).password);
		expect(new Set(all).size).toBe(3);
		for (const password of all) expect(password).toMatch(/^(?=.*\d)(?=.*[A-Z]).{16,64}$/);
	});

	it('is empty and has another password after --fresh', () => {
		const first = open('data');
		fs.mkdirSync(path.join(root, 'data', '.n8n'));
		fs.writeFileSync(path.join(root, 'data', '.n8n', 'database'), 'ours');
		first.release();
		const second = open('data', true);
		expect(second.password).not.toBe(first.password);
		expect(fs.existsSync(path.join(root, 'data', '.n8n'))).toBe(false);
	});

	it.each([false, true])('is used by one n8n at a time (fresh: %s)', (fresh) => {
		const first = open('data');
		expect(() => open('data', fresh)).toThrow(/running already.*--data FOLDER/);
		first.release();
		expect(open('data', fresh).workflows).toEqual({});
	});
});
