const fs = require('node:fs');
const path = require('node:path');
const { bundle } = require('../scripts/lib/bundle');
const { createCredential } = require('../scripts/lib/workflows');
const { alloMia, measure, publish } = require('./lists');
const { median, round } = require('./measure');

const rounds = 12;
const many = 1000;
const most = 10_000;

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
					build.onLoad({ filter: /shared[\\/]ledger\.ts$/ }, () => {
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

	const against = (name, peer, limit, title) => {
		const ratios = results[name].map(({ time }, turn) => time / results[peer][turn].time);
		const [mine, theirs] = [name, peer].map((it) => median(results[it].map(({ time }) => time)));
		return {
			name: title,
			value: median(ratios),
			limit,
			detail: `median of ${rounds} pairs; medians of the runs: ${round(mine)} ms against ${round(theirs)} ms`,
		};
	};
	return [
		against('empty', 'without', 1.05, `${many} calls against none of it, store empty`),
		against('full', 'without', 1.05, `${many} calls against none of it, store full`),
		against('keyed', 'withoutKeyed', 1.1, `${many} calls with keys, store empty`),
		against('fullKeyed', 'withoutKeyed', 3, `${many} calls with keys, 10,000 in the store`),
	];
}

module.exports = { ledger };
