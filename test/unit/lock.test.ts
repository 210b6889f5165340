import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { takeLock } from '../../scripts/lib/lock';

let folder: string;
let file: string;

beforeEach(() => {
	folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-lock-'));
	file = path.join(folder, 'a.lock');
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Leaves a lock that another process has made, and last touched so many seconds ago. */
function left(holder: string, seconds: number): void {
	fs.writeFileSync(file, holder);
	const at = new Date(Date.now() - seconds * 1000);
	fs.utimesSync(file, at, at);
}

const ended = () => spawnSync(process.execPath, ['-e', '']).pid;

describe('a lock file', () => {
	it('is held by one, and free again once given back', () => {
		const release = takeLock(file);
		expect(release).toBeDefined();
		expect(takeLock(file)).toBeUndefined();
		release?.();
		expect(fs.existsSync(file)).toBe(false);
		const again = takeLock(file);
		expect(again).toBeDefined();
		again?.();
	});

	it.each([
		['a process of this machine that has ended', () => `${ended()}@${os.hostname()}`, 0],
		['a process whose number another has by now', () => `1@${os.hostname()}`, 120],
		['a container that is gone', () => '7@3f2a9c1b', 120],
		['something that was cut off while it wrote', () => '', 120],
	])('of %s is taken', (_, holder, seconds) => {
		left(holder(), seconds);
		const release = takeLock(file);
		expect(release).toBeDefined();
		release?.();
	});

	it.each([
		['a process that lives', () => `${process.pid}@${os.hostname()}`],
		['another container that shares the folder', () => '7@3f2a9c1b'],
	])('of %s is respected', (_, holder) => {
		left(holder(), 30);
		expect(takeLock(file)).toBeUndefined();
		expect(fs.existsSync(file)).toBe(true);
	});

	it('shows that its holder lives', () => {
		jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
		try {
			const release = takeLock(file);
			const touched = jest.spyOn(fs, 'utimes').mockImplementation(() => undefined);
			jest.advanceTimersByTime(60_000);
			expect(touched.mock.calls.length).toBeGreaterThanOrEqual(5);
			release?.();
			touched.mockClear();
			jest.advanceTimersByTime(60_000);
			expect(touched).not.toHaveBeenCalled();
		} finally {
			jest.useRealTimers();
			jest.restoreAllMocks();
		}
	});
});
