const { TestEnvironment } = require('jest-environment-node');

/** Runs nothing more of a file once a test has failed: the mutant is killed. */
module.exports = class extends TestEnvironment {
	async handleTestEvent({ name, test }) {
		if (name === 'test_fn_failure') this.hasFailed = true;
		if (name === 'test_start' && this.hasFailed) test.mode = 'skip';
	}
};
