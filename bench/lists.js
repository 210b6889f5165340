const { randomUUID } = require('node:crypto');
const {
	activate,
	createWorkflow,
	listExecutions,
	readExecution,
	until,
} = require('../scripts/lib/workflows');
const { cpuTime } = require('./measure');

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

module.exports = { alloMia, measure, publish };
