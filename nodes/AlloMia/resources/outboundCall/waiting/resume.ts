import {
	sleep,
	type IDataObject,
	type IRunExecutionData,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { authenticate, isResponse } from '../../../../shared/callbacks/authenticate';
import { connect, type Connection } from '../../../../shared/api/client';
import { responses } from '../../../../shared/callbacks/responses';
import { readStatuses } from '../../../../shared/api/callStatus';
import {
	grace,
	reconciliationHeader,
	reconcileSoon,
	soon,
	useHttpRequest,
	reconcileUntilDeadline,
	type Reconciliation,
} from './reconciliation';
import type { CallbackBody } from '../../../../shared/api/schemas';
import { isTerminal } from '../../../../shared/api/terminalStatus';
import {
	isSettled,
	pairedSource,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from './waitingState';
import { respond } from '../../../../shared/callbacks/webhook';
import { stateKey, waitKey } from './park';
import { WaitCache } from './waitCache';
import { outcomeUrl } from '../callback/resumeUrl';

/**
 * What this process has learnt about a waiting execution. It saves requests to AlloMia; nothing is
 * lost with it, since AlloMia can be asked.
 */
interface Progress {
	/** The name of the wait. */
	wait: string;
	/** When the wait is over, in ms since 1970. */
	deadline: number;
	/** By the calls' ids in lower case. */
	calls: ReadonlyMap<string, WaitingCall>;
	/** Those of which no outcome is known. */
	open: Set<WaitingCall>;
	/** By the calls' ids. */
	outcomes: Map<string, IDataObject>;
	/** When the last of them came by a callback, in ms since 1970. */
	lastCallback: number;
	/** Whether AlloMia is just being asked. */
	asking: boolean;
	/** When the execution was told to go on, in ms since 1970. */
	resumedAt?: number;
}

/** What n8n has of the execution that a webhook belongs to, beyond what it shows to nodes. */
interface Execution {
	runExecutionData: IRunExecutionData | null;
}

interface WaitingCall {
	id: string;
	itemIndex: number;
}

const known = new WaitCache<Progress>({ waits: 10_000, calls: 100_000 });

/** How long n8n may take to go on, in ms. If a request reaches us after that, it has not. */
const resumeTime = 30_000;

/** How long AlloMia may take to tell how the calls stand, in ms, and one status request of these. */
const askFor = 15_000;
const timeout = 8_000;

/** How long after the limit AlloMia is asked again where it did not get to all calls, in ms. */
const lastAsking = grace / 2;

/** How many calls are asked about, when the first was found to have ended, and once the limit is over. */
const batchSize = 10;
const manyAtOnce = 100;

/** Answers one request to a waiting execution, and lets it go on once all its calls have ended. */
export async function resume(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const progress = progressOf(webhook);
	const { headers } = webhook.getRequestObject();
	const saysLook = headers[reconciliationHeader] !== undefined;
	// Once the limit is over, the execution goes on whoever asks. The API key may be another by now, so
	// that our own address is no longer known for ours, or not to be had.
	if (saysLook && isTimeUp(progress)) {
		if (isResumed(progress)) return respond(webhook, responses.duplicate);
		if (progress.asking) return respond(webhook, responses.ignoredStatus);
		return (await settle(webhook, progress)) ?? respond(webhook, responses.ignoredStatus);
	}
	let call: WaitingCall | undefined;
	const admitted = await authenticate(webhook, progress.wait, 'auto', (event, signer) => {
		call = progress.calls.get(event.outboundCallId.toLowerCase());
		// A signed address is good for the call that it was made for, and for no other.
		if (!call || (signer && signer.itemIndex !== call.itemIndex)) return responses.unverified;
		if (saysLook && signer) return isResumed(progress) ? responses.duplicate : undefined;
		if (!isTerminal(event.status)) return responses.ignoredStatus;
		return isResumed(progress) || !progress.open.has(call) ? responses.duplicate : undefined;
	});
	if (isResponse(admitted)) return respond(webhook, admitted);

	const { event, context, connection } = admitted;
	const isLook = saysLook && context !== undefined;
	if (!isLook) {
		// While AlloMia was asked about it, another request may have brought the same.
		if (!call || isResumed(progress) || !progress.open.has(call)) {
			return respond(webhook, responses.duplicate);
		}
		learn(progress, call, event);
		progress.lastCallback = Date.now();
	}
	// The others' outcomes may have come to another process, or to this one before a restart. A
	// callback with our signature does not wait for that: a look follows soon.
	const isDue = isTimeUp(progress) || (isLook ? !isBusy(progress) : !context);
	const resumed =
		isDue && !progress.asking
			? await settle(webhook, progress, connection)
			: goOnIfOver(webhook, progress, false);
	if (resumed) return resumed;
	if (isLook) return respond(webhook, responses.ignoredStatus);
	if (context) {
		// Also for an execution that another process has parked, or this one before a restart.
		useHttpRequest(webhook.helpers.httpRequest);
		const look = lookOf(webhook, progress, event);
		reconcileSoon(look);
		reconcileUntilDeadline(look);
	}
	return respond(webhook, responses.received);
}

/** Asks AlloMia about what is open, and lets the execution go on if it is over then. */
async function settle(
	webhook: IWebhookFunctions,
	progress: Progress,
	connection?: Connection,
): Promise<IWebhookResponseData | undefined> {
	progress.asking = true;
	let isDone = true;
	try {
		isDone = await askRest(webhook, connection ?? (await connect(webhook)), progress);
	} catch (error) {
		// What is known goes on without it.
		webhook.logger.warn(`${webhook.getNode().name}: ${(error as Error).message}`);
	} finally {
		progress.asking = false;
	}
	return goOnIfOver(webhook, progress, isDone || Date.now() > progress.deadline + lastAsking);
}

/**
 * Lets the execution go on if all its calls have ended, or the limit is over.
 * @param isDone whether nothing more is to be learnt once the limit is over
 */
function goOnIfOver(
	webhook: IWebhookFunctions,
	progress: Progress,
	isDone: boolean,
): IWebhookResponseData | undefined {
	const { calls, open, outcomes } = progress;
	if (isResumed(progress)) return undefined;
	if (open.size > 0 && !(isDone && isTimeUp(progress))) return undefined;
	const state = readState(webhook);
	const items = withOutcomes(state.items, outcomes);
	progress.resumedAt = Date.now();
	// Should n8n not go on, AlloMia is asked again.
	for (const call of calls.values()) if (outcomes.delete(call.id)) open.add(call);
	const workflowData = waitingOutputs(webhook.getNode(), { ...state, items });
	const { runExecutionData } = webhook as Partial<Execution>;
	const entry = runExecutionData?.executionData?.nodeExecutionStack[0];
	if (entry)
		entry.source = pairedSource(workflowData, state.source ?? entry.source?.main?.[0] ?? undefined);
	return { webhookResponse: responses.received.body, workflowData };
}

/**
 * Asks AlloMia about the calls that are not known to have ended, until the first that is still
 * calling; once the limit is over, about all of them. Those that it does not get to come first next time.
 * @returns whether it is of no use to ask about more
 */
async function askRest(
	webhook: IWebhookFunctions,
	connection: Connection,
	progress: Progress,
): Promise<boolean> {
	const { open } = progress;
	const begun = Date.now();
	const until = begun + askFor;
	const left = new Set(open);
	let answered = 0;
	for (let size = 1; left.size > 0; size = batchSize) {
		const batch = [...left].slice(0, isTimeUp(progress) ? manyAtOnce : size);
		const ids = batch.map(({ id }) => id);
		const statuses = await readStatuses(webhook, connection, ids, { timeout, until });
		for (const call of batch) {
			left.delete(call);
			const status = statuses.get(call.id);
			if (status && isTerminal(status.status)) {
				learn(progress, call, status);
			} else if (open.delete(call)) {
				open.add(call);
			}
		}
		answered += statuses.size;
		if (isTimeUp(progress)) {
			// Where AlloMia answers nothing, it is of no use to ask again.
			if (Date.now() > until) return answered === 0;
			continue;
		}
		if (batch.some((call) => open.has(call))) return true;
		// It has ended without our knowledge, but perhaps its callback is only just coming, with more.
		if (size === 1 && open.size > 0) await sleep(soon);
		if (progress.lastCallback > begun) return true;
	}
	return true;
}

/** Keeps what became of a call. */
function learn({ open, outcomes }: Progress, call: WaitingCall, outcome: IDataObject): void {
	open.delete(call);
	outcomes.set(call.id, outcome);
}

/** Whether callbacks are just coming in, or AlloMia is being asked: no need to ask as well. */
const isBusy = ({ lastCallback, asking }: Progress): boolean =>
	asking || Date.now() - lastCallback < soon * 0.9;

const isTimeUp = ({ deadline }: Progress): boolean => Date.now() >= deadline;

function isResumed({ resumedAt }: Progress): boolean {
	return resumedAt !== undefined && Date.now() - resumedAt < resumeTime;
}

/** What the node has stored at the parking. */
function stored(webhook: IWebhookFunctions, key: string): unknown {
	const node = JSON.stringify(webhook.getNode().name);
	return webhook.evaluateExpression(`{{ $(${node}).context[${JSON.stringify(key)}] }}`);
}

function readState(webhook: IWebhookFunctions): WaitingState {
	return JSON.parse(String(stored(webhook, stateKey))) as WaitingState;
}

function lookOf(
	webhook: IWebhookFunctions,
	{ wait, deadline }: Progress,
	{ outboundCallId, contactId }: CallbackBody,
): Reconciliation {
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
function progressOf(webhook: IWebhookFunctions): Progress {
	const name = stored(webhook, waitKey);
	const found = known.get(String(name));
	if (found) return found;
	const { wait, deadline, items } = readState(webhook);
	const calls = new Map<string, WaitingCall>();
	const open = new Set<WaitingCall>();
	for (const item of items) {
		if (item.call === undefined) continue;
		const call = { id: String(item.call.outboundCallId), itemIndex: item.itemIndex };
		calls.set(call.id.toLowerCase(), call);
		if (!isSettled(item)) open.add(call);
	}
	const outcomes = new Map<string, IDataObject>();
	const fresh = { wait, deadline, calls, open, outcomes, lastCallback: 0, asking: false };
	known.add(fresh);
	return fresh;
}
