const fs = require('node:fs');
const path = require('node:path');

/** Debian keeps PostgreSQL's programs off the PATH, one folder per version. */
const debianFolder = '/usr/lib/postgresql';

/** Where a program is, or undefined. */
function findProgram(name) {
	const versions = fs.existsSync(debianFolder) ? fs.readdirSync(debianFolder).sort() : [];
	const folders = [
		...(process.env.PATH ?? '').split(path.delimiter),
		...versions.reverse().map((version) => path.join(debianFolder, version, 'bin')),
	];
	return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** Which of the two services that n8n's queue mode needs are not installed. */
function missingServices() {
	const programs = { PostgreSQL: 'initdb', Redis: 'redis-server' };
	return Object.keys(programs).filter((service) => findProgram(programs[service]) === undefined);
}

function servicesAdvice(missing) {
	return `${missing.join(' and ')} not found, so the queue mode tests cannot run. They start servers of their own; only the programs must be there: apt-get install postgresql redis-server (Debian, Ubuntu), or brew install postgresql redis (macOS).`;
}

module.exports = { findProgram, missingServices, servicesAdvice };
