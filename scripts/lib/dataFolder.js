const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { holdersOf, takeLock } = require('./lock');
const { UserError } = require('./run');

/** The file that marks a data folder of the demo. Folders without it are never written to or deleted. */
const markName = 'n8n-nodes-allomia-demo.json';
const newMarkName = `${markName}.new`;
const lockName = 'n8n-nodes-allomia-demo.lock';

/** n8n's folder in it. */
const n8nName = '.n8n';

/**
 * Locks the data folder of the demo's n8n while this process runs: { password, workflows, save(), share(pid),
 * release() }, with the demo's workflows as IDs with versions. A process that it is shared with keeps it locked.
 * @param fresh whether to delete n8n's data in it, after waiting for `before`
 * @throws UserError if it is not such a folder, or another process uses it
 */
async function openDataFolder(folder, { fresh, before = async () => {} }) {
	refuseForeign(folder);
	fs.mkdirSync(folder, { recursive: true });
	const file = path.join(folder, markName);
	if (!fs.existsSync(file)) write(folder, newMark());
	const lock = takeLock(path.join(folder, lockName));
	if (!lock) throw inUse(folder);
	try {
		await before();
		if (fresh) {
			for (const name of [n8nName, markName]) {
				fs.rmSync(path.join(folder, name), { recursive: true, force: true });
			}
		}
		const mark = readMark(folder);
		write(folder, mark);
		return {
			...mark,
			...lock,
			save() {
				write(folder, { password: this.password, workflows: this.workflows });
			},
		};
	} catch (error) {
		lock.release();
		throw error;
	}
}

const newMark = () => ({ password: newPassword(), workflows: {} });

function refuseForeign(folder) {
	const [isFolder, names] = contents(folder);
	const isNew = names.every((name) => name === newMarkName);
	if (isFolder && (isNew || names.includes(markName))) return;
	throw new UserError(
		isFolder
			? `${folder} holds something else than the n8n of an earlier start, and npm start touches no such folder. Give it a new one: npm start -- --data FOLDER. If you do not need what is in there, delete it yourself.`
			: `${folder} is no folder. Give another one: npm start -- --data FOLDER`,
	);
}

function contents(folder) {
	try {
		return [true, fs.readdirSync(folder)];
	} catch (error) {
		return [error.code === 'ENOENT', []];
	}
}

function inUse(folder) {
	const file = path.join(folder, lockName);
	const holders = holdersOf(file);
	const which = holders.length > 0 ? ` (process ${holders.join(', ')})` : '';
	return new UserError(
		`The n8n in ${folder} is running already${which}. End it (Ctrl-C where you started it), or give this one a folder of its own: npm start -- --data FOLDER --port P. If none is running, delete ${file}.`,
	);
}

/** Writes the marker file atomically: without a complete one, nobody could sign in any more. */
function write(folder, mark) {
	const part = path.join(folder, newMarkName);
	fs.writeFileSync(part, `${JSON.stringify(mark, null, '\t')}\n`, { mode: 0o600 });
	fs.renameSync(part, path.join(folder, markName));
}

function readMark(folder) {
	const file = path.join(folder, markName);
	try {
		const { password, workflows } = JSON.parse(fs.readFileSync(file, 'utf8'));
		if (typeof password === 'string') return { password, workflows: Object(workflows) };
	} catch {
		// The same as for any other content.
	}
	if (!fs.existsSync(path.join(folder, n8nName))) return newMark();
	throw new UserError(
		`${file} cannot be read, and with it the password of the n8n in there. Put it back, or begin anew with npm start -- --fresh, which throws away what you made in that n8n.`,
	);
}

/** A password as n8n requires it: with a capital letter and a digit. */
function newPassword() {
	return `A1-${randomBytes(12).toString('base64url')}`;
}

module.exports = { openDataFolder };
