const { createCredential } = require('../scripts/lib/workflows');
const { alloMia, measure, publish } = require('./lists');
const { median, round } = require('./measure');

const rounds = 9;
const many = 1000;

/** As long as the law's, with a zone to look up for each number. */
const hours = {
	callingHours: 'custom',
	callingWindows: {
		window: [
			{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '00:00', to: '24:00' },
			{ days: ['sat', 'sun'], from: '00:00', to: '24:00' },
		],
	},
};

/** 1,000 calls with Calling Hours against the same without, turn by turn in the same n8n. */
async function callingHours({ start }) {
	const bench = await start();
	const credential = await createCredential(bench.session, bench.simulator);
	const lists = {
		without: await publish(bench, alloMia(credential, bench.simulator)),
		with: await publish(bench, alloMia(credential, bench.simulator, { options: hours })),
	};
	const results = { without: [], with: [] };
	// The first run of each loads code that the others find.
	for (const name of Object.keys(lists)) await measure(bench, lists[name], 100);
	for (let round = 0; round < rounds; round += 1) {
		for (const name of Object.keys(lists)) {
			results[name].push((await measure(bench, lists[name], many)).time);
		}
	}
	const [mine, theirs] = [median(results.with), median(results.without)];
	return [
		{
			name: `${many} calls with Calling Hours against without: time`,
			value: mine / theirs,
			limit: 1.05,
			detail: `medians of ${rounds} runs: ${round(mine)} ms against ${round(theirs)} ms`,
		},
	];
}

module.exports = { callingHours };
