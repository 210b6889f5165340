const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { takeLock } = require('./lock');
const { UserError } = require('./run');

/** By this file a folder is known for one of ours: no other is ever written to, or deleted. */
const markName = 'n8n-nodes-allomia-demo.json';
const lockName = 'n8n-nodes-allomia-demo.lock';

/**
 * The folder of the demo's n8n, for as long as this process runs: { password, workflows, save(),
 * release() }, the workflows of the demo as their ids with their versions.
 * @param fresh whether to throw away what earlier starts left
 * @throws UserError where it is not ours, or another process uses it
 */
function openDataFolder(folder, { fresh }) {
	refuseForeign(folder);
	fs.mkdirSync(folder, { recursive: true });
	const file = path.join(folder, markName);
	const write = (mark, flag) =>
		fs.writeFileSync(file, `${JSON.stringify(mark, null, '\t')}\n`, { mode: 0o600, flag });
	if (!fs.existsSync(file)) write(newMark());
	const lock = path.join(folder, lockName);
	const release = takeLock(lock);
	if (!release) {
		throw new UserError(
			`The n8n in ${folder} is running already. End it (Ctrl-C where you started it), or give this one a folder of its own: npm start -- --data FOLDER --port P. If none is running, delete ${lock}.`,
		);
	}
	if (fresh) {
		for (const name of fs.readdirSync(folder).filter((it) => it !== lockName)) {
			fs.rmSync(path.join(folder, name), { recursive: true, force: true });
		}
	}
	const mark = readMark(file) ?? newMark();
	write(mark);
	return {
		...mark,
		release,
		save() {
			write({ password: this.password, workflows: this.workflows });
		},
	};
}

const newMark = () => ({ password: newPassword(), workflows: {} });

function refuseForeign(folder) {
	const [isFolder, names] = contents(folder);
	if (isFolder && (names.length === 0 || names.includes(markName))) return;
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

function readMark(file) {
	try {
		const { password, workflows } = JSON.parse(fs.readFileSync(file, 'utf8'));
		return typeof password === 'string' ? { password, workflows: Object(workflows) } : undefined;
	} catch {
		return undefined;
	}
}

/** As n8n wants it: with a capital letter and a digit. */
function newPassword() {
	return `A1-${randomBytes(12).toString('base64url')}`;
}

module.exports = { openDataFolder };
