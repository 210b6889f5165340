require('tsx/cjs');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { createCredential, until } = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { attacks: kinds, strike } = require('../test/e2e/support/attacks.ts');
const events = require('./events');
const { median, round } = require('./measure');
const { event, node } = require('./samples');

/** How many attacks there are in all, and how many before memory is measured the first time. */
const total = 10_000;
const first = 2_000;

/** How many are on their way at the same time. More of those that AlloMia is asked about get 503. */
const senders = 8;

const rounds = 5;
const genuine = 100;

/** How many attacks come in each second beside the genuine results. */
const rate = 50;

/** The memory that a process holds once garbage has been collected, in MB (Linux); undefined elsewhere. */
async function memoryOf(pid) {
	process.kill(pid, 'SIGUSR2');
	await delay(2_000);
	try {
		const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
		return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
	} catch {
		return undefined;
	}
}

/** An execution that waits for its call; the address that its callback would go to. */
async function waitingUrl({ session, baseUrl, simulator }, credential) {
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
	return `${baseUrl}/webhook-waiting/${results[0].id}/allomia?alloMiaContext=x&alloMiaSignature=y`;
}

/** Attacks on a trigger and a waiting execution: what gets through, what they cost, and whom they hold up. */
async function attacks({ start }) {
	const collector = path.join(__dirname, '..', 'test', 'queue', 'support', 'collectGarbage.js');
	const bench = await start({ NODE_OPTIONS: `--require ${JSON.stringify(collector)}` });
	const { session, baseUrl, simulator, pid } = bench;
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
	const replayed = { url: ours.signed, body: event('completed') };
	let accepted = 0;
	const send = async () => {
		const begun = performance.now();
		const answer = await events.post(ours.signed, event('completed'));
		await answer.text();
		if (answer.status !== 200) throw new Error(`A genuine result got ${answer.status}`);
		accepted += 1;
		return performance.now() - begun;
	};
	await (await events.post(replayed.url, replayed.body)).text();
	accepted += 1;
	const waiting = await waitingUrl(bench, credential);
	const known = {
		trigger: ours.address,
		replayed,
		otherWorkflow: other.signed,
		otherKey: `${ours.address}${new URL(other.signed).search}`,
		waiting: { url: waiting },
	};

	let struck = 0;
	const wrong = new Map();
	const attack = async () => {
		const kind = kinds[struck % kinds.length];
		struck += 1;
		const { status } = await strike(kind, known);
		if (status !== kind.status) {
			const text = `${kind.name}: ${status} in place of ${kind.status}`;
			wrong.set(text, (wrong.get(text) ?? 0) + 1);
		}
	};
	const attackUntil = async (count) => {
		const sender = async () => {
			while (struck < count) await attack();
		};
		await Promise.all(Array.from({ length: senders }, sender));
	};

	await attackUntil(first);
	for (let count = 0; count < genuine; count += 1) await send();
	const before = await memoryOf(pid);
	const ratios = [];
	const times = { quiet: [], beside: [] };
	for (let turn = 0; turn < rounds; turn += 1) {
		say(`  … round ${turn + 1} of ${rounds}`);
		const quiet = [];
		for (let count = 0; count < genuine; count += 1) quiet.push(await send());
		const running = [];
		const pacing = setInterval(() => running.push(attack()), 1_000 / rate);
		const beside = [];
		for (let count = 0; count < genuine; count += 1) beside.push(await send());
		clearInterval(pacing);
		await Promise.all(running);
		times.quiet.push(...quiet);
		times.beside.push(...beside);
		ratios.push(median(beside) / median(quiet));
	}
	await attackUntil(total);
	const after = await memoryOf(pid);
	const { count } = await until('the executions to end', async () => {
		const found = await events.finished(session, ours.id);
		return found.count >= accepted && found;
	});
	for (const [text, often] of wrong) say(`  ${often} × ${text}`);
	return [
		{
			name: 'Attacks with another answer than documented',
			limit: 0,
			value: [...wrong.values()].reduce((sum, often) => sum + often, 0),
			detail: `of ${struck}, ${kinds.length} kinds`,
		},
		{
			name: 'Executions that attacks started',
			limit: 0,
			value: count - accepted,
			detail: `beside ${accepted} genuine results`,
		},
		{
			name: 'Memory after all attacks against after some',
			limit: 1.1,
			value: before && after && after / before,
			detail: `${round(after ?? 0)} MB after ${total}, ${round(before ?? 0)} MB after ${first}`,
		},
		{
			name: 'Time to the answer beside attacks against without',
			limit: 1.2,
			value: median(ratios),
			detail: `median of ${rounds} rounds of ${genuine}, beside ${rate} attacks/s: ${round(median(times.beside))} ms against ${round(median(times.quiet))} ms`,
		},
	];
}

module.exports = { attacks };
