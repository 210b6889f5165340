import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { defaultN8nVersion } from '../../scripts/lib/paths';
import {
	areas,
	compare,
	countByArea,
	elsewhere,
	readRecord,
	tableOf,
} from '../../scripts/lib/testedVersions';

const root = path.resolve(__dirname, '..', '..');
const read = (...file: string[]) => readFileSync(path.join(root, ...file), 'utf8');
const filesOf = (suite: string) =>
	readdirSync(path.join(root, 'test', suite))
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

it.each([
	['2.41.1', '2.41.0'],
	['2.10.0', '2.9.9'],
	['2.0.0', '1.123.81'],
])('%s is newer than %s', (newer, older) => {
	expect(compare(newer, older)).toBeGreaterThan(0);
	expect(compare(older, newer)).toBeLessThan(0);
	expect(compare(newer, newer)).toBe(0);
});

describe('README: the versions of n8n', () => {
	const tested = readRecord();

	it('stand in the table as they were run', () => {
		const [, table] = /<!-- versions -->\n\n([^]*?)\n\n/.exec(read('README.md')) ?? [];
		expect(table).toBe(tableOf(tested));
	});

	it('are the newest that installs, and the newest 1.x that CI runs', () => {
		const [, old = ''] = /test:n8n -- (1\.[\d.]+)/.exec(read('.github/workflows/ci.yml')) ?? [];
		for (const version of [defaultN8nVersion, old]) {
			expect(Object.values(tested[version]?.areas ?? {})).toHaveLength(Object.keys(areas).length);
			expect(Object.values(tested[version]?.areas ?? {}).every(({ failed }) => failed === 0)).toBe(
				true,
			);
		}
	});
});
