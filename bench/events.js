const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { activate, createCredential, createWorkflow, until } = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { median, round } = require('./measure');
const { event, node } = require('./samples');

const rounds = 10;
const accepted = 80;
const filtered = 100;
const single = 50;

/** How many events are on their way at the same time. */
const concurrency = 10;

const alloMiaTrigger = (credential, verification = 'signature') =>
	node(
		'Trigger',
		'n8n-nodes-allomia.alloMiaTrigger',
		1,
		{ statuses: ['completed'], verification },
		{ webhookId: randomUUID(), credentials: { alloMiaApi: credential } },
	);

/** A trigger that does nothing at all, which is as quick as n8n lets any be. */
function installBareTrigger(installed) {
	const folder = path.join(path.dirname(installed), 'n8n-nodes-bare-trigger');
	fs.cpSync(path.join(__dirname, 'bareTrigger'), folder, { recursive: true });
}

/** A published workflow with a bare trigger. */
async function bareTrigger({ session, baseUrl }, credentials) {
	const webhookId = randomUUID();
	const type = 'n8n-nodes-bare-trigger.bareTrigger';
	const trigger = node('Trigger', type, 1, {}, { webhookId, credentials });
	const url = `${baseUrl}/webhook/${webhookId}/webhook`;
	const id = await publish(session, trigger, noOp());
	await registered(url);
	return { id, url };
}

const webhook = (route, responseMode) =>
	node(
		'Trigger',
		'n8n-nodes-base.webhook',
		2,
		{ httpMethod: 'POST', path: route, responseMode, options: {} },
		{ webhookId: randomUUID() },
	);

/** Lets completed calls pass, as a builder writes it without this package. */
const ifCompleted = () =>
	node('Next', 'n8n-nodes-base.if', 2, {
		conditions: {
			combinator: 'and',
			options: { caseSensitive: true, leftValue: '', typeValidation: 'strict' },
			conditions: [
				{
					id: randomUUID(),
					leftValue: '={{ $json.body.status }}',
					rightValue: 'completed',
					operator: { type: 'string', operation: 'equals' },
				},
			],
		},
	});

const noOp = () => node('Next', 'n8n-nodes-base.noOp', 1, {});

/** A published workflow of a trigger and what follows; its id. */
async function publish(session, trigger, next) {
	const { id } = await createWorkflow(session, {
		name: randomUUID(),
		nodes: [trigger, next],
		connections: { Trigger: { main: [[{ node: 'Next', type: 'main', index: 0 }]] } },
	});
	await activate(session, id);
	return id;
}

/** The trigger's address as a call would get it: signed, with metadata. */
async function signedUrl({ session, baseUrl, simulator }, credential, url) {
	const route = randomUUID();
	const { assistantId, phoneNumberId } = simulator;
	const dryRun = node(
		'Next',
		'n8n-nodes-allomia.alloMia',
		1,
		{
			phoneNumber: '+15145551234',
			assistantId,
			phoneNumberId,
			callback: 'url',
			callbackUrl: url,
			options: {
				dryRun: true,
				signCallbackUrl: true,
				metadata: { entry: [{ name: 'appointmentId', value: '4711' }] },
			},
		},
		{ credentials: { alloMiaApi: credential } },
	);
	await publish(session, webhook(route, 'lastNode'), dryRun);
	const answer = await registered(`${baseUrl}/webhook/${route}`);
	return (await answer.json()).request.callbackUrl;
}

async function post(url, body) {
	return await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
		signal: AbortSignal.timeout(60_000),
	});
}

/** Publishing goes on after n8n has answered: until then, the address is unknown. */
async function registered(url) {
	return await until(`${url} to be registered`, async () => {
		const answer = await post(url, {});
		return answer.status !== 404 && answer;
	});
}

/** Posts events, some at a time, each answered with 200. */
async function postAll(url, status, count) {
	let left = count;
	const sender = async () => {
		while (left > 0) {
			left -= 1;
			const answer = await post(url, event(status));
			await answer.text();
			if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
		}
	};
	await Promise.all(Array.from({ length: concurrency }, sender));
}

const finished = async (session, workflowId) => {
	const filter = encodeURIComponent(JSON.stringify({ workflowId, status: ['success'] }));
	return await session.call('GET', `/rest/executions?filter=${filter}&limit=1`);
};

/** Events per second, from the first one's sending to the end of the last one's execution. */
async function throughput(session, { id, url }, status, count) {
	const { count: before } = await finished(session, id);
	const begun = Date.now();
	await postAll(url, status, count);
	const newest = await until(
		`${count} executions to end`,
		async () => {
			const now = await finished(session, id);
			return now.count - before >= count && now.results[0];
		},
		60_000,
		100,
	);
	return count / ((Date.parse(newest.stoppedAt) - begun) / 1000);
}

/** Events per second that are answered, where they start nothing. */
async function ignoring({ url }, status, count) {
	const begun = Date.now();
	await postAll(url, status, count);
	return count / ((Date.now() - begun) / 1000);
}

/** How long each of some events, one after the other, waits for its answer, in ms. */
async function answerTimes({ url }, status) {
	const times = [];
	for (let sent = 0; sent < single; sent += 1) {
		const begun = performance.now();
		await (await post(url, event(status))).text();
		times.push(performance.now() - begun);
	}
	return times;
}

/**
 * Accepted events against a bare trigger, and against one that carries a credential as ours does,
 * which n8n then checks for each execution; filtered ones against n8n's Webhook and IF, and against a
 * trigger that does nothing at all, which is as quick as n8n lets any be; turn by turn in the same
 * n8n. Signatures are checked and duplicates looked for.
 */
async function events({ installed, start }) {
	installBareTrigger(installed);
	const bench = await start();
	const { session, baseUrl, simulator } = bench;
	const credential = await createCredential(session, simulator);

	const id = await publish(session, alloMiaTrigger(credential), noOp());
	const address = `${baseUrl}/webhook/allomia/${id}`;
	await registered(address);
	const ours = { id, url: await signedUrl(bench, credential, address) };
	const bare = await bareTrigger(bench);
	const withCredential = await bareTrigger(bench, { alloMiaApi: credential });
	const route = randomUUID();
	const withIf = {
		id: await publish(session, webhook(route, 'onReceived'), ifCompleted()),
		url: `${baseUrl}/webhook/${route}`,
	};
	await registered(withIf.url);

	// The first runs load code that the others find.
	for (const workflow of [ours, bare, withCredential, withIf]) {
		await throughput(session, workflow, 'completed', 50);
	}
	const bareIgnoring = { url: `${bare.url}?ignore` };
	const measured = {
		ours: async () => await throughput(session, ours, 'completed', accepted),
		bare: async () => await throughput(session, bare, 'completed', accepted),
		withCredential: async () => await throughput(session, withCredential, 'completed', accepted),
		ignoring: async () => await ignoring(ours, 'busy', filtered),
		bareIgnoring: async () => await ignoring(bareIgnoring, 'busy', filtered),
		withIf: async () => await throughput(session, withIf, 'busy', accepted),
	};
	const results = {
		ours: [],
		bare: [],
		withCredential: [],
		ignoring: [],
		bareIgnoring: [],
		withIf: [],
	};
	for (let count = 0; count < rounds; count += 1) {
		say(`  … round ${count + 1} of ${rounds}`);
		// Each in turn goes first: the first of a round may find n8n still tidying up.
		const runs = Object.entries(measured);
		for (const [name, run] of count % 2 === 0 ? runs : runs.reverse()) {
			results[name].push(await run());
		}
	}
	const answers = {
		ours: median(await answerTimes(ours, 'completed')),
		bare: median(await answerTimes(bare, 'completed')),
		ignoring: median(await answerTimes(ours, 'busy')),
	};

	/** What noise there is falls on both of a round, so the ratios are taken round by round. */
	const compare = (mine, theirs) => ({
		value: median(results[mine].map((it, index) => it / results[theirs][index])),
		detail: `median of ${rounds} rounds; ${round(median(results[mine]))} events/s against ${round(median(results[theirs]))}`,
	});
	return [
		{ name: 'Accepted events against a bare trigger', atLeast: 0.95, ...compare('ours', 'bare') },
		{
			name: 'Accepted events against one with a credential',
			atLeast: 0.95,
			...compare('ours', 'withCredential'),
		},
		{
			name: 'Filtered events against a bare trigger that ignores',
			atLeast: 0.9,
			...compare('ignoring', 'bareIgnoring'),
		},
		{
			name: 'Filtered events against Webhook and IF',
			// What n8n itself takes for any trigger, see above, leaves room for no more.
			atLeast: 1,
			...compare('ignoring', 'withIf'),
		},
		{
			name: 'Time to the answer against a bare trigger',
			limit: 1.2,
			value: answers.ours / answers.bare,
			detail: `${single} events, one at a time: ${round(answers.ours)} ms against ${round(answers.bare)} ms; filtered ones ${round(answers.ignoring)} ms`,
		},
	];
}

module.exports = {
	alloMiaTrigger,
	bareTrigger,
	events,
	finished,
	installBareTrigger,
	noOp,
	post,
	publish,
	registered,
	signedUrl,
};
