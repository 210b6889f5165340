const { projects } = require('../../jest.config');

const { displayName, ...shared } = projects[0];

module.exports = {
	...shared,
	rootDir: '../..',
	testEnvironment: require.resolve('./failFast'),
	testSequencer: require.resolve('./unitFirst'),
	testMatch: ['<rootDir>/test/mutation/*.test.ts'],
	// The longest takes 8 s: a mutant that makes a test hang is found by then.
	testTimeout: 40_000,
};
