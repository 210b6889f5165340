const fs = require('node:fs');
const path = require('node:path');
const { bundle } = require('../scripts/lib/bundle');
const { say } = require('../scripts/lib/run');
const { createCredential } = require('../scripts/lib/workflows');
const { alloMia, measure, outputOf, publish } = require('./lists');
const { median, round } = require('./measure');

const rounds = 12;
const many = 1000;
const most = 10_000;

/** How often long lists are called: each of the six has every place in a round once. */
const longRounds = 6;

const peerName = 'n8n-nodes-allomia-without-ledger';

/** Puts the same package beside ours, under another name, with a ledger that does nothing. */
async function installPeer(installed) {
	const folder = path.join(path.dirname(installed), peerName);
	fs.cpSync(installed, folder, { recursive: true });
	const manifest = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
	manifest.name = peerName;
	manifest.n8n.credentials = [];
	fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
	let replaced = 0;
	await bundle({
		outdir: path.join(folder, 'dist'),
		plugins: [
			{
				name: 'no-ledger',
				setup(build) {
					build.onLoad({ filter: /dispatch[\\/]ledger\.ts$/ }, () => {
						replaced += 1;
						const contents = fs.readFileSync(path.join(__dirname, 'noLedger.ts'), 'utf8');
						return { contents, loader: 'ts' };
					});
				},
			},
		],
	});
	if (replaced === 0) throw new Error('There is no ledger to be left out.');
}

/** What the ledger costs: against the same node without it, turn by turn in the same n8n. */
async function ledger({ installed, start }) {
	await installPeer(installed);
	const rowWriter = path.join(__dirname, 'rowWriter');
	fs.cpSync(rowWriter, path.join(path.dirname(installed), 'n8n-nodes-row-writer'), {
		recursive: true,
	});
	const bench = await start();
	const { session, simulator } = bench;
	const credential = await createCredential(session, simulator);
	const type = `${peerName}.alloMia`;
	const options = { onceKey: '={{ $execution.id + $json.phone }}' };
	const keyed = () => alloMia(credential, simulator, { options });
	const workflows = {
		without: await publish(bench, alloMia(credential, simulator, { type })),
		withoutKeyed: await publish(bench, alloMia(credential, simulator, { type, options })),
		full: await publish(bench, alloMia(credential, simulator)),
		fullKeyed: await publish(bench, keyed()),
	};
	// What earlier executions leave in the store: as much as it keeps, and 10,000 keys.
	await measure(bench, workflows.without, 100);
	await measure(bench, workflows.full, most);
	await measure(bench, workflows.fullKeyed, most);

	const results = {
		without: [],
		empty: [],
		full: [],
		withoutKeyed: [],
		keyed: [],
		fullKeyed: [],
	};
	for (let turn = 0; turn < rounds; turn += 1) {
		const all = {
			...workflows,
			empty: await publish(bench, alloMia(credential, simulator)),
			keyed: await publish(bench, keyed()),
		};
		// Each has every place in a round: whoever comes first is quicker, whatever it is.
		const names = Object.keys(results);
		for (let place = 0; place < names.length; place += 1) {
			const name = names[(place + turn) % names.length];
			results[name].push(await measure(bench, all[name], many));
		}
	}

	for (let turn = 0; turn < longRounds; turn += 1) {
		const long = [
			['longWithout', workflows.without, most],
			['long', await publish(bench, alloMia(credential, simulator)), most],
			['longWithoutKeyed', workflows.withoutKeyed, most],
			['longKeyed', workflows.fullKeyed, most],
			['longestWithout', workflows.without, 2 * most],
			['longest', await publish(bench, alloMia(credential, simulator)), 2 * most],
		];
		for (let place = 0; place < long.length; place += 1) {
			const [name, workflow, count] = long[(place + turn) % long.length];
			(results[name] ??= []).push(await measure(bench, workflow, count));
		}
	}
	await tellRows(bench);

	const times = (name) => results[name].map(({ time }) => time);
	const against = (name, peer, limit, title) => {
		const ratios = times(name).map((time, turn) => time / times(peer)[turn]);
		const [mine, theirs] = [name, peer].map((it) => median(times(it)));
		return {
			name: title,
			value: median(ratios),
			limit,
			detail: `median of ${ratios.length} pairs; medians of the runs: ${round(mine)} ms against ${round(theirs)} ms`,
		};
	};
	/** How much longer an item takes in the longest list than in one of 1,000. */
	const growth = (longest, short) => median(times(longest)) / median(times(short)) / 20;
	const [mine, theirs] = [growth('longest', 'empty'), growth('longestWithout', 'without')];
	return [
		against('empty', 'without', 1.05, `${many} calls against none of it, store empty`),
		against('full', 'without', 1.05, `${many} calls against none of it, store full`),
		against('keyed', 'withoutKeyed', 1.2, `${many} calls with keys, store empty`),
		against('fullKeyed', 'withoutKeyed', 1.2, `${many} calls with keys, 10,000 in the store`),
		against('long', 'longWithout', 1.05, `${most} calls against none of it`),
		against('longKeyed', 'longWithoutKeyed', 1.2, `${most} calls with keys, 10,000 in the store`),
		{
			name: `Time per item, ${2 * most} against ${many}`,
			value: mine / theirs,
			limit: 1.05,
			detail: `it grows ${round(mine)} times, without a ledger ${round(theirs)} times`,
		},
	];
}

/** Says what of it is n8n's: it reads and writes a row whole. */
async function tellRows(bench) {
	const tested = { type: 'n8n-nodes-row-writer.rowWriter', typeVersion: 1, parameters: {} };
	const { json } = await outputOf(bench, await publish(bench, tested));
	for (const [size, time] of Object.entries(json)) {
		say(`  n8n writes 20 values to a row of ${size} in ${round(time)} ms`);
	}
}

module.exports = { ledger };
