const { projects, testTimeout } = require('../../jest.config');

const { displayName, ...shared } = projects[0];

module.exports = {
	...shared,
	rootDir: '../..',
	testEnvironment: require.resolve('./failFast'),
	testMatch: ['<rootDir>/test/mutation/*.test.ts'],
	testTimeout,
};
