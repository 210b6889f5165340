import {
	sleep,
	type IDataObject,
	type INodeExecutionData,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { authenticate, isResponse } from '../shared/callbacks/authenticate';
import { KeyedLimiter } from '../shared/callbacks/keyedLimiter';
import { responses, type CallbackResponse } from '../shared/callbacks/responses';
import { RecentKeys } from './deduplication';
import { describeIssues } from '../shared/values/validation';
import type { CallbackBody } from '../shared/api/schemas';
import { respond } from '../shared/callbacks/webhook';
import { terminalStatuses, type TerminalStatus } from '../shared/api/terminalStatus';
import { isChosen, toOutput } from './event';
import { readSettings } from './settings';

/** The events of all triggers in this process. A key has some 50 characters, so it takes up to 1 MB. */
const seen = new RecentKeys(10_000);

/** The events for which n8n is starting an execution, by trigger and key. Resolves to whether it could. */
const starting = new Map<string, Promise<boolean>>();

/** The copies of such events, which wait. */
const copies = new KeyedLimiter(50);

/** How many of them may wait at a trigger. */
const mostCopies = 12;

/** How long they wait, in ms. */
const patience = 10_000;

/** How long n8n may take to start an execution, and how often to look whether it has responded, in ms. */
const longestStart = 5 * 60_000;
const pollInterval = 100;

/** Handles a request to the trigger's webhook, and starts the workflow if it is a chosen event. */
export async function receive(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const settings = readSettings({
		statuses: webhook.getNodeParameter('statuses', undefined),
		verification: webhook.getNodeParameter('verification', undefined),
		options: webhook.getNodeParameter('options', {}),
	} as IDataObject);
	if (!settings.ok) {
		// The sender may try again once that is corrected.
		const error = describeIssues(settings.issues);
		webhook.logger.error(`${webhook.getNode().name}: ${error}`);
		return respond(webhook, { status: 503, body: { error } });
	}
	const { statuses: chosen, verification, ignoreDuplicates, outputPerStatus } = settings.value;
	const trigger = `${webhook.getWorkflow().id}/${webhook.getNode().id}`;
	// In the editor, users send the same event repeatedly while testing.
	const ignoresDuplicates = ignoreDuplicates && webhook.getMode() !== 'manual';
	const isKnown = (key: string) =>
		ignoresDuplicates && seen.has(trigger, key) && !starting.has(`${trigger}/${key}`);
	const authenticated = await authenticate(webhook, trigger, verification, (event) => {
		if (!isChosen(event.status, chosen)) return responses.ignoredStatus;
		return isKnown(keyOf(event)) ? responses.duplicate : undefined;
	});
	if (isResponse(authenticated)) return respond(webhook, authenticated);

	const { event, context } = authenticated;
	if (ignoresDuplicates) {
		const refused = await claim(webhook, trigger, keyOf(event));
		if (refused) return respond(webhook, refused);
	}

	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(outputPerStatus, chosen);
	return {
		// n8n responds once it has started the execution, so that the sender learns if it could not.
		webhookResponse: responses.received.body,
		workflowData: order ? order.map((status) => (status === event.status ? [item] : [])) : [[item]],
	};
}

/**
 * Claims an event for this request, unless another one has. If n8n cannot start an execution for it, its sender gets an
 * error, and may send it again.
 * @returns the response if another request has it
 */
async function claim(
	webhook: IWebhookFunctions,
	trigger: string,
	key: string,
): Promise<CallbackResponse | undefined> {
	const name = `${trigger}/${key}`;
	let limit: Promise<undefined> | undefined;
	for (;;) {
		const other = starting.get(name);
		if (!other) {
			if (seen.add(trigger, key)) break;
			return responses.duplicate;
		}
		limit ??= sleep(patience).then(() => undefined);
		const decided = Promise.race([other, limit]);
		const hasStarted = await copies.run(trigger, mostCopies, async () => await decided);
		if (hasStarted === undefined) return responses.starting;
		if (hasStarted) return responses.duplicate;
	}
	const start = isStarted(webhook).then((hasStarted) => {
		starting.delete(name);
		if (!hasStarted) seen.remove(trigger, key);
		return hasStarted;
	});
	starting.set(name, start);
	return undefined;
}

/** Whether n8n starts the workflow, by its response; assumed if there is none for minutes. */
async function isStarted(webhook: IWebhookFunctions): Promise<boolean> {
	const response = webhook.getResponseObject();
	const finished = new Promise((resolve) => response.once('finish', resolve));
	const end = Date.now() + longestStart;
	// A response does not finish if its sender has left.
	while (!response.headersSent && Date.now() < end) {
		await Promise.race([finished, sleep(pollInterval)]);
	}
	return response.statusCode < 400;
}

/** Identifies an event of a trigger. */
function keyOf({ outboundCallId, status }: CallbackBody): string {
	return `${outboundCallId.toLowerCase()}/${status}`;
}

/** The statuses in the order of the outputs; undefined if there is one output. */
function outputOrder(perStatus: boolean, chosen: readonly string[]): TerminalStatus[] | undefined {
	return perStatus ? terminalStatuses.filter((status) => chosen.includes(status)) : undefined;
}
