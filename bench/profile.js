const fs = require('node:fs');
const path = require('node:path');
const { createCredential, until } = require('../scripts/lib/workflows');
const { alloMia, measure, publish } = require('./lists');
const { round } = require('./measure');

const calls = 2_000;

/** Where the time of a function goes, by the file that it is in; the first that fits. */
const places = [
	['this package', /\/node_modules\/n8n-nodes-allomia\//],
	[
		'n8n: expressions',
		/\/(@n8n\/expression-runtime|isolated-vm|n8n-workflow\/dist\/[^/]*\/?expression)/,
	],
	['n8n: its HTTP client', /\/(axios|follow-redirects|form-data|agent-base|https?-proxy-agent)\//],
	['n8n: its database', /\/(typeorm|@n8n\/typeorm|@n8n\/db|sqlite3|flatted)\//],
	['n8n: all else', /\/node_modules\//],
	[
		'Node.js: HTTP, sockets and streams',
		/^node:(_http|http|net|_stream|internal\/(streams|http|net))/,
	],
	['Node.js: all else', /^node:/],
];

/** Functions without a file. */
const natives = new Map([
	['(idle)', 'idle'],
	['(garbage collector)', 'garbage collection'],
	['(program)', 'native code, of isolates and sockets'],
]);

/** The share of each place in a CPU profile of V8, largest first; native functions count for who calls them. */
function sharesOf({ nodes, samples, timeDeltas }) {
	const byId = new Map(nodes.map((node) => [node.id, node]));
	const placeOf = new Map();
	const mark = (node, above) => {
		const { functionName, url } = node.callFrame;
		const found = natives.get(functionName) ?? places.find(([, file]) => file.test(url))?.[0];
		const place = found ?? above;
		placeOf.set(node.id, place);
		for (const id of node.children ?? []) mark(byId.get(id), place);
	};
	mark(nodes[0], 'other');
	const times = new Map();
	samples.forEach((id, index) => {
		const place = placeOf.get(id);
		times.set(place, (times.get(place) ?? 0) + timeDeltas[index]);
	});
	times.delete('idle');
	const whole = [...times.values()].reduce((sum, time) => sum + time, 0);
	return [...times]
		.map(([place, time]) => ({ place, share: time / whole, time: time / 1_000 }))
		.sort((a, b) => b.share - a.share);
}

/** Where n8n's CPU time goes while calls are placed. */
async function profile({ folder, start }) {
	const file = path.join(folder, 'profile.json');
	const bench = await start({
		NODE_OPTIONS: `--require ${JSON.stringify(path.join(__dirname, 'profiler.js'))}`,
		ALLOMIA_PROFILE: file,
	});
	const credential = await createCredential(bench.session, bench.simulator);
	const list = await publish(bench, alloMia(credential, bench.simulator));
	await measure(bench, list, 100);
	process.kill(bench.pid, 'SIGUSR2');
	await measure(bench, list, calls);
	process.kill(bench.pid, 'SIGUSR2');
	await until('the profile', () => fs.existsSync(file), 60_000);
	return sharesOf(JSON.parse(fs.readFileSync(file, 'utf8'))).map(({ place, share, time }) => ({
		name: `Share of the CPU time: ${place}`,
		value: share,
		detail: `${round(time / calls)} ms per call`,
	}));
}

module.exports = { profile, sharesOf };
