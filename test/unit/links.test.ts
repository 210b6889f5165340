import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '..', '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const inFolder = (folder: string) =>
	readdirSync(path.join(root, folder))
		.filter((name) => name.endsWith('.md'))
		.map((name) => path.posix.join(folder, name));
const pages = [...inFolder('.'), ...inFolder('docs')];

/** The anchors that GitHub gives to a page's headings. */
const anchorsOf = (page: string) =>
	[...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replace(/ /g, '-'),
	);

const linksOf = (page: string) =>
	[...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);

describe.each(pages)('the links of %s', (page) => {
	const local = linksOf(page).filter((link) => !/^https?:/.test(link));

	it('lead to files and sections that there are', () => {
		for (const link of local) {
			const [file = '', anchor] = link.split('#');
			const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
			expect({ link, there: existsSync(path.join(root, target)) }).toEqual({ link, there: true });
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

it.each(['credential', 'trigger'])(
	'README has the section %s, to which n8n’s panels link',
	(name) => {
		expect(anchorsOf('README.md').filter((it) => it === name)).toEqual([name]);
	},
);

it.each(pages)('%s names scripts that there are', (page) => {
	const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
	for (const [, name = ''] of read(page).matchAll(/npm run ([a-z:0-9]+)/g)) {
		expect(Object.keys(scripts)).toContain(name);
	}
});
