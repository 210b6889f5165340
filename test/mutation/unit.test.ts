import { loadNodes, suite, testFiles } from './testFiles';

// As one file, so that jest loads n8n and the nodes once for each mutant, not once for each file.
const ofNodes = testFiles('unit')
	.filter(({ text }) => /from '.*\/nodes\//.test(text))
	// It reads so many numbers before its first test that every mutant would take long.
	.filter(({ name }) => name !== 'phoneProof.test.ts');
const [mocking = [], others = []] = [true, false].map((wanted) =>
	ofNodes.filter(({ text }) => text.includes('jest.mock(') === wanted),
);

suite('unit', () => {
	loadNodes();

	describe.each(others)('$name', ({ file }) => {
		jest.requireActual(file);
	});

	// What they replace is loaded anew, for them alone.
	describe.each(mocking)('$name', ({ file }) => {
		jest.isolateModules(() => void jest.requireActual(file));
	});
});
