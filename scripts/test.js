const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, inGroup, minute, npm, npmCommand, run, say } = require('./lib/run');
const { gulpFile, projectRoot } = require('./lib/paths');
const { adviceFor, missingFor } = require('./lib/services');
const { buildAndPack, ensureDependencies, ensureN8n, ensureVerdaccio } = require('./lib/setup');
const { readArguments } = require('./lib/testArguments');
const tested = require('./lib/testedVersions');

/**
 * The runs in order, fast failures first: the suites that run together, their time limit, and how many of their files
 * run at a time (those in a real n8n mostly wait; more at a time would miss their limits on two slow cores).
 */
const runs = [
	{ names: ['unit', 'workflow'], limit: 45 * minute, workers: 2 },
	{
		names: ['e2e', 'editor', 'queue'],
		limit: 70 * minute,
		workers: os.cpus().length > 2 ? 4 : 2,
		inN8n: true,
	},
];
const suites = runs.flatMap(({ names }) => names);
const suitesInN8n = runs.filter(({ inN8n }) => inN8n).flatMap(({ names }) => names);

/** The folder for everything that the tests write: n8n's data, packages, reports. */
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-test-'));
// The queue suite's PostgreSQL may run as another user, who needs access to its folder.
fs.chmodSync(scratch, 0o755);
/** jest's reports of the finished suites. */
const reports = [];

process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));

/**
 * npm test [-- suite …] [-- --grep text]: runs all suites, or the given ones.
 * npm run test:n8n -- version [suite …] [--area name …] [--record]: runs the suites in a real n8n of a version, or
 * those of some areas; with --record, the results are written to docs/testedVersions.json.
 * The last line has the total; any failure makes the exit code 1.
 */
cli(async () => {
	const { chosen, grep, wanted, record, files } = readArguments(process.argv.slice(2), {
		suites,
		suitesInN8n,
	});
	const version = wanted === 'latest' ? await newestN8n() : wanted;
	const all = chosen.length === suites.length;
	const isInN8n = chosen.some((name) => suitesInN8n.includes(name));
	const isComplete = (name) => chosen.includes(name) && missingFor(name).length === 0;
	const [n8n, verdaccio] = await Promise.all([
		isInN8n ? ensureN8n(version) : undefined,
		isComplete('editor') ? ensureVerdaccio() : undefined,
		ensureDependencies(),
	]);
	const total = { passed: 0, failed: 0, skipped: 0 };

	const script = async (label, file, args, options) =>
		await run(process.execPath, [file, ...args], {
			cwd: projectRoot,
			label,
			env: { ...process.env, [inGroup]: '1' },
			...options,
		});
	/** Counts a script as a test. */
	const count = async (running) => {
		try {
			await running;
			total.passed += 1;
			return true;
		} catch (error) {
			say(error.message);
			total.failed += 1;
			return false;
		}
	};

	say('\n> build');
	const build = async () =>
		await count(script('build', gulpFile(), [all ? 'build' : 'compile', '--silent']));
	const source = tested.sourceHash();
	const tarball = await buildAndPack(build, path.join(scratch, 'package'));
	// In parallel with the tests; its findings are shown after them.
	const quietly = { quiet: true, lines: Infinity, limit: 30 * minute };
	const linting = all ? script('lint', path.join(__dirname, 'lint.js'), [], quietly) : undefined;
	linting?.catch(() => undefined);
	if (tarball) {
		for (const { names, ...settings } of runs) {
			const some = names.filter((name) => chosen.includes(name));
			const options = {
				...settings,
				grep,
				n8n,
				verdaccio,
				tarball,
				source,
				version,
				record,
				files,
			};
			if (some.length > 0) add(total, await runSuites(some, options));
		}
	}

	sayTheSlowest(10);
	if (linting) {
		say('\n> lint');
		await count(linting);
	}
	process.exitCode = total.failed > 0 ? 1 : 0;
	const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
	say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
});

/** The totals of all suites. */
function sayTheSlowest(count) {
	const tests = reports
		.flatMap(({ testResults }) => testResults)
		.flatMap(({ name, assertionResults }) =>
			assertionResults.map(({ duration, fullName }) => ({
				seconds: duration / 1_000,
				name: `${path.basename(name, '.test.ts')}: ${fullName}`,
			})),
		)
		// Skipped tests took no time.
		.filter(({ seconds }) => seconds > 0)
		.sort((a, b) => b.seconds - a.seconds)
		.slice(0, count);
	if (tests.length > 0) say('\nThe slowest tests:');
	for (const { seconds, name } of tests) say(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
}

async function newestN8n() {
	const version = await npm(['view', 'n8n', 'version'], { label: 'Asking for the newest n8n' });
	return version.trim();
}

/**
 * Runs jest projects with n8n's Node.js, and counts their tests. If something that a suite needs beyond n8n is missing,
 * its tests are skipped, but not in CI (CI is set), nor with --record.
 */
async function runSuites(wanted, options) {
	const total = { passed: 0, failed: 0, skipped: 0 };
	const names = wanted.filter((name) => {
		const missing = missingFor(name);
		if (missing.length === 0) return true;
		say(`\n${adviceFor(name, missing)}`);
		const isRequired = process.env.CI || options.record;
		if (isRequired) total.failed += 1;
		return !isRequired;
	});
	if (names.length > 0) add(total, await runJest(names, options));
	return total;
}

async function runJest(names, options) {
	const { limit, workers, grep, n8n, verdaccio, tarball, source, version, record, files } = options;
	const name = names.join(', ');
	say(`\n> ${name} tests`);
	const report = path.join(scratch, `${names[0]}.json`);
	try {
		await run(
			n8n?.node.bin ?? process.execPath,
			[
				path.join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'),
				'--selectProjects',
				...names,
				'--json',
				`--outputFile=${report}`,
				'--testLocationInResults',
				...(workers ? [`--maxWorkers=${workers}`] : []),
				...(grep ? ['-t', grep] : []),
				...(files.length > 0 ? [`--testPathPatterns=/(${files.join('|')})\\.test`] : []),
				...(version ? [`--testPathIgnorePatterns=/(${tested.elsewhere.join('|')})\\.test`] : []),
			],
			{
				cwd: projectRoot,
				label: `The ${name} tests`,
				limit,
				env: {
					...process.env,
					...(n8n ? { ALLOMIA_N8N: JSON.stringify(n8n) } : {}),
					...(verdaccio ? { ALLOMIA_VERDACCIO: verdaccio } : {}),
					ALLOMIA_TARBALL: tarball,
					TMPDIR: scratch,
					...(n8n ? { NODE_COMPILE_CACHE: compiledCode(n8n.home) } : {}),
					// The Node.js that runs the tests may have no npm beside it.
					npm_execpath: npmCommand()[1],
					// n8n's editor shows dates in the instance's time zone, on which tests must not depend.
					TZ: 'America/Toronto',
				},
			},
		);
	} catch (error) {
		say(error.message);
		// A run that was killed has not passed, whatever its report says.
		if (!fs.existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
		if (record) tested.record(version, readReport(report), source);
		const counted = countTests(report, grep !== undefined);
		return { ...counted, failed: Math.max(counted.failed, 1) };
	}
	if (record) tested.record(version, readReport(report), source);
	return countTests(report, grep !== undefined);
}

/** Node's compile cache for n8n, which starts a third faster with it. */
function compiledCode(home) {
	const folder = path.join(home, 'compiled');
	try {
		// n8n has some 10,000 files of 5 kB; each run adds those of the package, with unique names.
		const count = fs.readdirSync(folder, { recursive: true }).length;
		if (count > 50_000) fs.rmSync(folder, { recursive: true });
	} catch {
		// It does not exist, or another run is writing to it: Node.js uses what it finds.
	}
	return folder;
}

function readReport(file) {
	return JSON.parse(fs.readFileSync(file, 'utf8'));
}

function countTests(report, isFiltered) {
	const result = readReport(report);
	reports.push(result);
	const broken = result.numRuntimeErrorTestSuites;
	// With --grep, jest counts the others as pending.
	const ran = result.numPassedTests + result.numFailedTests + broken;
	const none = ran === 0 && (isFiltered || result.numTotalTests === 0) ? 1 : 0;
	return {
		passed: result.numPassedTests,
		failed: result.numFailedTests + broken + none,
		skipped: result.numPendingTests + result.numTodoTests,
	};
}

function add(total, { passed, failed, skipped }) {
	total.passed += passed;
	total.failed += failed;
	total.skipped += skipped;
}
