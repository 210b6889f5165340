const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, run, say, UserError } = require('./lib/run');
const { closedSettings, freePort, installPackage, Session, startProcess } = require('./lib/n8n');
const { gulpFile, projectRoot } = require('./lib/paths');
const { buildAndPack, ensureDependencies, ensureN8n } = require('./lib/setup');
const { startSimulatorProcess } = require('./lib/simulatorProcess');

const { isHeld, toLine, toTable } = require('../bench/measure');

const names = [
	'weight',
	'dispatch',
	'growth',
	'profile',
	'ledger',
	'callingHours',
	'maxCallsAtOnce',
	'events',
	'attacks',
	'waiting',
	'burst',
	'capacity',
];

/** Longer than any measurement, so that the calls stay in progress. */
const pace = 3_600_000;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-bench-'));
const started = [];

/** The page with the figures: each table stands behind a comment with the benchmark's name. */
const page = path.join(projectRoot, 'docs', 'benchmarks.md');

/** npm run bench [-- name … --docs]: measures the package in a real n8n, as ratios to a peer, and writes it down if asked to. */
cli(async () => {
	const { chosen, writesDocs } = readArguments(process.argv.slice(2));
	await ensureDependencies();
	const n8n = await ensureN8n();
	const build = async () => {
		await run(process.execPath, [gulpFile(), 'compile', '--silent'], {
			cwd: projectRoot,
			label: 'build',
		});
		return true;
	};
	const tarball = await buildAndPack(build, path.join(scratch, 'package'));
	await installPackage(scratch, tarball);
	// For what is shared with the tests.
	Object.assign(process.env, { ALLOMIA_N8N: JSON.stringify(n8n), ALLOMIA_TARBALL: tarball });
	const installed = path.join(scratch, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-allomia');
	const bench = {
		n8n,
		installed,
		folder: scratch,
		start: (settings) => start(n8n, settings),
		/** What is to be stopped after the benchmark, for what it starts itself. */
		started,
	};

	let [missed, unknown] = [0, 0];
	for (const name of chosen) {
		say(`\n> ${name}`);
		const figures = await require(`../bench/${name}`)[name](bench);
		if (writesDocs) writeDown(name, figures);
		for (const figure of figures) {
			say(toLine(figure));
			if (!isHeld(figure)) missed += 1;
			if (figure.value === undefined) unknown += 1;
		}
		await stopStarted();
	}
	if (unknown > 0) say(`\n${unknown} figures could not be measured here.`);
	say(`\n${missed === 0 ? 'Every limit was held.' : `${missed} limits were missed.`}`);
	process.exitCode = missed === 0 ? 0 : 1;
}, stop);

async function stopStarted() {
	for (const { stop: end } of started.splice(0)) await end();
}

async function stop() {
	await stopStarted();
	fs.rmSync(scratch, { recursive: true, force: true });
}

function readArguments(args) {
	const asked = args.filter((it) => it !== '--docs');
	const unknown = asked.find((name) => !names.includes(name));
	if (unknown !== undefined) {
		throw new UserError(`"${unknown}" is no benchmark. There are ${names.join(', ')}.`);
	}
	return {
		chosen: asked.length > 0 ? names.filter((it) => asked.includes(it)) : names,
		writesDocs: args.includes('--docs'),
	};
}

/** Puts a benchmark's figures in the place of its table on the page. */
function writeDown(name, figures) {
	const text = fs.readFileSync(page, 'utf8');
	const place = new RegExp(`(<!-- bench: ${name} -->\\n)(\\|.*\\n)*`);
	if (!place.test(text)) throw new UserError(`${page} has no place for ${name}.`);
	fs.writeFileSync(
		page,
		text.replace(place, (_, mark) => `${mark}${toTable(figures)}\n`),
	);
}

/** Starts an n8n and a simulator, in processes of their own, for this machine only. */
async function start(n8n, settings = {}) {
	const simulator = await startSimulatorProcess({ pace });
	started.push(simulator);
	const [port, brokerPort] = [await freePort(), await freePort()];
	const baseUrl = `http://127.0.0.1:${port}`;
	const userFolder = fs.mkdtempSync(path.join(scratch, 'n8n-'));
	fs.cpSync(path.join(scratch, '.n8n', 'nodes'), path.join(userFolder, '.n8n', 'nodes'), {
		recursive: true,
	});
	const process = await startProcess({
		n8n,
		env: {
			...closedSettings({ userFolder, port, brokerPort }),
			WEBHOOK_URL: `${baseUrl}/`,
			...settings,
		},
		readyUrl: `${baseUrl}/healthz/readiness`,
	});
	started.push(process);
	const session = new Session(baseUrl);
	await session.signIn();
	return {
		session,
		baseUrl,
		pid: process.child.pid,
		simulator,
		stop: stopStarted,
	};
}
