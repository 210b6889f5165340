const { spawn } = require('node:child_process');
const path = require('node:path');
const { freePort } = require('./n8n');
const { projectRoot } = require('./paths');
const { UserError } = require('./run');

/** The simulator's initial data: keys, an organization, its assistant and number. */
const known = {
	apiKey: 'sim-organization-key',
	tenantKey: 'sim-tenant-key',
	organizationId: '20000000-0000-4000-8000-000000000001',
	assistantId: 'a1b2c3d4-e5f6-7890-abcd-123456789012',
	phoneNumberId: 'b2c3d4e5-f6a7-8901-bcde-234567890123',
};

/**
 * Starts the AlloMia simulator in a process of its own:
 * { baseUrl, apiKey, tenantKey, organizationId, assistantId, phoneNumberId, stop() }.
 */
async function startSimulatorProcess({ pace }) {
	const port = await freePort();
	const child = spawn(
		process.execPath,
		[
			'--import',
			'tsx',
			path.join(projectRoot, 'test', 'simulator', 'cli.ts'),
			'--port',
			String(port),
			'--pace',
			String(pace),
		],
		// When the channel closes, the simulator ends, however this process ended.
		{ cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
	);
	let output = '';
	const ended = new Promise((resolve) => child.once('exit', resolve));
	const kill = () => child.kill('SIGKILL');
	process.once('exit', kill);
	child.once('exit', () => process.off('exit', kill));
	const stop = async () => {
		if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
		await ended;
	};
	const baseUrl = `http://127.0.0.1:${port}/api`;
	try {
		await new Promise((resolve, reject) => {
			const fail = () => reject(new UserError(`The simulator did not start:\n${output}`));
			const deadline = setTimeout(fail, 60_000);
			const look = (chunk) => {
				output += chunk;
				if (!output.includes(baseUrl)) return;
				clearTimeout(deadline);
				resolve();
			};
			child.stdout.on('data', look);
			child.stderr.on('data', look);
			child.once('exit', fail);
		});
	} catch (error) {
		await stop();
		throw error;
	}
	return { ...known, baseUrl, stop };
}

module.exports = { startSimulatorProcess };
