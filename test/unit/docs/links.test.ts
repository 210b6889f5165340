import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../../../scripts/lib/paths';

const read = (file: string) => readFileSync(path.join(projectRoot, file), 'utf8');
const packageJson = JSON.parse(read('package.json')) as {
	name: string;
	scripts: Record<string, string>;
};
const repository = `github.com/allomia/${packageJson.name}`;
const filesIn = (...folders: string[]) =>
	folders.flatMap((folder) =>
		readdirSync(path.join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
			path.posix.join(folder, name.replaceAll(path.sep, '/')),
		),
	);
const inFolder = (folder: string) =>
	readdirSync(path.join(projectRoot, folder))
		.filter((name) => name.endsWith('.md'))
		.map((name) => path.posix.join(folder, name));
const pages = [...inFolder('.'), ...inFolder('docs'), ...inFolder('examples')];

/** The anchors that GitHub gives to a page's headings. */
const anchorsOf = (page: string) =>
	[...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replace(/ /g, '-'),
	);

const linksOf = (page: string) =>
	[...read(page).matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
		([, link, picture]) => link ?? picture ?? '',
	);

describe.each(pages)('the links of %s', (page) => {
	const local = linksOf(page).filter((link) => !/^https?:/.test(link));

	it('lead to files and sections that there are', () => {
		for (const link of local) {
			const [file = '', anchor] = link.split('#');
			const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
			expect({ link, there: existsSync(path.join(projectRoot, target)) }).toEqual({
				link,
				there: true,
			});
			if (anchor === undefined) continue;
			expect(anchorsOf(target).filter((it) => it === anchor)).toEqual([anchor]);
		}
	});

	it('are by https', () => {
		expect(linksOf(page).filter((link) => link.startsWith('http:'))).toEqual([]);
	});
});

it('README links to its parts and to docs', () => {
	const links = linksOf('README.md');
	expect(links.some((link) => link.startsWith('#'))).toBe(true);
	expect(links.some((link) => link.startsWith('docs/'))).toBe(true);
});

/** What links here from elsewhere: n8n's panels, npm's page, GitHub's forms. */
const outside = [
	...filesIn('credentials', 'nodes', '.github').filter((file) => /\.(json|ts|yml)$/.test(file)),
	...['package.json', 'README.md', 'SECURITY.md'],
].filter((file) => read(file).includes(repository));

it('links come from n8n, npm and GitHub', () => {
	expect(outside).toEqual(
		expect.arrayContaining([
			'.github/ISSUE_TEMPLATE/config.yml',
			'credentials/AlloMiaApi.credentials.ts',
			'nodes/AlloMia/AlloMia.node.json',
			'nodes/AlloMiaTrigger/AlloMiaTrigger.node.json',
			'package.json',
			'SECURITY.md',
		]),
	);
});

it.each(outside)('%s links to pages that there are', (file) => {
	const { name } = packageJson;
	const known = ['', '.git', '/issues', '/security/advisories/new', '#readme'];
	const sections = anchorsOf('README.md').map((anchor) => `#${anchor}`);
	const links = [
		...read(file).matchAll(/github\.com\/allomia\/([\w-]+)([^\s"')]*?)(?=[.,]?[\s"')])/g),
	];
	expect(links).not.toHaveLength(0);
	for (const [, owned, rest = ''] of links) {
		expect(owned).toBe(name);
		expect([...known, ...sections]).toContain(rest);
	}
});

it.each(pages)('%s names scripts that there are', (page) => {
	for (const [, name = ''] of read(page).matchAll(/npm run ([a-z:0-9]+)/g)) {
		expect(Object.keys(packageJson.scripts)).toContain(name);
	}
});
