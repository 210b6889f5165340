import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { holdersOf, takeLock } from '../../../../scripts/lib/lock';
import { until } from '../../../../scripts/lib/workflows';

let folder: string;
let file: string;
const started: ChildProcess[] = [];

beforeEach(() => {
	folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-lock-'));
	file = path.join(folder, 'a.lock');
});

afterEach(() => {
	for (const child of started.splice(0)) child.kill('SIGKILL');
	fs.rmSync(folder, { recursive: true, force: true });
});

/** Makes a lock look as if nobody has touched it for so many seconds. */
function age(seconds: number): void {
	const at = new Date(Date.now() - seconds * 1000);
	fs.utimesSync(file, at, at);
}

const heldBy = (host: string, pid: number, born = '') =>
	JSON.stringify({ host, processes: [{ pid, born }] });

const ended = () => spawnSync(process.execPath, ['-e', '']).pid;

/** Another process, which does nothing. */
function another(): number {
	const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
	started.push(child);
	return child.pid ?? 0;
}

describe('a lock file', () => {
	it('is held by one, and free again once given back', () => {
		const lock = takeLock(file);
		expect(lock).toBeDefined();
		expect(takeLock(file)).toBeUndefined();
		expect(holdersOf(file)).toEqual([process.pid]);
		lock?.release();
		expect(fs.readdirSync(folder)).toEqual([]);
		takeLock(file)?.release();
		expect(fs.readdirSync(folder)).toEqual([]);
	});

	it.each([
		['a process of this machine that has ended', () => heldBy(os.hostname(), ended()), 0],
		['a process whose number another has by now', () => heldBy(os.hostname(), 1, 'before'), 0],
		['a container that is gone', () => heldBy('3f2a9c1b', 7), 120],
		['something that was cut off while it wrote', () => '{"host":', 120],
	])('of %s is taken', (_, holder, seconds) => {
		fs.writeFileSync(file, holder());
		age(seconds);
		const lock = takeLock(file);
		expect(lock).toBeDefined();
		lock?.release();
		expect(fs.readdirSync(folder)).toEqual([]);
	});

	it.each([
		['a process that lives', () => heldBy(os.hostname(), process.pid), 30],
		// As Ctrl-Z or a laptop that sleeps does it.
		['a process that was stopped for long', () => heldBy(os.hostname(), process.pid), 3600],
		['another container that shares the folder', () => heldBy('3f2a9c1b', 7), 30],
		['something that is just being written', () => '', 1],
	])('of %s is respected', (_, holder, seconds) => {
		fs.writeFileSync(file, holder());
		age(seconds);
		expect(takeLock(file)).toBeUndefined();
		expect(fs.existsSync(file)).toBe(true);
	});

	it('is held for as long as a process lives that it is shared with', () => {
		const pid = another();
		takeLock(file)?.share(pid);
		const { host, processes } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
			host: string;
			processes: object[];
		};
		// What took it was killed.
		fs.writeFileSync(
			file,
			JSON.stringify({ host, processes: [{ pid: ended(), born: '' }, ...processes.slice(1)] }),
		);
		expect(takeLock(file)).toBeUndefined();
		expect(holdersOf(file)).toContain(pid);
	});

	it('of a process that has ended, and that nobody has waited for, is taken', async () => {
		if (process.platform !== 'linux') return expect(process.platform).not.toBe('linux');
		// The shell starts another process and becomes one that does not wait for it.
		const child = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60'], { stdio: 'pipe' });
		started.push(child);
		const pid = Number(await new Promise((resolve) => child.stdout.once('data', resolve)));
		await until('the process to end', () =>
			/\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8')),
		);
		fs.writeFileSync(file, heldBy(os.hostname(), pid));
		expect(takeLock(file)).toBeDefined();
	});

	it('is not given back by one who has lost it', () => {
		const lost = takeLock(file);
		fs.rmSync(file);
		const lock = takeLock(file);
		lost?.share(another());
		lost?.release();
		expect(takeLock(file)).toBeUndefined();
		lock?.release();
	});

	it('shows that its holder lives', () => {
		jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
		try {
			const lock = takeLock(file);
			const touched = jest.spyOn(fs, 'utimes').mockImplementation(() => undefined);
			jest.advanceTimersByTime(60_000);
			expect(touched.mock.calls.length).toBeGreaterThanOrEqual(5);
			lock?.release();
			touched.mockClear();
			jest.advanceTimersByTime(60_000);
			expect(touched).not.toHaveBeenCalled();
		} finally {
			jest.useRealTimers();
			jest.restoreAllMocks();
		}
	});
});
