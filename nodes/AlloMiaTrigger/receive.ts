import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { connect } from '../shared/api';
import {
	answers,
	isChosen,
	judge,
	readCallback,
	toOutput,
	type DoorAnswer,
	type Verification,
} from '../shared/callbackDoor';
import { readContext, type CallbackContext } from '../shared/callbackUrl';
import { confirm } from '../shared/confirm';
import { RecentKeys } from '../shared/duplicates';
import type { CallbackBody, StatusAnswer } from '../shared/schemas';
import { incoming, reply } from '../shared/webhookIo';
import { terminalStatuses, type TerminalStatus } from '../shared/status';
import { verifySignature } from './verify';

/** Events of all triggers in this process. A key has some 100 characters: about 2 MB when full. */
const seen = new RecentKeys(10_000);

/** A callback that was found genuine. */
interface Genuine {
	event: CallbackBody | StatusAnswer;
	context: CallbackContext | undefined;
}

/** Answers one request to the trigger's webhook, whatever it is, and starts the workflow or not. */
export async function receive(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const chosen = webhook.getNodeParameter('statuses', []) as string[];
	const options = webhook.getNodeParameter('options', {}) as IDataObject;
	const read = readCallback(incoming(webhook));
	if (!read.ok) return reply(webhook, read.answer);

	const keyOf = eventKeys(webhook, options);
	const verified = await verify(webhook, read.event, chosen, keyOf);
	if ('status' in verified) return reply(webhook, verified);

	const { event, context } = verified;
	if (!isChosen(event.status, chosen)) return reply(webhook, answers.ignoredStatus);
	const key = keyOf(event);
	if (key !== undefined && !seen.add(key)) return reply(webhook, answers.duplicate);

	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(options.outputPerStatus === true, chosen);
	return {
		// n8n answers once it has the execution: a sender is never told of one that could not start.
		webhookResponse: answers.received.body,
		workflowData: order ? order.map((status) => (status === event.status ? [item] : [])) : [[item]],
	};
}

/** Makes sure that an event is genuine, or gives the answer for one that is not or starts nothing. */
async function verify(
	webhook: IWebhookFunctions,
	event: CallbackBody,
	chosen: readonly string[],
	keyOf: (event: CallbackBody) => string | undefined,
): Promise<Genuine | DoorAnswer> {
	const verification = webhook.getNodeParameter('verification', 'auto') as Verification;
	if (verification === 'none') {
		return { event, context: readContext(webhook.getRequestObject().query) };
	}
	try {
		const { context, connection } = await verifySignature(webhook);
		const verdict = judge(verification, context !== undefined);
		if (verdict.kind === 'genuine') return { event, context };
		if (verdict.kind === 'refuse') return verdict.answer;

		// Nothing is asked about events that would start nothing anyway.
		if (!isChosen(event.status, chosen)) return answers.ignoredStatus;
		const key = keyOf(event);
		if (key !== undefined && seen.has(key)) return answers.duplicate;
		const word = await confirm(
			webhook,
			connection ?? (await connect(webhook)),
			event.outboundCallId,
		);
		return 'answer' in word ? word.answer : { event: word.event, context: undefined };
	} catch (error) {
		// The credential is gone or unusable. The sender may come again once that is put right.
		const { message } = error as Error;
		webhook.logger.error(`${webhook.getNode().name}: a callback could not be checked. ${message}`);
		return answers.unavailable;
	}
}

/** What makes two events the same one, or undefined where duplicates count. */
function eventKeys(
	webhook: IWebhookFunctions,
	{ ignoreDuplicates = true }: IDataObject,
): (event: CallbackBody) => string | undefined {
	// In the editor, the user may well send the same event twice to look at it again.
	if (ignoreDuplicates === false || webhook.getMode() === 'manual') return () => undefined;
	const trigger = `${webhook.getWorkflow().id}/${webhook.getNode().id}`;
	return ({ outboundCallId, status }) => `${trigger}/${outboundCallId.toLowerCase()}/${status}`;
}

/** The statuses in the order of the outputs, or undefined where all share one output. */
function outputOrder(perStatus: boolean, chosen: readonly string[]): TerminalStatus[] | undefined {
	return perStatus ? terminalStatuses.filter((status) => chosen.includes(status)) : undefined;
}
