const fs = require('node:fs');
const os = require('node:os');

/** How often a holder shows that it lives, and after how long without that it counts as dead, in ms. */
const beat = 10_000;
const dead = 60_000;

/**
 * Takes a lock file.
 * @returns what gives it back, or undefined where another process holds it
 * @throws where the file cannot be written
 */
function takeLock(file) {
	for (let attempt = 0; attempt < 2; attempt += 1) {
		try {
			fs.writeFileSync(file, `${process.pid}@${os.hostname()}`, { flag: 'wx' });
			const beats = setInterval(() => touch(file), beat);
			beats.unref();
			return () => {
				clearInterval(beats);
				fs.rmSync(file, { force: true });
			};
		} catch (error) {
			if (error.code !== 'EEXIST') throw error;
		}
		if (holderLives(file)) return undefined;
		fs.rmSync(file, { force: true });
	}
	return undefined;
}

function touch(file) {
	const now = new Date();
	// Whoever has deleted the file knows what he does.
	fs.utimes(file, now, now, () => {});
}

/** By its process where that is of this machine; in any case by its last sign of life. */
function holderLives(file) {
	let holder;
	let age;
	try {
		holder = fs.readFileSync(file, 'utf8');
		age = Date.now() - fs.statSync(file).mtimeMs;
	} catch {
		return false;
	}
	if (age > dead) return false;
	const [pid, host] = holder.split('@');
	if (host !== os.hostname()) return true;
	try {
		process.kill(Number(pid), 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}

module.exports = { takeLock };
