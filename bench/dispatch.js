const { randomUUID } = require('node:crypto');
const {
	activate,
	createCredential,
	createWorkflow,
	listExecutions,
	readExecution,
	until,
} = require('../scripts/lib/workflows');
const { cpuTime, median, round } = require('./measure');

const rounds = 5;
const many = 1000;
const most = 10_000;

/** The request as a builder writes it without this package. */
const httpRequest = (credential, { baseUrl, assistantId, phoneNumberId }) => ({
	type: 'n8n-nodes-base.httpRequest',
	typeVersion: 4.2,
	credentials: { httpHeaderAuth: credential },
	parameters: {
		method: 'POST',
		url: `${baseUrl}/outbound`,
		authentication: 'genericCredentialType',
		genericAuthType: 'httpHeaderAuth',
		sendBody: true,
		specifyBody: 'json',
		jsonBody: `={{ JSON.stringify({ phoneNumber: $json.phone, assistantId: "${assistantId}", phoneNumberId: "${phoneNumberId}", customerName: $json.name, dynamicVariables: { slot: $json.slot } }) }}`,
		options: { batching: { batch: { batchSize: 10, batchInterval: 1 } } },
	},
});

const alloMia = (credential, { assistantId, phoneNumberId }) => ({
	type: 'n8n-nodes-allomia.alloMia',
	typeVersion: 1,
	credentials: { alloMiaApi: credential },
	parameters: {
		assistantId,
		phoneNumberId,
		phoneNumber: '={{ $json.phone }}',
		customerName: '={{ $json.name }}',
		dynamicVariables: { variable: [{ name: 'slot', value: '={{ $json.slot }}' }] },
		options: {},
	},
});

const item = (_, index) => ({
	// The simulator does as told by the last digits; 99 is a call like any other.
	phone: `+1514${5_000_099 + index * 100}`,
	name: `Patient ${index}`,
	slot: '2026-04-01T10:00:00Z',
});

/** A published workflow that sends posted items through `tested`. */
async function publish({ session, baseUrl }, tested) {
	const path = randomUUID();
	const place = { id: randomUUID(), position: [0, 0] };
	const { id } = await createWorkflow(session, {
		name: path,
		nodes: [
			{
				...place,
				name: 'Webhook',
				type: 'n8n-nodes-base.webhook',
				typeVersion: 2,
				webhookId: randomUUID(),
				parameters: { httpMethod: 'POST', path, responseMode: 'onReceived', options: {} },
			},
			{
				...place,
				id: randomUUID(),
				name: 'Items',
				type: 'n8n-nodes-base.splitOut',
				typeVersion: 1,
				parameters: { fieldToSplitOut: 'body.items', options: {} },
			},
			{ ...place, id: randomUUID(), name: 'Tested', ...tested },
		],
		connections: {
			Webhook: { main: [[{ node: 'Items', type: 'main', index: 0 }]] },
			Items: { main: [[{ node: 'Tested', type: 'main', index: 0 }]] },
		},
	});
	await activate(session, id);
	return { id, url: `${baseUrl}/webhook/${path}` };
}

/** Sends `count` items through: the node's own time in ms, and the CPU of n8n meanwhile. */
async function measure({ session, pid }, { id, url }, count) {
	const known = new Set((await listExecutions(session, id)).map((it) => it.id));
	const body = JSON.stringify({ items: Array.from({ length: count }, item) });
	const headers = { 'content-type': 'application/json' };
	const before = cpuTime(pid);
	await until('the webhook to be registered', async () => {
		const signal = AbortSignal.timeout(60_000);
		return (await fetch(url, { method: 'POST', headers, body, signal })).status !== 404;
	});
	const ended = await until(
		`${count} items to pass`,
		async () => {
			const executions = await listExecutions(session, id);
			return executions.find((it) => !known.has(it.id) && it.stoppedAt);
		},
		300_000,
		200,
	);
	const cpu = before === undefined ? undefined : cpuTime(pid) - before;
	const execution = await readExecution(session, ended.id);
	const [run] = execution.data.resultData.runData.Tested ?? [];
	const answered = run?.data?.main?.[0]?.filter(({ json }) => json.outboundCallId).length ?? 0;
	if (answered !== count) throw new Error(`${answered} of ${count} calls were placed by ${id}`);
	return { time: run.executionTime, cpu };
}

/** 1,000 calls against n8n's HTTP Request node in batches of 10, turn by turn in the same n8n. */
async function dispatch({ start }) {
	const bench = await start();
	const { session, simulator } = bench;
	const credential = await createCredential(session, simulator);
	const ours = await publish(bench, alloMia(credential, simulator));
	const data = { name: 'Authorization', value: `Bearer ${simulator.apiKey}` };
	const { id } = await session.call('POST', '/rest/credentials', {
		name: 'Header',
		type: 'httpHeaderAuth',
		data,
	});
	const peer = await publish(bench, httpRequest({ id, name: 'Header' }, simulator));

	// The first run of each loads code that the others find.
	await measure(bench, ours, 100);
	await measure(bench, peer, 100);
	const results = { ours: [], peer: [] };
	for (let round = 0; round < rounds; round += 1) {
		results.ours.push(await measure(bench, ours, many));
		results.peer.push(await measure(bench, peer, many));
	}
	const large = await measure(bench, ours, most);

	const middle = (name, what) => median(results[name].map((it) => it[what]));
	const ratio = (what) => {
		const [mine, theirs] = [middle('ours', what), middle('peer', what)];
		if (mine === undefined) return { detail: 'only Linux tells the CPU time of a process' };
		return {
			value: mine / theirs,
			detail: `medians of ${rounds} runs: ${round(mine)} ms against ${round(theirs)} ms`,
		};
	};
	return [
		{ name: `${many} calls against HTTP Request: time`, limit: 0.8, ...ratio('time') },
		{ name: `${many} calls against HTTP Request: CPU of n8n`, limit: 0.8, ...ratio('cpu') },
		{
			name: `Time per call at ${most} calls against ${many}`,
			value: large.time / most / (middle('ours', 'time') / many),
			limit: 1.2,
			detail: `${round(large.time)} ms for ${most}`,
		},
	];
}

module.exports = { dispatch };
