const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { holdersOf, takeLock } = require('./lock');
const { UserError } = require('./run');

/** By this file a folder is known for one of ours: no other is ever written to, or deleted. */
const markName = 'n8n-nodes-allomia-demo.json';
const newMarkName = `${markName}.new`;
const lockName = 'n8n-nodes-allomia-demo.lock';

/** What n8n keeps in there. */
const n8nName = '.n8n';

/**
 * The folder of the demo's n8n, for as long as this process runs: { password, workflows, save(),
 * share(pid), release() }, the workflows of the demo as their ids with their versions. A process that
 * the folder is shared with keeps it taken.
 * @param fresh whether to throw away what n8n has kept there; `before` is waited for first
 * @throws UserError where it is not ours, or another process uses it
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

/** Nothing that is cut off leaves half a mark, without which nobody could sign in any more. */
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
		// As where it holds something else.
	}
	if (!fs.existsSync(path.join(folder, n8nName))) return newMark();
	throw new UserError(
		`${file} cannot be read, and with it the password of the n8n in there. Put it back, or begin anew with npm start -- --fresh, which throws away what you made in that n8n.`,
	);
}

/** As n8n wants it: with a capital letter and a digit. */
function newPassword() {
	return `A1-${randomBytes(12).toString('base64url')}`;
}

module.exports = { openDataFolder };
