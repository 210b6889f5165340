const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { median, round } = require('./measure');

const execute = promisify(execFile);

const runs = 15;

/** Measures the time to load node files in a fresh process, as n8n does when it starts, in ms. */
const loader = `
	require('n8n-workflow');
	const started = process.hrtime.bigint();
	for (const file of process.argv.slice(1)) {
		const exported = require(file);
		for (const Type of Object.values(exported)) {
			if (typeof Type === 'function') new Type().description;
		}
	}
	console.log(Number(process.hrtime.bigint() - started) / 1e6);
`;

/** The size of the package, and its share of n8n's start-up time. The peer is n8n's HTTP Request node. */
async function weight({ n8n, installed }) {
	const modules = path.resolve(n8n.bin, '../../..');
	const load = async (files) => {
		const [command, ...args] = [n8n.node.bin, '-e', loader, ...files];
		// From a folder of its own, so that the node files find the n8n-workflow that is loaded already.
		const options = {
			cwd: installed,
			env: { ...process.env, NODE_PATH: modules },
			timeout: 60_000,
		};
		return Number((await execute(command, args, options)).stdout);
	};
	const { nodes } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8')).n8n;
	const ours = nodes.map((file) => path.join(installed, file));
	const peer = path.join(
		modules,
		'n8n-nodes-base',
		'dist',
		'nodes',
		'HttpRequest',
		'HttpRequest.node.js',
	);
	const times = { ours: [], peer: [] };
	for (let run = 0; run < runs; run += 1) {
		times.ours.push(await load(ours));
		times.peer.push(await load([peer]));
	}
	const [mine, theirs] = [median(times.ours), median(times.peer)];
	const files = fs
		.readdirSync(installed, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile());
	const bytes = files.reduce(
		(sum, { parentPath, name }) => sum + fs.statSync(path.join(parentPath, name)).size,
		0,
	);
	return [
		{
			name: "Loading both nodes, against n8n's HTTP Request node",
			value: mine / theirs,
			limit: 0.1,
			unit: ' times',
			detail: `medians of ${runs} fresh processes: ${round(mine)} ms against ${round(theirs)} ms`,
		},
		{
			name: 'The package, unpacked',
			value: bytes / 1000,
			limit: 400,
			unit: ' kB',
			detail: `${files.length} files`,
		},
	];
}

module.exports = { weight };
