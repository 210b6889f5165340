const { randomUUID } = require('node:crypto');
const {
	activate,
	createWorkflow,
	listExecutions,
	readExecution,
	until,
} = require('../scripts/lib/workflows');
const { cpuTime, quiet } = require('./measure');

/** The node that is measured; `change` may name another type, and more options. */
const alloMia = (credential, { assistantId, phoneNumberId }, { type, options = {} } = {}) => ({
	type: type ?? 'n8n-nodes-allomia.alloMia',
	typeVersion: 1,
	credentials: { alloMiaApi: credential },
	parameters: {
		assistantId,
		phoneNumberId,
		phoneNumber: '={{ $json.phone }}',
		customerName: '={{ $json.name }}',
		dynamicVariables: { variable: [{ name: 'slot', value: '={{ $json.slot }}' }] },
		options,
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

/** Sends items through, for `limit` ms at most; the ID of the execution once it has ended. */
async function pass({ session }, { id, url }, items, limit) {
	const known = new Set((await listExecutions(session, id)).map((it) => it.id));
	const body = JSON.stringify({ items });
	const headers = { 'content-type': 'application/json' };
	await until('the webhook to be registered', async () => {
		const signal = AbortSignal.timeout(60_000);
		return (await fetch(url, { method: 'POST', headers, body, signal })).status !== 404;
	});
	const ended = await until(
		`${items.length} items to pass`,
		async () => {
			const executions = await listExecutions(session, id);
			return executions.find((it) => !known.has(it.id) && it.stoppedAt);
		},
		limit,
	);
	return ended.id;
}

/** The tested node's run in an execution. */
async function testedIn({ session }, id) {
	const execution = await readExecution(session, id);
	return execution.data.resultData.runData.Tested?.[0];
}

/** Sends items through, for `limit` ms at most; the tested node's run once the execution has ended. */
async function run(bench, workflow, items, limit = 300_000) {
	return await testedIn(bench, await pass(bench, workflow, items, limit));
}

/** Sends `count` items through: the node's own time in ms, and the CPU of n8n until it has tidied up. */
async function measure(bench, workflow, count) {
	const before = cpuTime(bench.pid);
	const id = await pass(bench, workflow, Array.from({ length: count }, item), 300_000);
	await quiet(bench.pid);
	const cpu = before === undefined ? undefined : cpuTime(bench.pid) - before;
	const tested = await testedIn(bench, id);
	const answered = tested?.data?.main?.[0]?.filter(({ json }) => json.outboundCallId).length ?? 0;
	if (answered !== count) {
		throw new Error(`${answered} of ${count} calls were placed by ${workflow.id}`);
	}
	return { time: tested.executionTime, cpu };
}

/** What comes out of a node for one item. */
async function outputOf(bench, workflow) {
	const tested = await run(bench, workflow, [{}]);
	return tested.data.main[0][0];
}

module.exports = {
	item,
	run,
	alloMia,
	measure,
	outputOf,
	publish,
};
