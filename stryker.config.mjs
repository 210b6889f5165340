import { availableParallelism } from 'node:os';

/** One change in so many, where the run is one of a sample. */
const sample = process.env.ALLOMIA_MUTATION_SAMPLE;

/** Mutation testing: which changes of nodes/ do the unit and workflow tests notice? */
export default {
	plugins: ['@stryker-mutator/jest-runner', './test/mutation/sample.mjs'],
	checkers: sample ? ['sample'] : [],
	testRunner: 'jest',
	jest: { configFile: 'test/mutation/jest.config.js', enableFindRelatedTests: false },
	// The tests wait more than they compute. Of a sample, half of the processes only choose.
	concurrency: (sample ? 6 : 3) * availableParallelism(),
	// With so many at once, a test that only takes longer is not to count as one that fails.
	timeoutMS: 30_000,
	coverageAnalysis: 'perTest',
	mutate: ['nodes/**/*.ts'],
	// What is made as a module is loaded, such as the nodes' fields, would need all tests for each mutant.
	ignoreStatic: true,
	ignorePatterns: ['dist', 'coverage', '.n8n-demo'],
	// What an earlier run has found is kept, unless the code or the tests that have found it were changed.
	incremental: !sample,
	incrementalFile: 'coverage/mutation-incremental.json',
	reporters: ['clear-text', 'progress-append-only', 'json'],
	clearTextReporter: { reportTests: false, logTests: false },
	jsonReporter: { fileName: 'coverage/mutation.json' },
};
