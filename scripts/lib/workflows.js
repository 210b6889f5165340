const { setTimeout: delay } = require('node:timers/promises');
const { UserError } = require('./run');

const waitLimit = 120_000;

/**
 * Calls `look` until it returns something truthy, for at most `limit` ms.
 * @param pause between two calls, in ms; by default, it grows with the waiting time and with the duration of a call
 */
async function until(what, look, limit = waitLimit, pause = undefined) {
	const begun = Date.now();
	for (;;) {
		const looking = Date.now();
		const found = await look();
		if (found !== undefined && found !== false) return found;
		const took = Date.now() - looking;
		const waited = Date.now() - begun;
		if (waited > limit) throw new UserError(`Waited ${limit / 1000} s in vain for ${what}.`);
		await delay(pause ?? Math.max(2 * took, Math.min(1_000, Math.max(50, waited / 20))));
	}
}

/** @param data the credential's fields: apiKey, baseUrl and, if it is to have one, organizationId */
async function createCredential(session, { name = 'AlloMia', ...data }) {
	const { id } = await session.call('POST', '/rest/credentials', {
		name,
		type: 'alloMiaApi',
		data,
	});
	return { id, name };
}

/** Creates or updates a credential. */
async function upsertCredential(session, { name, ...data }) {
	const known = (await session.call('GET', '/rest/credentials')).find((it) => it.name === name);
	if (!known) return await createCredential(session, { name, ...data });
	await session.call('PATCH', `/rest/credentials/${known.id}`, {
		name,
		type: 'alloMiaApi',
		data,
	});
	return { id: known.id, name };
}

/** Creates an inactive workflow. */
async function createWorkflow(session, { name, nodes, connections, settings = {}, pinData }) {
	return await session.call('POST', '/rest/workflows', {
		name,
		nodes,
		connections,
		...(pinData ? { pinData } : {}),
		settings: { executionOrder: 'v1', ...settings },
		active: false,
	});
}

/**
 * Activates (publishes) the workflow's latest version. Its webhooks are registered when this resolves.
 * @throws with n8n's reasons if that fails
 */
async function activate(session, workflowId) {
	const versionId = await setActive(session, workflowId, true, { name: 'v1', description: '' });
	await published(session, workflowId, ({ status, liveVersionId, triggers }) => {
		const reasons = triggers.flatMap(({ errorMessage }) => errorMessage ?? []);
		if (status === 'failed' || status === 'partial') {
			throw new Error(`n8n does not publish the workflow: ${reasons.join('; ')}`);
		}
		// A workflow without a trigger cannot be published.
		return status === 'not_published' || liveVersionId === versionId;
	});
}

/** Deactivates a workflow. Its webhooks are unregistered when this resolves, so that another workflow can use their paths. */
async function deactivate(session, workflowId) {
	await setActive(session, workflowId, false);
	await published(session, workflowId, ({ status }) => status === 'not_published');
}

/** @returns the latest version */
async function setActive(session, workflowId, active, details) {
	const workflow = `/rest/workflows/${workflowId}`;
	const { versionId } = await session.call('GET', workflow);
	const route = `${workflow}/${active ? 'activate' : 'deactivate'}`;
	await session.call('POST', route, details && { versionId, ...details }).catch(async (error) => {
		if (error.status !== 404) throw error;
		// In versions without publishing, it is a field of the workflow.
		await session.call('PATCH', workflow, { versionId, active });
	});
	return versionId;
}

/**
 * Waits until n8n has finished publishing or unpublishing. An n8n that was killed meanwhile starts again after two
 * minutes.
 */
async function published(session, workflowId, fits) {
	const route = `/rest/workflows/${workflowId}/publication-status`;
	const look = async () => {
		const { status, text, json } = await session.send('GET', route);
		// Older versions respond when they have finished.
		if (status === 404) return true;
		if (status !== 200) throw new Error(`n8n answered GET ${route} with ${status}: ${text}`);
		return json.data.status !== 'in_progress' && fits(json.data);
	};
	await until(`n8n to publish or unpublish workflow ${workflowId}`, look, 180_000);
}

/**
 * The executions of a workflow (with a status), newest first, without their data, from all pages.
 */
async function listExecutions(session, workflowId, status) {
	const filter = { workflowId, ...(status ? { status: [status] } : {}) };
	const path = `/rest/executions?filter=${encodeURIComponent(JSON.stringify(filter))}&limit=100`;
	const found = new Map();
	const read = async (query) => {
		const page = await session.call('GET', path + query);
		for (const execution of page.results) found.set(execution.id, execution);
		return page;
	};
	const { results, ...first } = await read('');
	let { nextCursor } = first;
	while (nextCursor) ({ nextCursor } = await read(`&cursor=${nextCursor}`));
	// n8n 1.x has no cursor, and does not sort by ID: ranges of a hundred IDs are requested.
	if (nextCursor === undefined && results.length === 100) {
		for (let last = Math.max(...found.keys()) + 100; last > 0; last -= 100) {
			await read(`&firstId=${last - 101}&lastId=${last}`);
		}
	}
	return [...found.values()];
}

/** An execution with its data parsed: { id, status, mode, …, data: { resultData, … } }. */
async function readExecution(session, id) {
	const execution = await session.call('GET', `/rest/executions/${id}`);
	// Imported here, since the project's dependencies may only just have been installed.
	const { parse } = require('flatted');
	return { ...execution, data: parse(execution.data) };
}

const over = ['success', 'error', 'crashed', 'canceled'];

/** Waits until an execution has ended. */
async function waitForEnd(session, id, limit) {
	const route = `/rest/executions/${id}`;
	await until(
		`execution ${id} to end`,
		async () =>
			await session.call('GET', route).then(
				({ status }) => over.includes(status),
				(error) => {
					// n8n 2.20 responds that for a manual run of which it has not stored anything yet.
					if (error.message.includes("(reading 'resultData')")) return false;
					throw error;
				},
			),
		limit,
	);
	return await readExecution(session, id);
}

/** Stops an execution as the editor's button does. */
async function stopExecution(session, id) {
	await session.call('POST', `/rest/executions/${id}/stop`);
}

/** A node's output in a run, as the items' json by output. */
function outputsOf(execution, nodeName, run = 0) {
	const data = execution.data.resultData.runData[nodeName]?.[run]?.data?.main ?? [];
	return data.map((items) => (items ?? []).map(({ json }) => json));
}

module.exports = {
	activate,
	createCredential,
	createWorkflow,
	deactivate,
	listExecutions,
	outputsOf,
	readExecution,
	stopExecution,
	until,
	upsertCredential,
	waitForEnd,
};
