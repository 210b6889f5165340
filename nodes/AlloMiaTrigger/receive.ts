import type {
	IDataObject,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { connect, type Connection } from '../shared/api';
import {
	answers,
	believe,
	isChosen,
	judge,
	readCallback,
	toOutput,
	type DoorAnswer,
	type Verification,
} from '../shared/callbackDoor';
import { readContext, verifyContext, type CallbackContext } from '../shared/callbackUrl';
import { readStatus } from '../shared/callStatus';
import { RecentKeys } from '../shared/duplicates';
import type { CallbackBody, StatusAnswer } from '../shared/schemas';
import { incoming, reply } from '../shared/webhookIo';
import { terminalStatuses, type TerminalStatus } from '../shared/status';

/** How long AlloMia may take to confirm an unsigned callback, in ms: its sender is waiting. */
const lookUpTimeout = 8_000;

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

	reply(webhook, answers.received);
	const item: INodeExecutionData = { json: toOutput(event, context) };
	const order = outputOrder(options.outputPerStatus === true, chosen);
	return {
		noWebhookResponse: true,
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
	const { query, path } = webhook.getRequestObject();
	if (verification === 'none') return { event, context: readContext(query) };

	const connection = await connect(webhook);
	const context = verifyContext(query, path, connection.apiKey);
	const verdict = judge(verification, context !== undefined);
	if (verdict.kind === 'genuine') return { event, context };
	if (verdict.kind === 'refuse') return verdict.answer;

	// Nothing is asked about events that would start nothing anyway.
	if (!isChosen(event.status, chosen)) return answers.ignoredStatus;
	const key = keyOf(event);
	if (key !== undefined && seen.has(key)) return answers.duplicate;
	return await ask(webhook, connection, event);
}

async function ask(
	webhook: IWebhookFunctions,
	connection: Connection,
	{ outboundCallId }: CallbackBody,
): Promise<Genuine | DoorAnswer> {
	const asked = await readStatus(webhook, connection, outboundCallId, lookUpTimeout);
	const believed = believe(asked, outboundCallId);
	return believed.ok ? { event: believed.event, context: undefined } : believed.answer;
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
