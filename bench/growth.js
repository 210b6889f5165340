const { createCredential } = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { httpRequest } = require('./httpRequest');
const { alloMia, measure, publish } = require('./lists');
const { forgetMost, median, memory, round } = require('./measure');

const sizes = [10, 100, 1_000, 10_000, 50_000];

/** How many calls with a key are placed in all: ten times what the node remembers. */
const keys = 100_000;
const keysAtOnce = 10_000;

/** What the others are held against, and from where on: the fixed cost of an execution weighs on shorter lists. */
const base = 1_000;

/** How often each list is called; the longest take minutes. */
const roundsOf = (size) => (size <= base ? 5 : size <= 10_000 ? 3 : 1);

const nodes = {
	ours: ({ simulator }, credential) => alloMia(credential, simulator),
	peer: async (bench) => await httpRequest(bench),
};

/**
 * Whether an item costs the same in a long list as in a short one: time, CPU and memory. n8n keeps the data of an
 * execution in memory, and gets slower with it; HTTP Request shows how much of it is n8n's.
 */
async function growth({ start }) {
	const bench = await start();
	const credential = await createCredential(bench.session, bench.simulator);
	const lists = {
		ours: await publish(bench, await nodes.ours(bench, credential)),
		peer: await publish(bench, await nodes.peer(bench)),
	};
	for (const list of Object.values(lists)) await measure(bench, list, 100);
	const results = { ours: new Map(), peer: new Map() };
	for (const size of sizes) {
		say(`  … ${size} items`);
		for (let turn = 0; turn < roundsOf(size); turn += 1) {
			const inTurn = Object.entries(lists);
			for (const [name, list] of turn % 2 === 0 ? inTurn : inTurn.reverse()) {
				const all = results[name].get(size) ?? [];
				results[name].set(size, [...all, await measure(bench, list, size)]);
			}
		}
	}

	const keyed = await publish(
		bench,
		alloMia(credential, bench.simulator, {
			options: { onceKey: '={{ $execution.id + $json.phone }}' },
		}),
	);
	const withKeys = [];
	for (let count = 0; count < keys; count += keysAtOnce) {
		say(`  … ${count + keysAtOnce} keys`);
		withKeys.push((await measure(bench, keyed, keysAtOnce)).time);
	}
	await bench.stop();
	const held = { ours: new Map(), peer: new Map() };
	for (const size of sizes.filter((it) => it >= base)) {
		say(`  … memory of ${size} items`);
		for (const name of Object.keys(lists)) held[name].set(size, await memoryOf(start, name, size));
	}

	const each = {
		time: (name, size) => median(results[name].get(size).map(({ time }) => time)) / size,
		cpu: (name, size) => {
			const values = results[name].get(size).map(({ cpu }) => cpu);
			return values.includes(undefined) ? undefined : median(values) / size;
		},
		memory: (name, size) => {
			const value = held[name].get(size);
			return value && value / size;
		},
	};
	const figures = (what, title, unit) =>
		sizes
			.filter((size) => size > base)
			.map((size) => {
				const grown = (name) => each[what](name, size) / each[what](name, base);
				const tell = (name) =>
					`${[base, size].map((it) => round(each[what](name, it))).join(' and ')} ${unit}`;
				const isKnown = each[what]('ours', size) !== undefined;
				return {
					name: `${title}, ${size} against ${base} items, against HTTP Request`,
					limit: 1.1,
					value: isKnown ? grown('ours') / grown('peer') : undefined,
					detail: isKnown
						? `${tell('ours')}: ${round(grown('ours'))} times; HTTP Request ${tell('peer')}: ${round(grown('peer'))} times`
						: 'only Linux tells it of a process',
				};
			});
	for (const size of sizes.filter((it) => it < base)) {
		const tell = (name) => `${round(each.time(name, size))} ms`;
		say(`  an item of ${size} takes ${tell('ours')}; of HTTP Request ${tell('peer')}`);
	}
	return [
		...figures('time', 'Time of an item', 'ms'),
		...figures('cpu', 'CPU of an item', 'ms'),
		...figures('memory', 'Memory of an item', 'kB'),
		{
			name: `${keysAtOnce} calls with keys, the last of ${keys} against the first`,
			limit: 1.1,
			value: median(withKeys.slice(-3)) / withKeys[0],
			detail: withKeys.map((time) => `${round(time)} ms`).join(', '),
		},
	];
}

/** How much more memory an n8n takes at most while it calls a list, in kB; each time a fresh one (Linux). */
async function memoryOf(start, name, size) {
	const bench = await start();
	const credential = await createCredential(bench.session, bench.simulator);
	const list = await publish(bench, await nodes[name](bench, credential));
	await measure(bench, list, 100);
	const before = memory(bench.pid);
	forgetMost(bench.pid);
	await measure(bench, list, size);
	const after = memory(bench.pid);
	await bench.stop();
	return before && after && after.most - before.now;
}

module.exports = { growth };
