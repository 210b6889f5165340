const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const {
	activate,
	createCredential,
	createWorkflow,
	listExecutions,
	readExecution,
	until,
	waitForEnd,
} = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { median, round } = require('./measure');
const { measurable, memoryOf } = require('./memory');
const { event, node } = require('./samples');

const rounds = 40;
const parkedCount = 1_000;

/** The looks soon after a parking are over by then, in ms. */
const settle = 30_000;
const calls = 100;

/** How many requests are on their way at the same time. */
const concurrency = 10;

const alloMia = (credential, { assistantId, phoneNumberId }) =>
	node(
		'Waiting',
		'n8n-nodes-allomia.alloMia',
		1,
		{
			operation: 'createAndWait',
			assistantId,
			phoneNumberId,
			phoneNumber: '={{ $json.phone }}',
			options: {},
		},
		{ credentials: { alloMiaApi: credential } },
	);

const waitNode = (parameters = {}, options = {}) =>
	node(
		'Waiting',
		'n8n-nodes-base.wait',
		1.1,
		{ resume: 'webhook', httpMethod: 'POST', options: {}, ...parameters },
		{ webhookId: randomUUID(), ...options },
	);

/** A published workflow: posted items, the node that waits, and what follows. */
async function publish({ session, baseUrl }, waiting) {
	const route = randomUUID();
	const { id } = await createWorkflow(session, {
		name: route,
		nodes: [
			node(
				'Webhook',
				'n8n-nodes-base.webhook',
				2,
				{ httpMethod: 'POST', path: route, responseMode: 'onReceived', options: {} },
				{ webhookId: randomUUID() },
			),
			node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'body.items', options: {} }),
			waiting,
			node('Next', 'n8n-nodes-base.noOp', 1, {}),
		],
		connections: {
			Webhook: { main: [[{ node: 'Items', type: 'main', index: 0 }]] },
			Items: { main: [[{ node: 'Waiting', type: 'main', index: 0 }]] },
			Waiting: { main: [[{ node: 'Next', type: 'main', index: 0 }]] },
		},
	});
	await activate(session, id);
	const url = `${baseUrl}/webhook/${route}`;
	await until(
		`${url} to be registered`,
		async () => (await post(url, { items: [] })).status === 200,
	);
	return { id, url };
}

async function post(url, body, limit = 60_000) {
	const answer = await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(limit),
	});
	await answer.text();
	return answer;
}

/** Runs `task` for each entry and its index, some at a time. */
async function each(entries, task, atATime = concurrency) {
	const left = [...entries.entries()];
	const worker = async () => {
		for (let next = left.shift(); next !== undefined; next = left.shift()) {
			const [index, entry] = next;
			await task(entry, index);
		}
	};
	await Promise.all(Array.from({ length: atATime }, worker));
}

const people = (count) =>
	// The simulator does as told by the last digits; 99 is a call like any other.
	Array.from({ length: count }, (_, index) => ({ phone: `+1514${5_000_099 + index * 100}` }));

/** Starts executions of one item each; resolves with their ids once all of them wait. */
async function park({ session }, workflow, count) {
	await each(people(count), async (item) => await post(workflow.url, { items: [item] }));
	const filter = encodeURIComponent(
		JSON.stringify({ workflowId: workflow.id, status: ['waiting'] }),
	);
	await until(
		`${count} executions to wait`,
		async () => {
			const page = await session.call('GET', `/rest/executions?filter=${filter}&limit=1`);
			return page.count >= count;
		},
		180_000,
		1_000,
	);
	return (await listExecutions(session, workflow.id, 'waiting')).map(({ id }) => id);
}

/** The calls that the simulator has taken: { outboundCallId, body }. */
async function dialsOf({ simulator }) {
	const answer = await fetch(simulator.baseUrl.replace(/\/api$/, '/_simulator/dials'));
	return (await answer.json()).dials;
}

const requestsOf = async ({ simulator }) => {
	const answer = await fetch(simulator.baseUrl.replace(/\/api$/, '/_simulator/state'));
	return (await answer.json()).requests;
};

/** From the sending of what lets an execution go on to the start of the next node, in ms. */
async function timeToNext({ session }, id, url, body) {
	const sent = Date.now();
	const { status } = await post(url, body);
	if (status !== 200) throw new Error(`${url} answered ${status}`);
	const { data } = await waitForEnd(session, id);
	return data.resultData.runData.Next[0].startTime - sent;
}

/** From the callback to the next node, against n8n's own Wait node, turn by turn. */
async function resuming(bench, credential) {
	const { session, baseUrl } = bench;
	const ours = await publish(bench, alloMia(credential, bench.simulator));
	const wait = await publish(bench, waitNode());
	// The first ones load code that the others find.
	const warm = 5;
	const waits = await park(bench, wait, rounds + warm);
	const alloMias = await park(bench, ours, rounds + warm);
	const dials = await dialsOf(bench);
	const dialOf = (id) => dials.find(({ body }) => body.callbackUrl.includes(`/${id}/`));
	const times = { ours: [], wait: [] };
	for (let count = 0; count < rounds + warm; count += 1) {
		const runs = [
			async () => {
				const id = alloMias[count];
				const { outboundCallId, body } = dialOf(id);
				times.ours.push(
					await timeToNext(bench, id, body.callbackUrl, event('completed', outboundCallId)),
				);
			},
			async () => {
				const id = waits[count];
				const { resumeToken } = (await readExecution(session, id)).data;
				const url = `${baseUrl}/webhook-waiting/${id}?signature=${resumeToken}`;
				times.wait.push(await timeToNext(bench, id, url, event('completed', randomUUID())));
			},
		];
		for (const run of count % 2 === 0 ? runs : runs.reverse()) await run();
	}
	const [mine, theirs] = [median(times.ours.slice(warm)), median(times.wait.slice(warm))];
	return {
		name: 'From the callback to the next node against Wait',
		limit: 1.1,
		value: mine / theirs,
		detail: `medians of ${rounds} executions each, one at a time: ${round(mine)} ms against ${round(theirs)} ms`,
	};
}

/** One execution of a hundred calls: what AlloMia is asked while their callbacks come. */
async function asking(bench, credential) {
	const { session } = bench;
	const ours = await publish(bench, alloMia(credential, bench.simulator));
	const run = async (spread) => {
		const already = new Set((await dialsOf(bench)).map((it) => it.outboundCallId));
		await post(ours.url, { items: people(calls) });
		const [{ id }] = await until('the execution to wait', async () => {
			const waiting = await listExecutions(session, ours.id, 'waiting');
			return waiting.length > 0 && waiting;
		});
		const dials = (await dialsOf(bench)).filter((it) => !already.has(it.outboundCallId));
		const before = await requestsOf(bench);
		const answers = await Promise.all(
			dials.map(async ({ outboundCallId, body }, index) => {
				await delay((index * spread) / calls);
				const sent = Date.now();
				const { status } = await post(body.callbackUrl, event('completed', outboundCallId));
				if (status !== 200) throw new Error(`A callback was answered with ${status}`);
				return Date.now() - sent;
			}),
		);
		await waitForEnd(session, id);
		return { requests: (await requestsOf(bench)) - before, answers };
	};
	const burst = await run(0);
	const stream = await run(30_000);
	const figure = (name, { requests, answers }) => ({
		name,
		limit: 1,
		value: requests / calls,
		detail: `${requests} status requests for ${calls} callbacks; each answered within ${Math.max(...answers)} ms (median ${round(median(answers))} ms)`,
	});
	return [
		figure('Status requests per callback, all at once', burst),
		figure('Status requests per callback, over 30 s', stream),
	];
}

/** How long the lists are that wait as a whole, and how many requests to each are timed. */
const lengths = [1_000, 10_000];
const requests = 40;

/**
 * A callback to one of many calls of the same execution, against a request that n8n's Wait node
 * refuses after as many items: n8n reads the whole execution from its database for each.
 */
async function long(bench, credential) {
	const { session, baseUrl } = bench;
	const header = await session.call('POST', '/rest/credentials', {
		name: 'A header that is not sent',
		type: 'httpHeaderAuth',
		data: { name: 'x-secret', value: randomUUID() },
	});
	const ours = await publish(bench, alloMia(credential, bench.simulator));
	const wait = await publish(
		bench,
		waitNode(
			{ incomingAuthentication: 'headerAuth' },
			{ credentials: { httpHeaderAuth: { id: header.id, name: header.name } } },
		),
	);
	const figures = [];
	for (const length of lengths) {
		const already = new Set((await dialsOf(bench)).map((it) => it.outboundCallId));
		const idOf = async (workflow) => {
			const known = new Set(
				(await listExecutions(session, workflow.id, 'waiting')).map((it) => it.id),
			);
			await post(workflow.url, { items: people(length) });
			return await until(
				`${length} items to wait`,
				async () =>
					(await listExecutions(session, workflow.id, 'waiting')).find((it) => !known.has(it.id))
						?.id,
				300_000,
				1_000,
			);
		};
		await idOf(ours);
		const id = await idOf(wait);
		const { resumeToken } = (await readExecution(session, id)).data;
		const waitUrl = `${baseUrl}/webhook-waiting/${id}?signature=${resumeToken}`;
		const dials = (await dialsOf(bench)).filter((it) => !already.has(it.outboundCallId));
		const times = { ours: [], wait: [] };
		const timed = async (list, status, url, body) => {
			const sent = performance.now();
			const answer = await post(url, body);
			if (answer.status !== status) throw new Error(`${url} answered ${answer.status}`);
			list.push(performance.now() - sent);
		};
		for (let count = 0; count < requests; count += 1) {
			const { outboundCallId, body } = dials[count];
			await timed(times.ours, 200, body.callbackUrl, event('completed', outboundCallId));
			await timed(times.wait, 403, waitUrl, event('completed', outboundCallId));
		}
		const [mine, theirs] = [median(times.ours), median(times.wait)];
		figures.push({
			name: `A callback to one of ${length} calls of an execution, against Wait`,
			limit: 1.5,
			value: mine / theirs,
			detail: `medians of ${requests} requests: ${round(mine)} ms against ${round(theirs)} ms`,
		});
	}
	return figures;
}

/** What executions that wait keep in n8n's memory, in MB before and after. Each peer gets a fresh n8n. */
async function growth({ folder, start }, toWaiting) {
	const file = path.join(folder, 'memory.json');
	const bench = await start(measurable(file));
	const credential = await createCredential(bench.session, bench.simulator);
	const workflow = await publish(bench, toWaiting(credential, bench.simulator));
	// The first ones load code and fill caches.
	await park(bench, workflow, 100);
	await delay(settle);
	const before = await memoryOf(bench.pid, file);
	await park(bench, workflow, parkedCount + 100);
	await delay(settle);
	const after = await memoryOf(bench.pid, file);
	await bench.stop();
	return { before, after };
}

/**
 * What it costs to wait for calls: against n8n's Wait node, which does nothing but wait. A waiting
 * execution rests in the database; of ours, an address and a timer stay in memory.
 */
async function waiting(place) {
	const { start } = place;
	const bench = await start();
	const credential = await createCredential(bench.session, bench.simulator);
	const figures = [
		await resuming(bench, credential),
		...(await asking(bench, credential)),
		...(await long(bench, credential)),
	];
	await bench.stop();

	say(`  … ${parkedCount} parked executions of each`);
	const wait = await growth(place, waitNode);
	const ours = await growth(place, alloMia);
	const each = (it) => round(((it.after - it.before) * 1024) / parkedCount);
	return [
		...figures,
		{
			name: `Memory with ${parkedCount} parked against Wait`,
			limit: 1.1,
			value: ours.after / wait.after,
			detail: `after a collection of garbage: ${round(ours.before)} MB before, ${round(ours.after)} MB after (${each(ours)} kB each); Wait: ${round(wait.before)} and ${round(wait.after)} MB (${each(wait)} kB each)`,
		},
	];
}

module.exports = { alloMia, dialsOf, each, park, post, publish, waiting, waitNode };
