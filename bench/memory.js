const fs = require('node:fs');
const path = require('node:path');
const { until } = require('../scripts/lib/workflows');

/** Settings of an n8n whose memory is measured. */
const measurable = (file) => ({
	NODE_OPTIONS: `--require ${JSON.stringify(path.join(__dirname, '..', 'test', 'collectGarbage.js'))}`,
	ALLOMIA_MEMORY: file,
});

/** What n8n's process holds once its garbage is collected, in MB. */
async function memoryOf(pid, file) {
	fs.rmSync(file, { force: true });
	process.kill(pid, 'SIGUSR2');
	return await until('n8n to collect its garbage', () => {
		try {
			return JSON.parse(fs.readFileSync(file, 'utf8')).megabytes;
		} catch {
			// It is not written yet, or being written.
			return undefined;
		}
	});
}

module.exports = { measurable, memoryOf };
