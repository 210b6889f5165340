const { minute, say } = require('./run');
const workflows = require('./workflows');

/** How long a call may take, in ms. */
const callLimit = 30 * minute;

/** How often AlloMia is asked, in ms. */
const interval = 5_000;

/** How long the trigger may take once AlloMia says that the call has ended, in ms. */
const deliveryLimit = 20_000;

const terminal = ['completed', 'failed', 'busy', 'no-answer'];

// Each of these gives { from: 'trigger' or 'asking', event } for { session, workflowId, target, id }.

/** The outcome as the trigger emitted it. */
async function outcomeOfTrigger(call) {
	say('Waiting for its outcome …');
	return await until(async () => await fromTrigger(call));
}

/** The outcome as AlloMia tells it when it is asked. */
async function outcomeByAsking(call) {
	say('Asking for its outcome …');
	return await until(async () => await fromAsking(call), interval);
}

/**
 * The outcome as the trigger emitted it; or, where AlloMia says that the call has ended and the
 * trigger has still got nothing, as AlloMia tells it.
 */
async function outcomeOfEither(call) {
	say('Waiting for its outcome …');
	let asked = 0;
	let told;
	return await until(async () => {
		const emitted = await fromTrigger(call);
		if (emitted) return emitted;
		if (told) return Date.now() - told.at > deliveryLimit && told.outcome;
		if (Date.now() - asked < interval) return undefined;
		asked = Date.now();
		const outcome = await fromAsking(call);
		if (outcome) told = { at: asked, outcome };
		return undefined;
	});
}

async function until(look, pause = 500) {
	return await workflows.until('the call to end', look, callLimit, pause);
}

async function fromTrigger({ session, workflowId, id }) {
	const event = await emitted(session, workflowId, id);
	return event && { from: 'trigger', event };
}

async function fromAsking({ target, id }) {
	const event = await askStatus(target, id);
	if (terminal.includes(event.status)) return { from: 'asking', event };
	say(`Still ${event.status} …`);
	return undefined;
}

async function emitted(session, workflowId, outboundCallId) {
	for (const { id, status } of await workflows.listExecutions(session, workflowId)) {
		if (status !== 'success') continue;
		const execution = await workflows.readExecution(session, id);
		const [[event] = []] = workflows.outputsOf(execution, 'AlloMia Trigger');
		if (event?.outboundCallId === outboundCallId) return event;
	}
	return undefined;
}

/** AlloMia's answer; without a `status` of AlloMia's, what came instead. */
async function askStatus({ baseUrl, apiKey }, outboundCallId) {
	// It is installed by the command that this is a part of. Node's own fetch knows no proxy before Node 24.
	const { EnvHttpProxyAgent, fetch } = require('undici');
	try {
		const response = await fetch(`${baseUrl}/outbound/${outboundCallId}/status`, {
			headers: { authorization: `Bearer ${apiKey}` },
			dispatcher: new EnvHttpProxyAgent(),
			signal: AbortSignal.timeout(30_000),
		});
		return response.ok ? await response.json() : { status: `unknown (HTTP ${response.status})` };
	} catch (error) {
		return { status: `unknown (${error.cause?.code ?? error.message})` };
	}
}

module.exports = { outcomeByAsking, outcomeOfEither, outcomeOfTrigger };
