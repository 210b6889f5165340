const { execFileSync } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');

/** The interval of a holder's heartbeat, and the time without one after which a holder elsewhere is considered dead, in ms. */
const beat = 10_000;
const dead = 60_000;

/**
 * Acquires a lock file while this process, or one that it is shared with, is running.
 * @returns { release(), share(pid) }, or undefined if another process holds it
 * @throws if the file cannot be written
 */
function takeLock(file) {
	for (let attempt = 0; attempt < 3; attempt += 1) {
		const lock = create(file);
		if (lock) return lock;
		const found = read(file);
		if (!found) continue;
		if (isHeld(found)) return undefined;
		setAside(file, found.text);
	}
	return undefined;
}

/** The IDs of the processes that hold it, if known. */
function holdersOf(file) {
	return read(file)?.holder?.processes.map(({ pid }) => pid) ?? [];
}

function create(file) {
	const processes = [identify(process.pid)];
	const id = randomUUID();
	const text = () => JSON.stringify({ id, host: os.hostname(), processes });
	let written = text();
	try {
		fs.writeFileSync(file, written, { flag: 'wx' });
	} catch (error) {
		if (error.code !== 'EEXIST') throw error;
		return undefined;
	}
	const isOurs = () => read(file)?.text === written;
	const beats = setInterval(() => isOurs() && touch(file), beat);
	beats.unref();
	return {
		share(pid) {
			processes.push(identify(pid));
			if (!isOurs()) return;
			written = text();
			fs.writeFileSync(file, written);
		},
		release() {
			clearInterval(beats);
			if (isOurs()) fs.rmSync(file, { force: true });
		},
	};
}

function touch(file) {
	const now = new Date();
	// The user may have deleted the file on purpose.
	fs.utimes(file, now, now, () => {});
}

/** The file's content, the holder if it can be read, and its age in ms; undefined if it does not exist. */
function read(file) {
	try {
		const text = fs.readFileSync(file, 'utf8');
		return { text, holder: parse(text), age: Date.now() - fs.statSync(file).mtimeMs };
	} catch {
		return undefined;
	}
}

function parse(text) {
	try {
		const { host, processes } = JSON.parse(text);
		return Array.isArray(processes) ? { host, processes } : undefined;
	} catch {
		return undefined;
	}
}

/** Whether a holder is running. For holders on other machines, only the heartbeat tells. */
function isHeld({ holder, age }) {
	if (holder?.host !== os.hostname()) return age <= dead;
	return holder.processes.some(({ pid, born }) => {
		const now = bornAt(pid);
		// The process ID may have been reused. If that cannot be determined, the lock is respected.
		return now !== undefined && (now === born || now === '' || !born);
	});
}

const identify = (pid) => ({ pid, born: bornAt(pid) });

/** When a process started, in the system's format; empty if that is not known, undefined if it has ended. */
function bornAt(pid) {
	if (!isThere(pid)) return undefined;
	try {
		const [state, born] = process.platform === 'linux' ? ofLinux(pid) : ofPs(pid);
		// A zombie process.
		return state.startsWith('Z') ? undefined : born;
	} catch {
		return '';
	}
}

function isThere(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}

/** The state and start time in proc_pid_stat(5), fields 3 and 22. The name before them may contain anything. */
function ofLinux(pid) {
	const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return [fields[0], fields[19]];
}

/** On Windows, there is no ps. */
function ofPs(pid) {
	const line = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], {
		encoding: 'utf8',
		env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
		stdio: ['ignore', 'pipe', 'ignore'],
	}).trim();
	return [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ')).trim()];
}

/** Removes a stale lock, unless another process has acquired it meanwhile. */
function setAside(file, text) {
	const aside = `${file}.${process.pid}`;
	try {
		fs.renameSync(file, aside);
		if (read(aside)?.text === text) fs.rmSync(aside, { force: true });
		else fs.renameSync(aside, file);
	} catch (error) {
		if (error.code !== 'ENOENT') throw error;
	}
}

module.exports = { holdersOf, takeLock };
