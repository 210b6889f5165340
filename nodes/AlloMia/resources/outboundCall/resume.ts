import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import pLimit from 'p-limit';
import { connect, type Connection } from '../../../shared/api';
import { answers, readCallback, type DoorAnswer } from '../../../shared/callbackDoor';
import { verificationKey, verifyContext } from '../../../shared/callbackUrl';
import { readStatus } from '../../../shared/callStatus';
import { confirm, confirmTimeout } from '../../../shared/confirm';
import { lookAt, lookHeader, usePoster } from '../../../shared/looks';
import type { CallbackBody } from '../../../shared/schemas';
import { isTerminal } from '../../../shared/status';
import {
	pendingCalls,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from '../../../shared/waiting';
import { incoming, reply } from '../../../shared/webhookIo';
import { stateKey } from './park';

/**
 * What this process has learnt about a waiting execution. It saves requests to AlloMia and lets
 * simultaneous callbacks take turns; nothing is lost with it, since AlloMia can be asked.
 */
interface Progress {
	outcomes: Map<string, IDataObject>;
	resumed: boolean;
	/** The callback whose turn it is. */
	turn: Promise<unknown>;
}

const known = new Map<string, Progress>();

/** The most executions that are remembered. */
const capacity = 10_000;

/** How many calls are asked about at once, when the first was found to have ended. */
const concurrency = 10;

/** Answers one request to a waiting execution, and lets it go on once all its calls have ended. */
export async function resume(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const state = readState(webhook);
	const read = readCallback(incoming(webhook));
	if (!read.ok) return reply(webhook, read.answer);
	const connection = await connect(webhook);
	const { event } = read;
	const request = webhook.getRequestObject();
	const key = verificationKey(connection.apiKey);
	const signer = verifyContext(request.query, request.path, key);
	const item = state.items.find(({ call }) => call?.outboundCallId === event.outboundCallId);
	// A signed address is good for the call that it was made for, and for no other.
	if (!item || (signer && signer.itemIndex !== item.itemIndex)) {
		return reply(webhook, answers.unverified);
	}
	const look = signer !== undefined && request.headers[lookHeader] !== undefined;
	if (!look && !isTerminal(event.status)) return reply(webhook, answers.ignoredStatus);

	const progress = progressOf(state.wait);
	const turn = progress.turn.then(
		async () =>
			await settle(webhook, connection, state, progress, { event, look, signed: !!signer }),
	);
	progress.turn = turn.catch(() => undefined);
	const result = await turn;
	if (result === answers.unavailable) {
		usePoster(webhook.helpers.httpRequest);
		if (signer) lookAt(lookOf(webhook, state, event), Date.now() + 5_000);
	}
	if (!('items' in result)) return reply(webhook, result);
	reply(webhook, answers.received);
	return { noWebhookResponse: true, workflowData: waitingOutputs(webhook.getNode(), result) };
}

interface Arrival {
	event: CallbackBody;
	/** Whether it is our own request to see how the calls stand. */
	look: boolean;
	signed: boolean;
}

/** What to answer, or the state to go on with. */
async function settle(
	webhook: IWebhookFunctions,
	connection: Connection,
	state: WaitingState,
	progress: Progress,
	{ event, look, signed }: Arrival,
): Promise<DoorAnswer | WaitingState> {
	const { outboundCallId: id } = event;
	if (progress.resumed || (!look && progress.outcomes.has(id))) return answers.duplicate;
	const outcomes = new Map(progress.outcomes);
	if (!look) {
		const word = signed ? { event } : await confirm(webhook, connection, id);
		if ('answer' in word) return word.answer;
		if (!isTerminal(word.event.status)) return answers.ignoredStatus;
		outcomes.set(id, word.event);
	}
	const timeUp = Date.now() >= state.deadline;
	const rest = await askRest(webhook, connection, state, outcomes, timeUp);
	// Only now: a callback that ends in "try again" must not count as seen.
	if (rest === 'unavailable') return answers.unavailable;
	for (const [call, outcome] of outcomes) progress.outcomes.set(call, outcome);
	if (rest === 'calling') return look ? answers.ignoredStatus : answers.received;
	progress.resumed = true;
	return { ...state, items: withOutcomes(state.items, outcomes) };
}

/**
 * Asks AlloMia about the calls that are not known to have ended, until the first that is still
 * calling; once the limit is over, about all of them. What it learns is added to `outcomes`.
 */
async function askRest(
	webhook: IWebhookFunctions,
	connection: Connection,
	state: WaitingState,
	outcomes: Map<string, IDataObject>,
	timeUp: boolean,
): Promise<'ended' | 'calling' | 'unavailable'> {
	const pending = pendingCalls(withOutcomes(state.items, outcomes));
	const limit = pLimit(concurrency);
	for (let next = 0, size = 1; next < pending.length; next += size, size = concurrency) {
		const batch = pending.slice(next, next + size);
		const statuses = await limit.map(
			batch,
			async (id) => await readStatus(webhook, connection, id, confirmTimeout),
		);
		for (const [index, status] of statuses.entries()) {
			if (status.ok && isTerminal(status.value.status)) {
				outcomes.set(batch[index] ?? '', status.value);
			}
		}
		if (timeUp) continue;
		if (statuses.some((status) => !status.ok)) return 'unavailable';
		if (statuses.some((status) => status.ok && !isTerminal(status.value.status))) return 'calling';
	}
	return 'ended';
}

function readState(webhook: IWebhookFunctions): WaitingState {
	const node = JSON.stringify(webhook.getNode().name);
	const stored = webhook.evaluateExpression(
		`{{ $(${node}).context[${JSON.stringify(stateKey)}] }}`,
	);
	return JSON.parse(String(stored)) as WaitingState;
}

function lookOf(
	webhook: IWebhookFunctions,
	{ wait }: WaitingState,
	{ outboundCallId, contactId }: CallbackBody,
) {
	const request = webhook.getRequestObject();
	const resumeUrl = new URL(String(webhook.evaluateExpression('{{ $execution.resumeUrl }}')));
	return {
		key: wait,
		url: `${resumeUrl.origin}${resumeUrl.pathname}${new URL(request.originalUrl, resumeUrl).search}`,
		event: { outboundCallId, contactId, status: 'calling' },
	};
}

function progressOf(wait: string): Progress {
	const found = known.get(wait);
	if (found) return found;
	const fresh = {
		outcomes: new Map<string, IDataObject>(),
		resumed: false,
		turn: Promise.resolve(),
	};
	known.set(wait, fresh);
	if (known.size > capacity) {
		const [oldest] = known.keys();
		if (oldest !== undefined) known.delete(oldest);
	}
	return fresh;
}
