import { sleep, type IWebhookFunctions, type IWebhookResponseData } from 'n8n-workflow';
import { readStatuses } from '../../../../shared/api/callStatus';
import { connect, type Connection } from '../../../../shared/api/client';
import type { CallbackBody } from '../../../../shared/api/schemas';
import { isTerminal } from '../../../../shared/api/terminalStatus';
import { authenticate, isResponse } from '../../../../shared/callbacks/authenticate';
import { responses } from '../../../../shared/callbacks/responses';
import { respond } from '../../../../shared/callbacks/webhook';
import { outcomeUrl } from '../callback/resumeUrl';
import { isMarked, stackOf } from './isParked';
import { stateKey, waitKey } from './park';
import {
	grace,
	reconcileSoon,
	reconcileUntilDeadline,
	reconciliationDelay,
	reconciliationHeader,
	useHttpRequest,
	type Reconciliation,
} from './reconciliation';
import { WaitCache } from './waitCache';
import {
	decideNext,
	isComplete,
	isResumed,
	isTimeUp,
	markResumed,
	recordOutcome,
	screen,
	startProgress,
	type WaitProgress,
} from './waitProgress';
import { pairedSource, waitingOutputs, withOutcomes, type WaitingState } from './waitingState';

/** The waits that this process knows. Those resumed by other processes are dropped after their deadline. */
const waits = new WaitCache<WaitProgress>({ waits: 10_000, calls: 100_000 });

/** The timeouts of one status request, and of all in a reconciliation, in ms. */
const timeout = 8_000;
const reconciliationTimeout = 15_000;

/** How long after the deadline AlloMia is still asked about calls that it was not asked about yet, in ms. */
const lastReconciliation = grace / 2;

/** How many calls to ask about at a time, once the first was found to have ended; and after the deadline. */
const batchSize = 10;
const batchSizeAtDeadline = 100;

/** Handles a request to a waiting execution, and resumes the execution once all its calls have ended. */
export async function resume(webhook: IWebhookFunctions): Promise<IWebhookResponseData> {
	const progress = readProgress(webhook);
	const { headers } = webhook.getRequestObject();
	const isReconciliation = headers[reconciliationHeader] !== undefined;
	// After the deadline, any request may resume the execution. Our own could no longer be recognized if the
	// API key was changed or the credential deleted.
	if (isReconciliation && isTimeUp(progress, Date.now())) {
		return await resumeAtDeadline(webhook, progress);
	}
	const authenticated = await authenticate(webhook, progress.wait, 'auto', (event, context) =>
		screen(progress, { event, context, isReconciliation }, Date.now()),
	);
	if (isResponse(authenticated)) return respond(webhook, authenticated);
	const { event, context, connection } = authenticated;
	const now = Date.now();
	const next = decideNext(progress, { event, context, isReconciliation }, now);
	if ('status' in next) return respond(webhook, next);
	if (next.call) {
		recordOutcome(progress, next.call, event);
		progress.lastCallback = now;
	}
	const resumed =
		next.reconcile && !progress.isReconciling
			? await reconcileAndResume(webhook, progress, connection)
			: resumeIfComplete(webhook, progress, false);
	if (resumed) return resumed;
	if (next.schedule) scheduleReconciliations(webhook, progress, event);
	return respond(webhook, next.response);
}

async function resumeAtDeadline(
	webhook: IWebhookFunctions,
	progress: WaitProgress,
): Promise<IWebhookResponseData> {
	if (isResumed(progress, Date.now())) return respond(webhook, responses.duplicate);
	const resumed = progress.isReconciling ? undefined : await reconcileAndResume(webhook, progress);
	return resumed ?? respond(webhook, responses.ignoredStatus);
}

/** Asks AlloMia about the open calls, and resumes the execution if its wait is over then. */
async function reconcileAndResume(
	webhook: IWebhookFunctions,
	progress: WaitProgress,
	connection?: Connection,
): Promise<IWebhookResponseData | undefined> {
	progress.isReconciling = true;
	let isReconciled = true;
	try {
		isReconciled = await reconcile(webhook, connection ?? (await connect(webhook)), progress);
	} catch (error) {
		// The execution is resumed with what is known.
		webhook.logger.warn(`${webhook.getNode().name}: ${(error as Error).message}`);
	} finally {
		progress.isReconciling = false;
	}
	isReconciled ||= Date.now() > progress.deadline + lastReconciliation;
	return resumeIfComplete(webhook, progress, isReconciled);
}

/** @param isReconciled whether there is nothing more to learn from AlloMia once the time is up */
function resumeIfComplete(
	webhook: IWebhookFunctions,
	progress: WaitProgress,
	isReconciled: boolean,
): IWebhookResponseData | undefined {
	if (!isComplete(progress, isReconciled, Date.now())) return undefined;
	const state = readState(webhook);
	const items = withOutcomes(state.items, progress.outcomes);
	markResumed(progress, Date.now());
	const workflowData = waitingOutputs(webhook.getNode(), { ...state, items });
	const stack = stackOf(webhook);
	const [entry, again] = stack ?? [];
	if (entry) {
		const source = state.source ?? entry.source?.main?.[0] ?? undefined;
		entry.source = pairedSource(workflowData, source);
	}
	if (entry && again && isMarked(again) && again.node.name === entry.node.name) {
		entry.node.alwaysOutputData = again.node.alwaysOutputData;
		stack?.splice(1, 1);
	}
	return { webhookResponse: responses.received.body, workflowData };
}

/**
 * Asks AlloMia about the open calls: until one of them has not ended, or about all once the time is up. Calls
 * that it does not get to are first the next time.
 * @returns whether there is nothing more to learn for now
 */
async function reconcile(
	webhook: IWebhookFunctions,
	connection: Connection,
	progress: WaitProgress,
): Promise<boolean> {
	const { open } = progress;
	const started = Date.now();
	const until = started + reconciliationTimeout;
	const left = new Set(open);
	/** The calls about which AlloMia may say more in a moment. */
	const unanswered = new Set<string>();
	let received = 0;
	for (let size = 1; left.size > 0; size = batchSize) {
		const isLast = isTimeUp(progress, Date.now());
		const batch = [...left].slice(0, isLast ? batchSizeAtDeadline : size);
		const ids = batch.map(({ id }) => id);
		const statuses = await readStatuses(webhook, connection, ids, {
			timeout,
			until,
			onFailure: (id, { kind }) => kind !== 'refused' && unanswered.add(id),
		});
		for (const call of batch) {
			left.delete(call);
			const status = statuses.get(call.id);
			if (status && isTerminal(status.status)) {
				recordOutcome(progress, call, status);
			} else if (open.delete(call)) {
				open.add(call);
			}
		}
		received += statuses.size;
		if (isTimeUp(progress, Date.now())) {
			// If AlloMia does not respond at all, asking again does not help.
			if (Date.now() > until) return received === 0;
			continue;
		}
		if (batch.some((call) => open.has(call))) return true;
		// This call's callback may be only just coming, and more with it.
		if (size === 1 && open.size > 0) await sleep(reconciliationDelay);
		if (progress.lastCallback > started) return true;
	}
	return ![...open].some(({ id }) => unanswered.has(id));
}

/** Schedules reconciliations, also for an execution that another process parked, or this one before a restart. */
function scheduleReconciliations(
	webhook: IWebhookFunctions,
	progress: WaitProgress,
	event: CallbackBody,
): void {
	useHttpRequest(webhook.helpers.httpRequest);
	const reconciliation = toReconciliation(webhook, progress, event);
	reconcileSoon(reconciliation);
	reconcileUntilDeadline(reconciliation);
}

function toReconciliation(
	webhook: IWebhookFunctions,
	{ wait, deadline }: WaitProgress,
	{ outboundCallId, contactId }: CallbackBody,
): Reconciliation {
	const { originalUrl } = webhook.getRequestObject();
	const url = new URL(outcomeUrl(String(webhook.evaluateExpression('{{ $execution.resumeUrl }}'))));
	// With the signature of the request.
	url.search = new URL(originalUrl, url).search;
	const event = { outboundCallId, contactId, status: 'calling' };
	return { wait, url: url.href, event, deadline };
}

function readProgress(webhook: IWebhookFunctions): WaitProgress {
	const known = waits.get(String(readStored(webhook, waitKey)));
	if (known) return known;
	const progress = startProgress(readState(webhook));
	waits.add(progress);
	return progress;
}

/** The state stored when the execution was parked. */
function readState(webhook: IWebhookFunctions): WaitingState {
	return JSON.parse(String(readStored(webhook, stateKey))) as WaitingState;
}

/** Reads a value from the node's context in the stored execution. */
function readStored(webhook: IWebhookFunctions, key: string): unknown {
	const node = JSON.stringify(webhook.getNode().name);
	return webhook.evaluateExpression(`{{ $(${node}).context[${JSON.stringify(key)}] }}`);
}
