require('tsx/cjs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { createCredential, until } = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { attacks: all, strike } = require('../test/e2e/support/attacks.ts');
const events = require('./events');
const { median, round } = require('./measure');
const { measurable, memoryOf } = require('./memory');
const { event, node } = require('./samples');

/** Not those that n8n breaks off itself while they are sent: the sender then sees an end of the connection, or 500. */
const kinds = all.filter(({ status }) => status < 500);

/** How many attacks there are in all, and how many before memory is measured the first time. */
const total = 10_000;
const first = 2_000;

/** How many are on their way at the same time. More of those that AlloMia is asked about get 503. */
const senders = 8;

const rounds = 5;
const genuine = 60;

/**
 * How many attacks come in each second beside the genuine results: a third of what n8n can answer at all, with the 50 ms
 * of CPU that it takes for any webhook.
 */
const rate = 5;

/** An execution that waits for its call: its workflow, and the address that its callback would go to. */
async function waitingExecution({ session, baseUrl, simulator }, credential) {
	const { assistantId, phoneNumberId } = simulator;
	const call = node(
		'Next',
		'n8n-nodes-allomia.alloMia',
		1,
		{
			operation: 'createAndWait',
			phoneNumber: '+15145551234',
			assistantId,
			phoneNumberId,
			waitFor: 'callback',
		},
		{ credentials: { alloMiaApi: credential } },
	);
	const route = 'waits';
	const start = node('Trigger', 'n8n-nodes-base.webhook', 2, {
		httpMethod: 'POST',
		path: route,
		responseMode: 'onReceived',
		options: {},
	});
	const id = await events.publish(session, { ...start, webhookId: route }, call);
	await events.registered(`${baseUrl}/webhook/${route}`);
	const filter = encodeURIComponent(JSON.stringify({ workflowId: id, status: ['waiting'] }));
	const { results } = await until('an execution to wait', async () => {
		const found = await session.call('GET', `/rest/executions?filter=${filter}&limit=1`);
		return found.results.length > 0 && found;
	});
	const url = `${baseUrl}/webhook-waiting/${results[0].id}/allomia?alloMiaContext=x&alloMiaSignature=y`;
	return { id, url };
}

/** Does something some times each second, as long as not too much of it is open; returns how to end it: how often it was. */
function paced(action) {
	const open = new Set();
	const begun = Date.now();
	let count = 0;
	const timer = setInterval(() => {
		if (open.size >= senders) return;
		count += 1;
		const running = action().finally(() => open.delete(running));
		open.add(running);
	}, 1_000 / rate);
	return async () => {
		clearInterval(timer);
		const seconds = (Date.now() - begun) / 1_000;
		await Promise.all(open);
		return count / seconds;
	};
}

/** Attacks on a trigger and a waiting execution: what gets through, what they cost, and whom they hold up. */
async function attacks({ installed, folder, start }) {
	events.installBareTrigger(installed);
	const file = path.join(folder, 'memory.json');
	const bench = await start(measurable(file));
	const { session, baseUrl, simulator } = bench;
	const credential = await createCredential(session, simulator);
	const trigger = async () => {
		const id = await events.publish(
			session,
			events.alloMiaTrigger(credential, 'auto'),
			events.noOp(),
		);
		const address = `${baseUrl}/webhook/allomia/${id}`;
		await events.registered(address);
		return { id, address, signed: await events.signedUrl(bench, credential, address) };
	};
	const [ours, other] = [await trigger(), await trigger()];
	const bare = (await events.bareTrigger(bench)).url;
	const replayed = { url: ours.signed, body: event('completed') };
	let accepted = 0;
	const send = async (url) => {
		const begun = performance.now();
		const answer = await events.post(url, event('completed'));
		await answer.text();
		if (answer.status !== 200) throw new Error(`A genuine result got ${answer.status}`);
		return performance.now() - begun;
	};
	await (await events.post(replayed.url, replayed.body)).text();
	accepted += 1;
	const waiting = await waitingExecution(bench, credential);
	const known = {
		trigger: ours.address,
		replayed,
		otherWorkflow: other.signed,
		otherKey: `${ours.address}${new URL(other.signed).search}`,
		waiting: { url: waiting.url },
	};

	let struck = 0;
	const wrong = new Map();
	const attack = async () => {
		const kind = kinds[struck % kinds.length];
		struck += 1;
		const { status, text: said } = await strike(kind, known);
		if (status !== kind.status || !said.includes(kind.says ?? '')) {
			const text = `${kind.name}: ${status} ${said.slice(0, 80)} in place of ${kind.status} ${kind.says ?? ''}`;
			wrong.set(text, (wrong.get(text) ?? 0) + 1);
		}
	};
	const attackUntil = async (count) => {
		const sender = async () => {
			while (struck < count) await attack();
		};
		await Promise.all(Array.from({ length: senders }, sender));
	};

	/** How long genuine results take, one after the other, alone and beside something; the median of each. */
	const slowed = async (url, beside) => {
		const series = async () => {
			const times = [];
			for (let count = 0; count < genuine; count += 1) times.push(await send(url));
			return median(times);
		};
		const alone = await series();
		const stop = paced(beside);
		const besides = await series();
		return { alone, beside: besides, ratio: besides / alone, rate: await stop() };
	};

	say(`  … ${first} attacks`);
	await attackUntil(first);
	const before = await memoryOf(bench.pid, file);
	const turns = [];
	for (let turn = 0; turn < rounds; turn += 1) {
		say(`  … round ${turn + 1} of ${rounds}`);
		const mine = await slowed(ours.signed, attack);
		accepted += 2 * genuine;
		turns.push({ mine, bare: await slowed(bare, async () => await send(`${bare}?ignore`)) });
	}
	say(`  … ${total} attacks`);
	await attackUntil(total);
	const after = await memoryOf(bench.pid, file);
	await until('the executions to end', async () => {
		return (await events.finished(session, ours.id)).count >= accepted;
	});
	// What an attack had started would be there by now.
	await delay(5_000);
	const countOf = async (workflowId, status) => {
		const filter = encodeURIComponent(JSON.stringify({ workflowId, ...(status && { status }) }));
		return (await session.call('GET', `/rest/executions?filter=${filter}&limit=1`)).count;
	};
	const started =
		(await countOf(ours.id)) -
		accepted +
		(await countOf(other.id)) +
		(await countOf(waiting.id)) -
		1;
	const resumed = 1 - (await countOf(waiting.id, ['waiting']));
	const describe = (name) => {
		const of = (key) => round(median(turns.map((turn) => turn[name][key])));
		return `${of('ratio')} times as long (${of('beside')} ms against ${of('alone')} ms)`;
	};
	for (const [text, often] of wrong) say(`  ${often} × ${text}`);
	return [
		{
			name: 'Attacks with another answer than documented',
			limit: 0,
			value: [...wrong.values()].reduce((sum, often) => sum + often, 0),
			detail: `of ${struck}, ${kinds.length} kinds`,
		},
		{
			name: 'Executions that attacks started or resumed',
			limit: 0,
			value: started + resumed,
			detail: `beside ${accepted} genuine results`,
		},
		{
			name: 'Memory after all attacks against after some',
			limit: 1.1,
			value: after / before,
			detail: `${round(after)} MB after ${total}, ${round(before)} MB after ${first}`,
		},
		{
			name: 'Genuine results, slowed by attacks, against a bare trigger',
			limit: 1.2,
			value: median(turns.map(({ mine, bare: peer }) => mine.ratio / peer.ratio)),
			detail: `median of ${rounds} rounds; beside attacks ${describe('mine')}; a bare trigger's beside requests that it ignores ${describe('bare')}`,
		},
		{
			name: 'Attacks a second beside genuine results',
			atLeast: 0.8 * rate,
			value: median(turns.map(({ mine }) => mine.rate)),
			detail: `${round(median(turns.map(({ bare: peer }) => peer.rate)))} of the bare trigger's`,
		},
	];
}

module.exports = { attacks };
