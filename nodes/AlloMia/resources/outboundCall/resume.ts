import {
	sleep,
	type IDataObject,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { admit, isAnswer } from '../../../shared/admit';
import { connect, type Connection } from '../../../shared/api';
import { answers } from '../../../shared/callbackDoor';
import { readStatuses, sameCall } from '../../../shared/callStatus';
import {
	grace,
	lookHeader,
	lookSoon,
	soon,
	usePoster,
	watch,
	type Look,
} from '../../../shared/looks';
import type { CallbackBody } from '../../../shared/schemas';
import { isTerminal } from '../../../shared/status';
import {
	pendingCalls,
	waitingOutputs,
	withOutcomes,
	type WaitingItem,
	type WaitingState,
} from '../../../shared/waiting';
import { reply } from '../../../shared/webhookIo';
import { stateKey } from './park';
import { outcomeUrl } from './resumeUrl';

/**
 * What this process has learnt about a waiting execution. It saves requests to AlloMia; nothing is
 * lost with it, since AlloMia can be asked.
 */
interface Progress {
	/** When the wait is over, in ms since 1970. */
	deadline: number;
	/** By the calls' ids. */
	outcomes: Map<string, IDataObject>;
	/** When the last of them came by a callback, in ms since 1970. */
	lastCallback: number;
	/** Whether AlloMia is just being asked. */
	asking: boolean;
	/** When the execution was told to go on, in ms since 1970. */
	resumedAt?: number;
}

const known = new Map<string, Progress>();

/** The most executions and outcomes that are remembered. */
const capacity = { waits: 10_000, outcomes: 100_000 };

/** How long n8n may take to go on, in ms. If a request reaches us after that, it has not. */
const resumeTime = 30_000;

/** How long AlloMia may take to tell how the calls stand, in ms, and one status request of these. */
const askFor = 15_000;
const timeout = 8_000;

/** How many calls are asked about at once, when the first was found to have ended. */
const batchSize = 10;

/** Answers one request to a waiting execution, and lets it go on once all its calls have ended. */
export async function resume(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const state = readState(webhook);
	const progress = progressOf(state);
	const { headers } = webhook.getRequestObject();
	const saysLook = headers[lookHeader] !== undefined;
	// Once the limit is over, the execution goes on whoever asks. The API key may be another by now, so
	// that our own address is no longer known for ours, or not to be had.
	if (saysLook && isTimeUp(state)) {
		if (isResumed(progress)) return reply(webhook, answers.duplicate);
		return (await settle(webhook, state, progress)) ?? reply(webhook, answers.ignoredStatus);
	}
	let item: WaitingItem | undefined;
	const admitted = await admit(webhook, 'auto', (event, signer) => {
		item = state.items.find(({ call }) =>
			sameCall(String(call?.outboundCallId), event.outboundCallId),
		);
		// A signed address is good for the call that it was made for, and for no other.
		if (!item || (signer && signer.itemIndex !== item.itemIndex)) return answers.unverified;
		if (saysLook && signer) return isResumed(progress) ? answers.duplicate : undefined;
		if (!isTerminal(event.status)) return answers.ignoredStatus;
		return isResumed(progress) || progress.outcomes.has(idOf(item)) ? answers.duplicate : undefined;
	});
	if (isAnswer(admitted)) return reply(webhook, admitted);

	const { event, context, connection } = admitted;
	const isLook = saysLook && context !== undefined;
	if (!isLook) {
		// While AlloMia was asked about it, another request may have brought the same.
		if (!item || isResumed(progress) || progress.outcomes.has(idOf(item))) {
			return reply(webhook, answers.duplicate);
		}
		progress.outcomes.set(idOf(item), event);
		progress.lastCallback = Date.now();
	}
	// The others' outcomes may have come to another process, or to this one before a restart. A
	// callback with our signature does not wait for that: a look follows soon.
	const askNow = isTimeUp(state) || (isLook ? !isBusy(progress) : !context);
	const resumed = askNow
		? await settle(webhook, state, progress, connection)
		: goOnIfOver(webhook, state, progress);
	if (resumed) return resumed;
	if (isLook) return reply(webhook, answers.ignoredStatus);
	if (context) {
		// Also for an execution that another process has parked, or this one before a restart.
		usePoster(webhook.helpers.httpRequest);
		const look = lookOf(webhook, state, event);
		lookSoon(look);
		watch(look);
	}
	return reply(webhook, answers.received);
}

/** Asks AlloMia about what is open, and lets the execution go on if it is over then. */
async function settle(
	webhook: IWebhookFunctions,
	state: WaitingState,
	progress: Progress,
	connection?: Connection,
): Promise<IWebhookResponseData | undefined> {
	progress.asking = true;
	try {
		await askRest(webhook, connection ?? (await connect(webhook)), state, progress);
	} catch (error) {
		// What is known goes on without it.
		webhook.logger.warn(`${webhook.getNode().name}: ${(error as Error).message}`);
	} finally {
		progress.asking = false;
	}
	return goOnIfOver(webhook, state, progress);
}

/** Lets the execution go on if all its calls have ended, or the limit is over. */
function goOnIfOver(
	webhook: IWebhookFunctions,
	state: WaitingState,
	progress: Progress,
): IWebhookResponseData | undefined {
	const items = withOutcomes(state.items, progress.outcomes);
	if (isResumed(progress) || (pendingCalls(items).length > 0 && !isTimeUp(state))) return undefined;
	progress.resumedAt = Date.now();
	progress.outcomes.clear();
	return {
		webhookResponse: answers.received.body,
		workflowData: waitingOutputs(webhook.getNode(), { ...state, items }),
	};
}

/**
 * Asks AlloMia about the calls that are not known to have ended, until the first that is still
 * calling; once the limit is over, about all of them.
 */
async function askRest(
	webhook: IWebhookFunctions,
	connection: Connection,
	state: WaitingState,
	progress: Progress,
): Promise<void> {
	const { outcomes } = progress;
	const begun = Date.now();
	const until = begun + askFor;
	const asked = new Set<string>();
	for (let size = 1; ; size = batchSize) {
		const pending = pendingCalls(withOutcomes(state.items, outcomes));
		const batch = pending
			.filter((id) => !asked.has(id))
			.slice(0, isTimeUp(state) ? Infinity : size);
		if (batch.length === 0) return;
		const statuses = await readStatuses(webhook, connection, batch, { timeout, until });
		for (const id of batch) {
			asked.add(id);
			const status = statuses.get(id);
			if (status && isTerminal(status.status)) outcomes.set(id, status);
		}
		if (isTimeUp(state)) continue;
		if (batch.some((id) => !outcomes.has(id))) return;
		// It has ended without our knowledge, but perhaps its callback is only just coming, with more.
		const open = pendingCalls(withOutcomes(state.items, outcomes));
		if (size === 1 && open.length > 0) await sleep(soon);
		if (progress.lastCallback > begun) return;
	}
}

/** Whether callbacks are just coming in, or AlloMia is being asked: no need to ask as well. */
const isBusy = ({ lastCallback, asking }: Progress): boolean =>
	asking || Date.now() - lastCallback < soon * 0.9;

const isTimeUp = ({ deadline }: WaitingState): boolean => Date.now() >= deadline;

const idOf = ({ call }: WaitingItem): string => String(call?.outboundCallId);

function isResumed({ resumedAt }: Progress): boolean {
	return resumedAt !== undefined && Date.now() - resumedAt < resumeTime;
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
	{ wait, deadline }: WaitingState,
	{ outboundCallId, contactId }: CallbackBody,
): Look {
	const { originalUrl } = webhook.getRequestObject();
	const url = new URL(outcomeUrl(String(webhook.evaluateExpression('{{ $execution.resumeUrl }}'))));
	// The signature is the one that the request came with.
	url.search = new URL(originalUrl, url).search;
	return {
		wait,
		url: url.href,
		event: { outboundCallId, contactId, status: 'calling' },
		deadline,
	};
}

/** What is known of a wait. Waits that another process resumed are forgotten after their limit. */
function progressOf({ wait, deadline }: WaitingState): Progress {
	const found = known.get(wait);
	if (found) return found;
	const fresh: Progress = { deadline, outcomes: new Map(), lastCallback: 0, asking: false };
	known.set(wait, fresh);
	let outcomes = 0;
	for (const progress of known.values()) outcomes += progress.outcomes.size;
	for (const [oldest, progress] of known) {
		const isOver = Date.now() > progress.deadline + grace;
		const isTooMuch = known.size > capacity.waits || outcomes > capacity.outcomes;
		if (oldest === wait || !(isOver || isTooMuch)) break;
		outcomes -= progress.outcomes.size;
		known.delete(oldest);
	}
	return fresh;
}
