const { randomUUID } = require('node:crypto');
const { setTimeout: delay } = require('node:timers/promises');
const {
	createCredential,
	listExecutions,
	readExecution,
	until,
} = require('../scripts/lib/workflows');
const { say } = require('../scripts/lib/run');
const { forgetMost, memory, round } = require('./measure');
const { event } = require('./samples');
const { alloMia, dialsOf, each, park, post, publish, waitNode } = require('./waiting');

/** How many executions wait, and within how many ms all their results arrive. */
const parked = 5_000;
const spread = 60_000;

/**
 * How many requests n8n has at a time, as a proxy in front of it would see to: n8n holds 11 MB for each, and takes as long
 * for each however many there are.
 */
const mostOpen = 50;

/** How long n8n may take until all of them have ended, in ms. */
const patience = 30 * 60_000;

/** The addresses that let each of the executions go on, of the AlloMia node. */
async function callbacks(bench) {
	const dials = await dialsOf(bench);
	return dials.map(({ outboundCallId, body }) => ({
		url: body.callbackUrl,
		body: event('completed', outboundCallId),
	}));
}

/** The same, of n8n's Wait node. */
async function resumes({ session, baseUrl }, ids) {
	const found = [];
	await each(ids, async (id) => {
		const { resumeToken } = (await readExecution(session, id)).data;
		const url = `${baseUrl}/webhook-waiting/${id}?signature=${resumeToken}`;
		found.push({ url, body: event('completed', randomUUID()) });
	});
	return found;
}

/** Lets all results arrive within a minute: how long n8n takes until the last execution has ended, and what it holds. */
async function arrive({ session, pid }, workflow, results) {
	const count = async (status) => {
		const filter = encodeURIComponent(JSON.stringify({ workflowId: workflow.id, status }));
		return (await session.call('GET', `/rest/executions?filter=${filter}&limit=1`)).count;
	};
	const passed = async () => await count(['success']);
	const before = memory(pid);
	forgetMost(pid);
	const begun = Date.now();
	let refused = 0;
	const send = async ({ url, body }, index) => {
		await delay(Math.max(0, begun + (index * spread) / results.length - Date.now()));
		const { status } = await post(url, body, patience).catch(() => ({ status: 0 }));
		if (status !== 200) refused += 1;
	};
	await each(results, send, mostOpen);
	const answered = Date.now() - begun;
	await until(
		`${results.length - refused} executions to end`,
		async () => (await passed()) >= results.length - refused,
		patience,
		1_000,
	);
	const ended = Date.now() - begun;
	let came = 0;
	const ids = (await listExecutions(session, workflow.id, 'success')).map(({ id }) => id);
	await each(ids, async (id) => {
		const { Next: [next] = [] } = (await readExecution(session, id)).data.resultData.runData;
		const { json } = next?.data?.main?.[0]?.[0] ?? {};
		// The Wait node puts out the request, with its body.
		if ((json?.body ?? json)?.status === 'completed') came += 1;
	});
	const lost = results.length - came;
	return {
		answered,
		ended,
		refused,
		lost,
		megabytes: before && (memory(pid).most - before.now) / 1_024,
	};
}

/** Thousands of executions that wait, and the results of all of them within a minute; against n8n's own Wait node. */
async function burst({ start }) {
	const runs = {};
	for (const name of ['ours', 'wait']) {
		const bench = await start();
		const credential = await createCredential(bench.session, bench.simulator);
		const waiting = name === 'ours' ? alloMia(credential, bench.simulator) : waitNode();
		const workflow = await publish(bench, waiting);
		say(`  … ${parked} executions of ${name === 'ours' ? 'AlloMia' : 'Wait'} begin to wait`);
		await park(bench, workflow, parked);
		const results =
			name === 'ours'
				? await callbacks(bench)
				: await resumes(
						bench,
						(await listExecutions(bench.session, workflow.id, 'waiting')).map(({ id }) => id),
					);
		say(`  … their ${results.length} results arrive`);
		runs[name] = await arrive(bench, workflow, results);
		await bench.stop();
	}
	const { ours, wait } = runs;
	const tell = ({ answered, ended, refused, megabytes }) =>
		`the last answer after ${round(answered / 1_000)} s, the last end after ${round(ended / 1_000)} s, ${refused} not accepted, ${round(megabytes ?? 0)} MB more at most`;
	const detail = `ours: ${tell(ours)}; Wait: ${tell(wait)}`;
	return [
		{ name: `Results lost, of ${parked} within a minute`, limit: 0, value: ours.lost, detail },
		{
			name: 'Until the last execution has ended, against Wait',
			limit: 1.2,
			value: ours.ended / wait.ended,
			detail,
		},
		{
			name: 'Memory meanwhile, against Wait',
			value: ours.megabytes && ours.megabytes / wait.megabytes,
			detail,
		},
	];
}

module.exports = { burst };
