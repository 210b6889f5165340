const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { answers } = require('./lib/n8n');
const { cli, run, npm, say, UserError } = require('./lib/run');
const { gulpFile, projectRoot } = require('./lib/paths');
const { ensureDependencies, ensureN8n } = require('./lib/setup');

/** The suites in the order in which they run: what fails fast comes first. */
const suites = ['unit', 'workflow', 'e2e', 'queue'];

/**
 * npm test [-- suite …] [-- --grep text]: everything, or the suites named. The last line counts all
 * of it; anything that fails makes the exit code 1.
 */
cli(async () => {
	const args = process.argv.slice(2);
	const grep = args.includes('--grep') ? args.splice(args.indexOf('--grep'), 2)[1] : undefined;
	const chosen = args.length > 0 ? suites.filter((name) => args.includes(name)) : suites;
	const all = chosen.length === suites.length;
	await ensureDependencies();
	const n8n = await ensureN8n();
	const missing = chosen.includes('queue') ? await missingServices() : [];
	const total = { passed: 0, failed: 0, skipped: 0 };

	const check = async (label, script, scriptArgs) => {
		say(`\n> ${label}`);
		try {
			await run(process.execPath, [script, ...scriptArgs], { cwd: projectRoot, label });
			total.passed += 1;
			return true;
		} catch (error) {
			say(error.message);
			total.failed += 1;
			return false;
		}
	};

	if (all) await check('lint', path.join(__dirname, 'lint.js'), []);
	const built = await check('build', gulpFile(), [all ? 'build' : 'compile', '--silent']);
	if (built) {
		const packed = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-pack-'));
		try {
			await npm(['pack', '--pack-destination', packed, '--loglevel=error'], {
				cwd: projectRoot,
				label: 'npm pack',
			});
			const tarball = path.join(packed, fs.readdirSync(packed)[0]);
			for (const name of chosen)
				add(total, await runSuite(name, { grep, n8n, tarball, packed, missing }));
		} finally {
			fs.rmSync(packed, { recursive: true, force: true });
		}
	}

	process.exitCode = total.failed > 0 ? 1 : 0;
	const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
	say(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
});

/**
 * Which services the queue suite lacks. On a build server (CI is set) that is a failure; elsewhere
 * its tests are skipped, with this reason.
 */
async function missingServices() {
	const wanted = [
		['PostgreSQL', process.env.PGHOST ?? '127.0.0.1', Number(process.env.PGPORT ?? 5432)],
		['Redis', process.env.REDIS_HOST ?? '127.0.0.1', Number(process.env.REDIS_PORT ?? 6379)],
	];
	const missing = [];
	for (const [name, host, port] of wanted) {
		if (!(await answers(host, port))) missing.push(name);
	}
	if (missing.length === 0) return missing;
	const advice = `${missing.join(' and ')} not found. For the queue mode tests, start them, for example: docker run -d -p 5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust postgres:16 and docker run -d -p 6379:6379 redis:7`;
	if (process.env.CI) throw new UserError(advice);
	say(`\n${advice}\nThe queue mode tests are skipped.`);
	return missing;
}

/** Runs one jest project with n8n's own Node, and counts its tests. */
async function runSuite(name, { grep, n8n, tarball, packed, missing }) {
	say(`\n> ${name} tests`);
	const report = path.join(packed, `${name}.json`);
	try {
		await run(
			n8n.node.bin,
			[
				path.join(projectRoot, 'node_modules', 'jest', 'bin', 'jest.js'),
				'--selectProjects',
				name,
				'--json',
				`--outputFile=${report}`,
				'--testLocationInResults',
				...(name === 'unit' ? [] : ['--runInBand']),
				...(grep ? ['-t', grep] : []),
			],
			{
				cwd: projectRoot,
				label: `The ${name} tests`,
				env: {
					...process.env,
					ALLOMIA_N8N: JSON.stringify(n8n),
					ALLOMIA_TARBALL: tarball,
					ALLOMIA_MISSING_SERVICES: JSON.stringify(missing),
					// n8n's editor shows dates in the zone of the instance: tests must not depend on it.
					TZ: 'America/Toronto',
				},
			},
		);
	} catch (error) {
		say(error.message);
	}
	if (!fs.existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
	const result = JSON.parse(fs.readFileSync(report, 'utf8'));
	const broken = result.numRuntimeErrorTestSuites;
	const none = result.numTotalTests === 0 && broken === 0 ? 1 : 0;
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
