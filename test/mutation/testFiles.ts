import fs from 'node:fs';
import path from 'node:path';

const root = path.join(__dirname, '..', '..');

const filesIn = (folder: string, options: { recursive?: boolean } = {}) =>
	fs
		.readdirSync(path.join(root, folder), { ...options, encoding: 'utf8' })
		.map((name) => path.join(root, folder, name));

/**
 * Loads all of nodes/: what is made as a module is loaded would count as covered by the one test that
 * happens to load it.
 */
export function loadNodes(): void {
	const sources = filesIn('nodes', { recursive: true }).filter((file) => file.endsWith('.ts'));
	for (const file of sources) jest.requireActual(file);
}

/** The test files of a suite, with their text. */
export const testFiles = (suite: string) =>
	filesIn(path.join('test', suite), { recursive: true })
		.filter((file) => file.endsWith('.test.ts'))
		.map((file) => ({ name: path.basename(file), file, text: fs.readFileSync(file, 'utf8') }));

/** Defines the tests of a suite, where the mutant needs them. */
export function suite(name: string, define: () => void): void {
	const { needsSuite } = globalThis as { needsSuite?: boolean };
	describe(name, () => {
		if (needsSuite) define();
		else it.skip('is not needed', () => {});
	});
}
