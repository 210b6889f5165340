import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { version as coreVersion } from 'n8n-core/package.json';
import { defaultN8nVersion, oldN8nVersion, projectRoot } from '../../../../scripts/lib/paths';
import {
	areas,
	compare,
	countByArea,
	elsewhere,
	inReadme,
	readRecord,
	shown,
	sourceHash,
	tableOf,
	untested,
} from '../../../../scripts/lib/testedVersions';

const filesOf = (suite: string) =>
	readdirSync(path.join(projectRoot, 'test', suite))
		.filter((name) => name.endsWith('.test.ts'))
		.map((name) => name.replace('.test.ts', ''));

describe('the areas', () => {
	it('have each file of the suites in a real n8n, once', () => {
		const files = ['e2e', 'editor', 'queue'].flatMap(filesOf).sort();
		expect([...Object.values(areas).flat(), ...elsewhere].sort()).toEqual(files);
	});

	const report = (name: string, ...statuses: string[]) => ({
		testResults: [
			{ name, status: 'passed', assertionResults: statuses.map((status) => ({ status })) },
		],
	});

	it('are counted', () => {
		expect(countByArea(report('/test/e2e/agent.test.ts', 'passed', 'pending', 'failed'))).toEqual({
			'AI agents': { passed: 1, failed: 1, skipped: 1 },
		});
	});

	it('count a file that does not run as failed', () => {
		const [result] = report('/test/e2e/agent.test.ts').testResults;
		const broken = { testResults: result ? [{ ...result, status: 'failed' }] : [] };
		expect(countByArea(broken)['AI agents']?.failed).toBe(1);
	});

	it('take no file that nobody has thought of', () => {
		expect(() => countByArea(report('/test/e2e/other.test.ts', 'passed'))).toThrow(/no area/);
	});
});

it('the workflow suite runs on the n8n-core of the n8n that the other suites run', () => {
	const minorOf = (version: string) => version.split('.').slice(0, 2);
	expect(minorOf(coreVersion)).toEqual(minorOf(defaultN8nVersion));
});

it.each([
	['2.41.1', '2.41.0'],
	['2.10.0', '2.9.9'],
	['2.0.0', '1.123.81'],
])('%s is newer than %s', (newer, older) => {
	expect(compare(newer, older)).toBeGreaterThan(0);
	expect(compare(older, newer)).toBeLessThan(0);
	expect(compare(newer, newer)).toBe(0);
});

const count = { passed: 3, failed: 0, skipped: 0 };

it('the table says what was run, and of what some was skipped or failed', () => {
	const table = tableOf({
		'2.41.1': {
			Create: count,
			Trigger: { ...count, skipped: 1 },
			'AI agents': { ...count, failed: 2 },
			'Queue mode': { ...count, passed: 0, skipped: 4 },
		},
	});
	const [header, , row] = table.split('\n').map((line) => line.replace(/ \|$/, '').split(' | '));
	const of = (area: string) => row?.[header?.indexOf(area) ?? 0];
	expect(['Create', 'Trigger', 'AI agents', 'Queue mode', 'Editor'].map(of)).toEqual([
		'yes',
		'yes, but for 1 of 4',
		'2 of 5 fail',
		'no',
		'not run',
	]);
});

describe('the oldest version', () => {
	const all = (counts: object) =>
		Object.fromEntries(Object.keys(areas).map((name) => [name, { ...count, ...counts }]));
	const some = (counts: object) => ({
		Create: { ...count, ...counts },
		Trigger: { ...count, ...counts },
	});

	it.each([
		['is the only one', { '3.1.0': all({}) }, '3.1.0', '3.1.0'],
		['has nothing skipped', { '3.1.0': all({}), '3.0.0': all({ skipped: 1 }) }, '3.1.0', '3.0.0'],
		['has all areas run', { '3.1.0': all({}), '3.0.0': some({}) }, '3.1.0', '3.0.0'],
		[
			'has no newer one that fails',
			{ '3.2.0': all({}), '3.1.0': all({ failed: 1 }), '3.0.0': all({}) },
			'3.2.0',
			'3.2.0',
		],
		[
			'has something passed',
			{ '3.1.0': all({}), '3.0.0': some({ passed: 0, skipped: 9 }) },
			'3.1.0',
			'3.1.0',
		],
		[
			'lies beyond one of which other areas were run',
			{ '3.2.0': all({}), '3.1.0': { Editor: count }, '3.0.0': some({}) },
			'3.2.0',
			'3.0.0',
		],
	])('%s', (_what, tested, whole, usual) => {
		expect(shown(tested).split('\n').at(-1)).toBe(
			`Of these, everything works from n8n ${whole} on, Create and Trigger from ${usual} on.`,
		);
	});
});

it('there is the table alone where nothing works', () => {
	const tested = { '3.1.0': { Create: count } };
	expect(shown(tested)).toBe(tableOf(tested));
});

it('what was run with other code, or has failed, is not tested', () => {
	const source = sourceHash();
	expect(source).toMatch(/^[0-9a-f]{12}$/);
	const all = Object.fromEntries(Object.keys(areas).map((name) => [name, { ...count, source }]));
	expect(untested(all, source)).toEqual([]);
	expect(untested({ ...all, Create: count }, source)).toEqual(['Create']);
	expect(untested({ ...all, Editor: { ...count, source, failed: 1 } }, source)).toEqual(['Editor']);
	expect(untested(undefined, source)).toEqual(Object.keys(areas));
});

describe('README: the versions of n8n', () => {
	const read = (...names: string[]) => readFileSync(path.join(projectRoot, ...names), 'utf8');

	it('stand there as they were run', () => {
		expect(inReadme.exec(read('README.md'))?.[0]).toBe(shown(readRecord()));
	});

	it('have an older one that CI runs', () => {
		expect(read('.github', 'workflows', 'ci.yml')).toContain(`test:n8n -- ${oldN8nVersion}\n`);
	});

	it.each([defaultN8nVersion, oldN8nVersion])(
		'were run with all areas, where CI does: %s',
		(version) => {
			const tested = readRecord()[version] ?? {};
			expect(Object.keys(tested).sort()).toEqual(Object.keys(areas).sort());
			for (const { passed, failed } of Object.values(tested)) {
				expect(passed).toBeGreaterThan(0);
				expect(failed).toBe(0);
			}
		},
	);
});
