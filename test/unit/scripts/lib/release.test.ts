import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { installTests, recordFaults, releaseFaults } from '../../../../scripts/lib/release';
import { projectRoot } from '../../../../scripts/lib/paths';

type Files = Parameters<typeof releaseFaults>[0];

const changelog = (version: string, unreleased = '') =>
	`# Changelog\n\n## [Unreleased]\n\n${unreleased}## [${version}] - 2026-11-28\n\n### Added\n\n- All of it.\n\n## [0.1.0] - 2026-10-01\n\n- Something.\n`;

const good: Files = {
	manifest: { version: '0.2.0' },
	lock: { version: '0.2.0', packages: { '': { version: '0.2.0' } } },
	changelog: changelog('0.2.0'),
	tag: 'v0.2.0',
};

it('lets through what agrees, with a tag or before there is one', () => {
	expect(releaseFaults(good)).toEqual([]);
	expect(releaseFaults({ ...good, tag: undefined })).toEqual([]);
});

it.each<[string, Partial<Files>, RegExp]>([
	['the tag is another', { tag: 'v0.2.1' }, /^The tag is v0\.2\.1/],
	['the tag is empty', { tag: '' }, /^The tag is ,/],
	['the tag has no v', { tag: '0.2.0' }, /tag v0\.2\.0/],
	['the lock file is older', { lock: { version: '0.1.0' } }, /^package-lock/],
	[
		'the changelog does not know it',
		{ changelog: changelog('0.1.9') },
		/newest version is 0\.1\.9/,
	],
	['the changelog knows no version', { changelog: '# Changelog\n' }, /none with a date/],
	['the changelog has no date', { changelog: '## [0.2.0]\n\n- All of it.\n' }, /none with a date/],
	[
		'the changelog says nothing of it',
		{ changelog: '## [0.2.0] - 2026-11-28\n\n## [0.1.0] - 2026-10-01\n\n- Something.\n' },
		/says nothing of 0\.2\.0/,
	],
	[
		'there is something under Unreleased',
		{ changelog: changelog('0.2.0', '- More.\n\n') },
		/under \[Unreleased\]/,
	],
	[
		'the changelog has a day that there is not',
		{ changelog: changelog('0.2.0').replace('2026-11-28', '2026-02-31') },
		/2026-02-31 is no date/,
	],
	[
		'the lock file is of two minds',
		{ lock: { version: '0.2.0', packages: { '': { version: '0.1.0' } } } },
		/^package-lock/,
	],
	['it is a preliminary version', { manifest: { version: '0.2.0-rc.1' } }, /is no version/],
])('says so where %s', (_, change, says) => {
	const faults = releaseFaults({ ...good, ...change });
	expect(faults.some((fault) => says.test(fault))).toBe(true);
});

it('says on which n8n the code was not tested', () => {
	const [fault, ...others] = recordFaults({ '2.41.1': [], '1.123.81': ['Create', 'Queue mode'] });
	expect(fault).toMatch(/^docs\/testedVersions\.json.*n8n 1\.123\.81.*: Create; Queue mode\./);
	expect(others).toEqual([]);
});

it.each(installTests)('the check of a release runs the test that %s', (name) => {
	const folder = path.join(projectRoot, 'test/e2e');
	const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
	const text = files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('');
	expect(text.split(`it('${name}`)).toHaveLength(2);
});

describe('the workflows', () => {
	const folder = path.join(projectRoot, '.github/workflows');
	const all = readdirSync(folder).map((name) => ({
		name,
		text: readFileSync(path.join(folder, name), 'utf8'),
	}));

	it.each(all)('$name takes each action by its commit', ({ text }) => {
		const used = text.match(/uses: .*/g) ?? [];
		expect(used).not.toEqual([]);
		for (const it of used) expect(it).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
	});

	it.each(all)(
		'$name leaves no token behind, and reads only but for one thing',
		({ name, text }) => {
			const checkouts = text.match(/uses: actions\/checkout@/g) ?? [];
			expect(text.match(/persist-credentials: false/g)).toHaveLength(checkouts.length);
			expect(text).toContain('\npermissions:\n  contents: read\n');
			const may: Record<string, string[]> = {
				'codeql.yml': ['security-events: write'],
				'publish.yml': ['id-token: write'],
			};
			expect(text.match(/\S+: write\b.*/g) ?? []).toEqual(may[name] ?? []);
		},
	);

	it('publish from a tag, with provenance, what CI has passed', () => {
		const { text = '' } = all.find(({ name }) => name === 'publish.yml') ?? {};
		expect(text).toMatch(/^on:\n {2}push:\n {4}tags: \['v\*'\]$/m);
		expect(text).toMatch(
			/gh run list --workflow ci\.yml .*--commit "\$GITHUB_SHA" --status success/,
		);
		expect(text).toContain('npm run release:check -- --tag "$GITHUB_REF_NAME"');
		expect(text).toMatch(/npm publish .*--provenance/);
	});

	it('run the newest n8n once a week', () => {
		const { text = '' } = all.find(({ name }) => name === 'newest-n8n.yml') ?? {};
		expect(text).toMatch(/cron: '\d+ \d+ \* \* \d'/);
		expect(text).toContain('run test:n8n -- latest');
	});
});
