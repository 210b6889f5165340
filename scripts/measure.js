const { execFile } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { closedSettings, freePort, installPackage, Session, startProcess } = require('./lib/n8n');
const { gulpFile, projectRoot } = require('./lib/paths');
const { cli, npm, run, say } = require('./lib/run');
const { ensureDependencies, ensureN8n } = require('./lib/setup');
const workflows = require('./lib/workflows');

const loads = 20;
const callbacks = 50;

/** What was started, to be ended in reverse order. */
const started = [];

/** npm run measure: the figures of the README, as a Markdown table. */
cli(async () => {
	process.once('SIGINT', () => stopAll().then(() => process.exit(130)));
	process.once('SIGTERM', () => stopAll().then(() => process.exit(143)));
	try {
		await main();
	} finally {
		await stopAll();
	}
});

async function main() {
	await ensureDependencies();
	const n8n = await ensureN8n();
	await run(process.execPath, [gulpFile(), 'build', '--silent'], {
		cwd: projectRoot,
		label: 'The build',
	});
	const folder = temporaryFolder('allomia-measure-');
	const pack = await packInto(folder);
	const load = await measureLoading(n8n);
	const { answered, begun } = await measureCallbacks(n8n, folder, pack.tarball);

	const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
	const ms = (times) => `${median(times).toFixed(1)} ms`;
	const rows = [
		['Size of the package, packed', kb(pack.size), '`npm pack`'],
		['Size of the package, unpacked', kb(pack.unpackedSize), `${pack.files} files`],
		['Loading both nodes', ms(load), `median of ${loads} fresh processes`],
		['From a callback to its answer', ms(answered), `median of ${callbacks}`],
		['From a callback to the start of the workflow', ms(begun), `median of ${callbacks}`],
	];
	const node = await askNode(n8n, 'console.log(JSON.stringify(process.versions.node))');
	say(`
| What | Figure | How |
| --- | --- | --- |
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

n8n ${n8n.version} (SQLite, one process) on Node ${node}; ${os.type()}, ${os.cpus().length} × ${cpuName()}.`);
}

/** npm's own word on the sizes. */
async function packInto(folder) {
	const text = await npm(['pack', '--json', '--pack-destination', folder, '--loglevel=error'], {
		cwd: projectRoot,
		label: 'npm pack',
	});
	const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(text);
	return { tarball: path.join(folder, filename), size, unpackedSize, files: entryCount };
}

/** How long a fresh process takes to load both nodes, in ms. n8n has loaded n8n-workflow by then. */
async function measureLoading(n8n) {
	const { nodes } = require('../package.json').n8n;
	const files = nodes.map((file) => path.join(projectRoot, file));
	const script = `
		require('n8n-workflow');
		const start = performance.now();
		for (const file of ${JSON.stringify(files)}) require(file);
		console.log(JSON.stringify(performance.now() - start));`;
	const times = [];
	for (let round = 0; round < loads; round += 1) times.push(await askNode(n8n, script));
	return times;
}

/** What a script prints as JSON, run by the Node that n8n runs on. */
async function askNode(n8n, script) {
	const { stdout } = await promisify(execFile)(n8n.node.bin, ['-e', script], { cwd: projectRoot });
	return JSON.parse(stdout);
}

/**
 * A real n8n with a trigger that asks nobody: ms from sending a callback to its answer, and to the
 * start of the execution as n8n notes it. Both clocks are this machine's.
 */
async function measureCallbacks(n8n, folder, tarball) {
	const userFolder = path.join(folder, 'n8n');
	await installPackage(userFolder, tarball);
	const [port, brokerPort] = [await freePort(), await freePort()];
	const base = `http://127.0.0.1:${port}`;
	const editor = await startProcess({
		n8n,
		env: closedSettings({ userFolder, port, brokerPort }),
		readyUrl: `${base}/healthz/readiness`,
	});
	started.push(() => editor.stop());
	const session = new Session(base);
	await session.signIn();
	const webhookId = randomUUID();
	const { id } = await workflows.createWorkflow(session, triggerWorkflow(webhookId));
	await workflows.activate(session, id);
	const url = `${base}/webhook/${webhookId}/webhook`;
	await workflows.until('the trigger to be registered', async () => {
		const { status } = await post(url, {});
		return status !== 404;
	});

	const answered = [];
	const begun = [];
	const known = new Set();
	for (let round = -5; round < callbacks; round += 1) {
		const sent = Date.now();
		const { status, ms } = await post(url, outcome());
		if (status !== 200) throw new Error(`The trigger answered with ${status}`);
		const execution = await workflows.until('the execution', async () => {
			const all = await workflows.listExecutions(session, id);
			return all.find((it) => !known.has(it.id) && it.status === 'success');
		});
		known.add(execution.id);
		// The first few warm n8n up.
		if (round < 0) continue;
		answered.push(ms);
		begun.push(Date.parse(execution.startedAt) - sent);
	}
	return { answered, begun };
}

function triggerWorkflow(webhookId) {
	return {
		name: 'Measurement',
		nodes: [
			{
				id: randomUUID(),
				name: 'AlloMia Trigger',
				type: 'n8n-nodes-allomia.alloMiaTrigger',
				typeVersion: 1,
				position: [0, 0],
				webhookId,
				parameters: { verification: 'none' },
			},
			{
				id: randomUUID(),
				name: 'Outcome',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [240, 0],
				parameters: {},
			},
		],
		connections: { 'AlloMia Trigger': { main: [[{ node: 'Outcome', type: 'main', index: 0 }]] } },
	};
}

/** One outcome of its own, so that none is a duplicate. */
function outcome() {
	return {
		outboundCallId: randomUUID(),
		contactId: randomUUID(),
		status: 'completed',
		callDetails: {
			startedAt: '2026-04-01T10:00:05Z',
			endedAt: '2026-04-01T10:02:05Z',
			duration: 120,
			endedReason: 'customer-ended-call',
		},
	};
}

async function post(url, body) {
	const start = performance.now();
	const response = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	await response.text();
	return { status: response.status, ms: performance.now() - start };
}

function median(values) {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function cpuName() {
	return os.cpus()[0]?.model.trim() || process.arch;
}

function temporaryFolder(prefix) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
	started.push(() => fs.rmSync(folder, { recursive: true, force: true }));
	return folder;
}

async function stopAll() {
	for (const stop of started.splice(0).reverse()) await stop();
}
