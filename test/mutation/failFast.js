const path = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

const mutant = () => process.env.__STRYKER_ACTIVE_MUTANT__;

/** The newest mutant that a test has failed for. */
let killed;

const isKilled = () => killed !== undefined && killed === mutant();

/** Runs no more tests for a mutant once one has failed, and loads no suite that it does not need. */
module.exports = class extends TestEnvironment {
	constructor(config, context) {
		super(config, context);
		const suite = path.basename(context.testPath, '.test.ts');
		const tests = config.globalConfig.testNamePattern;
		this.global.needsSuite = !isKilled() && (!tests || tests.includes(`(${suite} `));
	}

	async handleTestEvent({ name, test }) {
		if (name === 'test_fn_failure') killed = mutant();
		if (name === 'test_start' && isKilled()) test.mode = 'skip';
	}
};
