import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { authenticate, isResponse } from '../shared/callbacks/authenticate';
import { responses } from '../shared/callbacks/responses';
import { RecentKeys } from './deduplication';
import { describeIssues } from '../shared/values/validation';
import type { CallbackBody } from '../shared/api/schemas';
import { respond } from '../shared/callbacks/webhook';
import { terminalStatuses, type TerminalStatus } from '../shared/api/terminalStatus';
import { isChosen, toOutput } from './event';
import { readSettings } from './settings';

/** The events of all triggers in this process. A key has some 50 characters, so it takes up to 1 MB. */
const seen = new RecentKeys(10_000);

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
	const authenticated = await authenticate(webhook, trigger, verification, (event) => {
		if (!isChosen(event.status, chosen)) return responses.ignoredStatus;
		return ignoresDuplicates && seen.has(trigger, keyOf(event)) ? responses.duplicate : undefined;
	});
	if (isResponse(authenticated)) return respond(webhook, authenticated);

	const { event, context } = authenticated;
	if (ignoresDuplicates && !seen.add(trigger, keyOf(event)))
		return respond(webhook, responses.duplicate);

	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(outputPerStatus, chosen);
	return {
		// n8n responds once it has started the execution, so that the sender learns if it could not.
		webhookResponse: responses.received.body,
		workflowData: order ? order.map((status) => (status === event.status ? [item] : [])) : [[item]],
	};
}

/** Identifies an event of a trigger. */
function keyOf({ outboundCallId, status }: CallbackBody): string {
	return `${outboundCallId.toLowerCase()}/${status}`;
}

/** The statuses in the order of the outputs; undefined if there is one output. */
function outputOrder(perStatus: boolean, chosen: readonly string[]): TerminalStatus[] | undefined {
	return perStatus ? terminalStatuses.filter((status) => chosen.includes(status)) : undefined;
}
