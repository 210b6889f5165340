const { TestEnvironment } = require('jest-environment-node');

const mutant = () => process.env.__STRYKER_ACTIVE_MUTANT__;

/** The newest mutant that a test has failed for. */
let killed;

/** Runs no more tests for a mutant once one has failed. */
module.exports = class extends TestEnvironment {
	async handleTestEvent({ name, test }) {
		if (name === 'test_fn_failure') killed = mutant();
		if (name === 'test_start' && killed !== undefined && killed === mutant()) test.mode = 'skip';
	}
};
