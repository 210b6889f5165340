require('tsx/cjs');
const { randomUUID } = require('node:crypto');
const { setTimeout: delay } = require('node:timers/promises');
const { activate, createCredential, createWorkflow, until } = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { adviceFor, missingFor } = require('../scripts/lib/services');
const { startSimulatorProcess } = require('../scripts/lib/simulatorProcess');
const { Cluster, workers } = require('../test/queue/support/cluster.ts');
const { post } = require('./events');
const { httpRequest } = require('./httpRequest');
const { item } = require('./lists');
const { cpuTimeOfAll, memory, round } = require('./measure');
const { node } = require('./samples');

/** How many calls are measured of each kind in a round, how many of them a second, and how long each takes, in ms. */
const calls = 100;
const rate = 3;
const pace = 30_000;
const listSize = 50;

/** The second round goes the other way round, so that none is always the first. */
const rounds = 2;

/** How long between two looks at the database, in ms. */
const look = 5_000;

/** How much of a core's time a process may take, so that it still answers quickly when more comes for a while. */
const load = 0.7;

/** What the large case has to carry: so many calls, within so many hours of a day. */
const million = 1_000_000;
const hours = 10;

const webhook = (name, route) =>
	node(
		name,
		'n8n-nodes-base.webhook',
		2,
		{ httpMethod: 'POST', path: route, responseMode: 'onReceived', options: {} },
		{ webhookId: randomUUID() },
	);

const items = () =>
	node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'body.items', options: {} });

const alloMia = ({ credential, simulator }, parameters) =>
	node(
		'AlloMia',
		'n8n-nodes-allomia.alloMia',
		1,
		{
			assistantId: simulator.assistantId,
			phoneNumberId: simulator.phoneNumberId,
			phoneNumber: '={{ $json.phone }}',
			customerName: '={{ $json.name }}',
			options: {},
			...parameters,
		},
		{ credentials: { alloMiaApi: credential } },
	);

const alloMiaTrigger = ({ credential }) =>
	node(
		'Result',
		'n8n-nodes-allomia.alloMiaTrigger',
		1,
		{},
		{ webhookId: randomUUID(), credentials: { alloMiaApi: credential } },
	);

/** The request with n8n's HTTP Request node, and where its result goes. */
const request = async (bench, callbackUrl) => {
	const { parameters, ...peer } = await httpRequest(bench);
	const { assistantId, phoneNumberId } = bench.simulator;
	const jsonBody = `={{ JSON.stringify({ phoneNumber: $json.phone, assistantId: "${assistantId}", phoneNumberId: "${phoneNumberId}", customerName: $json.name, callbackUrl: ${callbackUrl} }) }}`;
	return node('Call', peer.type, peer.typeVersion, { ...parameters, jsonBody }, peer);
};

const wait = () =>
	node(
		'Wait',
		'n8n-nodes-base.wait',
		1.1,
		{ resume: 'webhook', httpMethod: 'POST', options: {} },
		{ webhookId: randomUUID() },
	);

const next = (name = 'Next') => node(name, 'n8n-nodes-base.noOp', 1, {});

/** Workflows as chains of nodes, by what they do; each begins with a webhook that takes a list. */
const shapes = {
	'Create and Wait, one call each': {
		size: 1,
		executionsOf: () => 1,
		chains: (bench) => [[alloMia(bench, { operation: 'createAndWait' }), next()]],
	},
	'HTTP Request and Wait, one call each': {
		size: 1,
		executionsOf: () => 1,
		chains: async (bench) => [[await request(bench, '$execution.resumeUrl'), wait(), next()]],
	},
	'Create and trigger, one call each': {
		size: 1,
		executionsOf: (size) => 1 + size,
		chains: (bench) => [[alloMia(bench, { callback: 'trigger' })], [alloMiaTrigger(bench), next()]],
	},
	'HTTP Request and Webhook, one call each': {
		size: 1,
		executionsOf: (size) => 1 + size,
		chains: async (bench) => {
			const route = randomUUID();
			const url = JSON.stringify(`${bench.baseUrl}/webhook/${route}`);
			return [[await request(bench, url)], [webhook('Result', route), next()]];
		},
	},
	[`Create and Wait, lists of ${listSize}`]: {
		size: listSize,
		executionsOf: () => 1,
		chains: (bench) => [[alloMia(bench, { operation: 'createAndWait' }), next()]],
	},
	[`Create and trigger, lists of ${listSize}`]: {
		size: listSize,
		executionsOf: (size) => 1 + size,
		chains: (bench) => [[alloMia(bench, { callback: 'trigger' })], [alloMiaTrigger(bench), next()]],
	},
};

/** A published workflow of a shape; what begins it, and its ID. */
async function publish(bench, shape) {
	const route = randomUUID();
	const [calling, ...others] = await shape.chains(bench);
	const chains = [[webhook('Record', route), items(), ...calling], ...others];
	const connections = {};
	for (const chain of chains) {
		chain.slice(1).forEach((to, index) => {
			connections[chain[index].name] = { main: [[{ node: to.name, type: 'main', index: 0 }]] };
		});
	}
	const { id } = await createWorkflow(bench.session, {
		name: route,
		nodes: chains.flat(),
		connections,
	});
	await activate(bench.session, id);
	return { id, url: `${bench.baseUrl}/webhook/${route}` };
}

/** What each part has used so far: CPU in ms, and the database's size in bytes. */
async function usage({ cluster }) {
	const { postgres, redis } = cluster.services.pids();
	const of = (part) => cpuTimeOfAll(cluster.processOf(part).child.pid);
	const [{ size }] = await cluster.query('SELECT pg_database_size(current_database()) AS size');
	return {
		'webhook processor': of('webhook'),
		worker: workers.reduce((sum, part) => sum + of(part), 0),
		main: of('main'),
		PostgreSQL: cpuTimeOfAll(postgres),
		Redis: cpuTimeOfAll(redis),
		bytes: Number(size),
		time: Date.now(),
	};
}

const difference = (after, before) =>
	Object.fromEntries(Object.keys(after).map((key) => [key, after[key] - before[key]]));

/** Lets a workflow call people at the rate, and waits until all its executions have ended. */
async function play(bench, workflow, { size, executionsOf }, count) {
	const ended = async () => {
		const [row] = await bench.cluster.query(
			`SELECT count(*) AS count FROM execution_entity WHERE "workflowId" = '${workflow.id}' AND status = 'success'`,
		);
		return Number(row.count);
	};
	const before = await ended();
	const starts = count / size;
	const people = Array.from({ length: size }, item);
	for (let sent = 0; sent < starts; sent += 1) {
		const begun = Date.now();
		const { status } = await post(workflow.url, { items: people });
		if (status !== 200) throw new Error(`A list was answered with ${status}`);
		await delay(Math.max(0, (size * 1_000) / rate - (Date.now() - begun)));
	}
	const expected = starts * executionsOf(size);
	await until(
		`${expected} executions to end`,
		async () => (await ended()) - before >= expected,
		10 * 60_000,
		look,
	);
	if ((await ended()) - before > expected) throw new Error('There are more executions than calls');
}

/**
 * What a call and its result cost each process of n8n in queue mode, against the same workflows of n8n's own nodes; how
 * many calls an hour a process carries by that, and how many processes a million calls a day need.
 */
async function capacity({ started }) {
	const title = 'CPU of a call in queue mode';
	const missing = missingFor('queue');
	if (missing.length > 0) return [{ name: title, detail: adviceFor('queue', missing) }];
	if (cpuTimeOfAll(process.pid) === undefined) {
		return [{ name: title, detail: 'only Linux tells the CPU time of a process' }];
	}
	const simulator = await startSimulatorProcess({ pace });
	started.push(simulator);
	const cluster = await Cluster.start();
	started.push(cluster);
	const { session, webhookUrl: baseUrl } = cluster;
	const credential = await createCredential(session, simulator);
	const bench = { cluster, session, baseUrl, simulator, credential };
	const workflows = new Map();
	for (const [name, shape] of Object.entries(shapes)) {
		const workflow = await publish(bench, shape);
		workflows.set(name, workflow);
		say(`  … ${name}: the first calls`);
		// They load code that the others find.
		await play(bench, workflow, shape, Math.max(15, shape.size));
	}
	say('  … without any calls');
	await delay(5_000);
	const still = await usage(bench);
	for (let waited = 0; waited < 60_000; waited += look) {
		await delay(look);
		await usage(bench);
	}
	const idle = difference(await usage(bench), still);

	const costs = new Map();
	for (let round = 0; round < rounds; round += 1) {
		const inTurn = Object.entries(shapes);
		for (const [name, shape] of round % 2 === 0 ? inTurn : inTurn.reverse()) {
			say(`  … ${name}`);
			const before = await usage(bench);
			await play(bench, workflows.get(name), shape, calls);
			await delay(look);
			const used = difference(await usage(bench), before);
			const share = used.time / idle.time;
			const cost = costs.get(name) ?? {};
			for (const [part, value] of Object.entries(used)) {
				cost[part] = (cost[part] ?? 0) + (value - idle[part] * share) / calls / rounds;
			}
			costs.set(name, cost);
		}
	}

	const partsOf = ({ bytes, time, ...parts }) => parts;
	const cpu = (name) => Object.values(partsOf(costs.get(name))).reduce((sum, ms) => sum + ms, 0);
	const tell = (name) =>
		Object.entries(partsOf(costs.get(name)))
			.map(([part, ms]) => `${part} ${round(ms)} ms`)
			.join(', ');
	const against = (mine, theirs) => ({
		name: `${mine}: CPU of all parts against n8n's nodes`,
		value: cpu(mine) / cpu(theirs),
		detail: `${round(cpu(mine))} ms per call (${tell(mine)}); ${theirs}: ${round(cpu(theirs))} ms (${tell(theirs)})`,
	});
	const carried = [...costs.entries()]
		.filter(([name]) => !name.startsWith('HTTP'))
		.flatMap(([name, cost]) =>
			['webhook processor', 'worker', 'main', 'PostgreSQL'].map((part) => ({
				name: `${name}: calls an hour, ${part}`,
				value: cost[part] > 0 ? (load * 3_600_000) / cost[part] : undefined,
				detail: `${round(cost[part])} ms of CPU per call, ${load * 100} % of a core; ${million.toLocaleString('en')} calls in ${hours} hours need ${round((million * cost[part]) / (hours * 3_600_000) / load)}`,
			})),
		);
	const [own, trigger, lists, listsTrigger] = Object.keys(shapes).filter(
		(name) => !name.startsWith('HTTP'),
	);
	const [peer, triggerPeer] = Object.keys(shapes).filter((name) => name.startsWith('HTTP'));
	const most = (part) => {
		const { most: kilobytes } = memory(cluster.processOf(part).child.pid);
		return `${part} ${round(kilobytes / 1024)} MB`;
	};
	return [
		against(own, peer),
		against(trigger, triggerPeer),
		{
			name: `Create and Wait: CPU in lists of ${listSize} against one call each`,
			value: cpu(lists) / cpu(own),
			detail: `${round(cpu(lists))} ms per call (${tell(lists)})`,
		},
		{
			name: `Create and trigger: CPU in lists of ${listSize} against one call each`,
			value: cpu(listsTrigger) / cpu(trigger),
			detail: `${round(cpu(listsTrigger))} ms per call (${tell(listsTrigger)})`,
		},
		...carried,
		...[own, trigger, lists, listsTrigger].map((name) => ({
			name: `${name}: kB in the database per call`,
			value: costs.get(name).bytes / 1_024,
			detail: `with all executions saved, and what n8n keeps beside them`,
		})),
		{
			name: 'Memory of a webhook processor at most, MB',
			value: memory(cluster.processOf('webhook').child.pid).most / 1_024,
			detail: ['main', ...workers].map(most).join(', '),
		},
	];
}

module.exports = { capacity };
