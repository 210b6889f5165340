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

/** Events of all triggers in this process. A key has some 50 characters: about 1 MB when full. */
const seen = new RecentKeys(10_000);

/** Answers one request to the trigger's webhook, whatever it is, and starts the workflow or not. */
export async function receive(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const settings = readSettings({
		statuses: webhook.getNodeParameter('statuses', undefined),
		verification: webhook.getNodeParameter('verification', undefined),
		options: webhook.getNodeParameter('options', {}),
	} as IDataObject);
	if (!settings.ok) {
		// The sender may come again once that is put right.
		const error = describeIssues(settings.issues);
		webhook.logger.error(`${webhook.getNode().name}: ${error}`);
		return respond(webhook, { status: 503, body: { error } });
	}
	const { statuses: chosen, verification, ignoreDuplicates, outputPerStatus } = settings.value;
	const trigger = `${webhook.getWorkflow().id}/${webhook.getNode().id}`;
	// In the editor, the user may well send the same event twice to look at it again.
	const ignoresAgain = ignoreDuplicates && webhook.getMode() !== 'manual';
	const admitted = await authenticate(webhook, trigger, verification, (event) => {
		if (!isChosen(event.status, chosen)) return responses.ignoredStatus;
		return ignoresAgain && seen.has(trigger, keyOf(event)) ? responses.duplicate : undefined;
	});
	if (isResponse(admitted)) return respond(webhook, admitted);

	const { event, context } = admitted;
	if (ignoresAgain && !seen.add(trigger, keyOf(event)))
		return respond(webhook, responses.duplicate);

	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(outputPerStatus, chosen);
	return {
		// n8n answers once it has the execution: a sender is never told of one that could not start.
		webhookResponse: responses.received.body,
		workflowData: order ? order.map((status) => (status === event.status ? [item] : [])) : [[item]],
	};
}

/** What makes two events of a trigger the same one. */
function keyOf({ outboundCallId, status }: CallbackBody): string {
	return `${outboundCallId.toLowerCase()}/${status}`;
}

/** The statuses in the order of the outputs, or undefined where all share one output. */
function outputOrder(perStatus: boolean, chosen: readonly string[]): TerminalStatus[] | undefined {
	return perStatus ? terminalStatuses.filter((status) => chosen.includes(status)) : undefined;
}
