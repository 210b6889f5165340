const fs = require('node:fs');
const path = require('node:path');

/** Debian's folder for PostgreSQL, which is not in the PATH and has one folder per version. */
const debianFolder = '/usr/lib/postgresql';

/** The executables of macOS apps. */
const appFolders = ['Chromium', 'Google Chrome'].map(
	(app) => `/Applications/${app}.app/Contents/MacOS`,
);

/** The programs that suites need beyond Node.js and n8n, each with alternative names. */
const needs = {
	editor: {
		programs: { Chromium: ['chromium', 'chromium-browser', 'google-chrome', 'Google Chrome'] },
		advice:
			'so the editor tests cannot run: apt-get install chromium (Debian), or install Google Chrome.',
	},
	queue: {
		programs: { PostgreSQL: ['initdb'], Redis: ['redis-server'] },
		advice:
			'so the queue mode tests cannot run. They start servers of their own; only the programs must be there: apt-get install postgresql redis-server (Debian, Ubuntu), or brew install postgresql redis (macOS).',
	},
};

/** The path of a program with one of the names, or undefined. */
function findProgram(...names) {
	const versions = fs.existsSync(debianFolder) ? fs.readdirSync(debianFolder).sort() : [];
	const folders = [
		...(process.env.PATH ?? '').split(path.delimiter),
		...versions.reverse().map((version) => path.join(debianFolder, version, 'bin')),
		...appFolders,
	];
	return folders
		.flatMap((folder) => names.map((name) => path.join(folder, name)))
		.find((file) => fs.existsSync(file));
}

/** The path of the browser for the editor tests, or undefined. */
function findBrowser() {
	return findProgram(...needs.editor.programs.Chromium);
}

/** The programs that a suite needs and that are not installed. */
function missingFor(suite) {
	const { programs } = needs[suite] ?? { programs: {} };
	return Object.keys(programs).filter((name) => findProgram(...programs[name]) === undefined);
}

/** What to do about the result of `missingFor`. */
function adviceFor(suite, missing) {
	return `${missing.join(' and ')} not found, ${needs[suite].advice}`;
}

module.exports = { adviceFor, findBrowser, findProgram, missingFor };
