/**
 * Loaded into n8n's process: SIGUSR2 makes it begin a profile of its CPU time, and the next one end it, and write it into
 * the file that `ALLOMIA_PROFILE` names.
 */
const fs = require('node:fs');
const { Session } = require('node:inspector');

const session = new Session();
session.connect();
let isRunning = false;

process.on('SIGUSR2', () => {
	if (!isRunning) {
		session.post('Profiler.enable');
		session.post('Profiler.start');
	} else {
		session.post('Profiler.stop', (_error, { profile }) => {
			const { ALLOMIA_PROFILE: file } = process.env;
			fs.writeFileSync(`${file}.part`, JSON.stringify(profile));
			// Whole, once it is there.
			fs.renameSync(`${file}.part`, file);
		});
	}
	isRunning = !isRunning;
});
