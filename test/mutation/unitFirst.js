const path = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

const order = ['unit', 'model', 'workflow'];
const place = (test) => order.indexOf(path.basename(test.path, '.test.ts'));

/** The quick tests find most mutants, and one test that fails is enough. */
module.exports = class extends Sequencer {
	sort(tests) {
		return [...tests].sort((a, b) => place(a) - place(b));
	}
};
