const { default: Sequencer } = require('@jest/test-sequencer');

/** The files that take longest, and so begin first: else one of them runs alone at the end. */
const slowest = [
	...['longLists', 'parking', 'queue', 'start', 'onePersonOneCall', 'createAndWait'],
	...[
		'callOncePer',
		'triggerLife',
		'forgedCallbacks',
		'badDays',
		'ledgerModel',
		'publishedTemplates',
		'callingHours',
	],
];

const rank = ({ path }) => slowest.filter((name) => path.includes(`/${name}.test`)).length;

module.exports = class SlowestFirst extends Sequencer {
	sort(tests) {
		return super.sort(tests).sort((a, b) => rank(b) - rank(a));
	}
};
