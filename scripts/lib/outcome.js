const { minute, say } = require('./run');
const workflows = require('./workflows');

/** The timeout of a call, in ms. */
const callLimit = 30 * minute;

/** The interval at which AlloMia is asked, in ms. */
const interval = 5_000;

/** The timeout of the trigger once the call has ended according to AlloMia, in ms. */
const deliveryLimit = 20_000;

const terminal = ['completed', 'failed', 'busy', 'no-answer'];

// Each of these takes { session, workflowId, target, id } and returns { from: 'trigger' or 'asking', event }.

/** The outcome in the trigger's output. */
async function outcomeOfTrigger(call) {
	say('Waiting for its outcome …');
	return await until(async () => await fromTrigger(call));
}

/** The outcome from AlloMia's API. */
async function outcomeByAsking(call) {
	say('Asking for its outcome …');
	return await until(async () => await fromAsking(call), interval);
}

/**
 * The outcome in the trigger's output, or from AlloMia's API if the call has ended and the trigger has not received
 * anything.
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

/** AlloMia's response; without a `status`, whatever came instead. */
async function askStatus({ baseUrl, apiKey }, outboundCallId) {
	// Imported here, since the command installs it. Node's own fetch supports no proxy before Node.js 24.
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
