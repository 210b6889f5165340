import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { admit, isAnswer } from '../shared/admit';
import { answers, isChosen, toOutput } from '../shared/callbackDoor';
import { RecentKeys } from '../shared/duplicates';
import { describeRefusals } from '../shared/refusal';
import type { CallbackBody } from '../shared/schemas';
import { reply } from '../shared/webhookIo';
import { terminalStatuses, type TerminalStatus } from '../shared/status';
import { readSettings } from './settings';

/** Events of all triggers in this process. A key has some 100 characters: about 2 MB when full. */
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
		const error = describeRefusals(settings.refusals);
		webhook.logger.error(`${webhook.getNode().name}: ${error}`);
		return reply(webhook, { status: 503, body: { error } });
	}
	const { statuses: chosen, verification, ignoreDuplicates, outputPerStatus } = settings.value;
	const keyOf = eventKeys(webhook, ignoreDuplicates);
	const admitted = await admit(webhook, verification, (event) => {
		if (!isChosen(event.status, chosen)) return answers.ignoredStatus;
		const key = keyOf(event);
		return key !== undefined && seen.has(key) ? answers.duplicate : undefined;
	});
	if (isAnswer(admitted)) return reply(webhook, admitted);

	const { event, context } = admitted;
	const key = keyOf(event);
	if (key !== undefined && !seen.add(key)) return reply(webhook, answers.duplicate);

	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(outputPerStatus, chosen);
	return {
		// n8n answers once it has the execution: a sender is never told of one that could not start.
		webhookResponse: answers.received.body,
		workflowData: order ? order.map((status) => (status === event.status ? [item] : [])) : [[item]],
	};
}

/** What makes two events the same one, or undefined where duplicates count. */
function eventKeys(
	webhook: IWebhookFunctions,
	ignoreDuplicates: boolean,
): (event: CallbackBody) => string | undefined {
	// In the editor, the user may well send the same event twice to look at it again.
	if (!ignoreDuplicates || webhook.getMode() === 'manual') return () => undefined;
	const trigger = `${webhook.getWorkflow().id}/${webhook.getNode().id}`;
	return ({ outboundCallId, status }) => `${trigger}/${outboundCallId.toLowerCase()}/${status}`;
}

/** The statuses in the order of the outputs, or undefined where all share one output. */
function outputOrder(perStatus: boolean, chosen: readonly string[]): TerminalStatus[] | undefined {
	return perStatus ? terminalStatuses.filter((status) => chosen.includes(status)) : undefined;
}
