import type { IDataObject } from 'n8n-workflow';
import type { CallbackBody } from '../../../../shared/api/schemas';
import { isTerminal } from '../../../../shared/api/terminalStatus';
import type { CallbackContext } from '../../../../shared/callbacks/signedUrl';
import { responses, type CallbackResponse } from '../../../../shared/callbacks/responses';
import { reconciliationDelay } from './reconciliation';
import { isSettled, type WaitingState } from './waitingState';

/** A call of a waiting execution. */
export interface WaitingCall {
	id: string;
	itemIndex: number;
}

/**
 * What this process has learnt about a waiting execution. It only saves requests: if it is lost, AlloMia can
 * be asked again.
 */
export interface WaitProgress {
	/** Identifies the wait: see `WaitingState`. */
	wait: string;
	/** When the wait ends, in ms since 1970. */
	deadline: number;
	/** By call ID in lower case. */
	calls: ReadonlyMap<string, WaitingCall>;
	/** The calls without a known outcome. */
	open: Set<WaitingCall>;
	/** By call ID. */
	outcomes: Map<string, IDataObject>;
	/** When the last outcome came by a callback, in ms since 1970. */
	lastCallback: number;
	/** Whether AlloMia is being asked about the open calls. */
	isReconciling: boolean;
	/** When the execution was resumed, in ms since 1970. */
	resumedAt?: number;
}

/** A request to a waiting execution: a callback, or one of our own to reconcile with AlloMia. */
export interface WaitRequest {
	event: Pick<CallbackBody, 'outboundCallId' | 'status'>;
	/** The context of a signed URL; undefined if it is not signed. */
	context: Pick<CallbackContext, 'itemIndex'> | undefined;
	/** Whether it says that it is our own: that is true only with a signature. */
	isReconciliation: boolean;
}

/** How to go on with an authenticated request. */
export interface NextStep {
	/** The call whose outcome to record. */
	call?: WaitingCall;
	/** Whether to ask AlloMia about the open calls before checking if the wait is over. */
	reconcile: boolean;
	/** Whether to schedule reconciliations for later. */
	schedule: boolean;
	/** The response if the execution goes on waiting. */
	response: CallbackResponse;
}

/** How long n8n may take to resume an execution, in ms. A request after that means that it has failed. */
const resumeTime = 30_000;

/** The progress of a wait of which only the stored state is known. */
export function startProgress({ wait, deadline, items }: WaitingState): WaitProgress {
	const calls = new Map<string, WaitingCall>();
	const open = new Set<WaitingCall>();
	for (const item of items) {
		if (item.call === undefined) continue;
		const call = { id: String(item.call.outboundCallId), itemIndex: item.itemIndex };
		calls.set(call.id.toLowerCase(), call);
		if (!isSettled(item)) open.add(call);
	}
	const outcomes = new Map<string, IDataObject>();
	return { wait, deadline, calls, open, outcomes, lastCallback: 0, isReconciling: false };
}

/** The response to a request that needs no authentication, or undefined to authenticate it. */
export function screen(
	progress: WaitProgress,
	{ event, context, isReconciliation }: WaitRequest,
	now: number,
): CallbackResponse | undefined {
	const call = findCall(progress, event);
	// A signed URL is valid for the call that it was made for only.
	if (!call || (context && context.itemIndex !== call.itemIndex)) return responses.unverified;
	if (isReconciliation && context) {
		return isResumed(progress, now) ? responses.duplicate : undefined;
	}
	if (!isTerminal(event.status)) return responses.ignoredStatus;
	return isDuplicate(progress, call, now) ? responses.duplicate : undefined;
}

/** Decides how to go on with an authenticated request; a response if there is nothing to do. */
export function decideNext(
	progress: WaitProgress,
	{ event, context, isReconciliation }: WaitRequest,
	now: number,
): NextStep | CallbackResponse {
	if (isReconciliation && context) {
		const reconcile = isTimeUp(progress, now) || !isCallbackExpected(progress, now);
		return { reconcile, schedule: false, response: responses.ignoredStatus };
	}
	const call = findCall(progress, event);
	// Another request may have brought the same outcome while AlloMia was asked about this one.
	if (!call || isDuplicate(progress, call, now)) return responses.duplicate;
	// Outcomes of the other calls may have come to another process, or to this one before a restart. After a
	// signed callback, the reconciliation scheduled here finds them.
	const isSigned = context !== undefined;
	return {
		call,
		reconcile: !isSigned || isTimeUp(progress, now),
		schedule: isSigned,
		response: responses.received,
	};
}

/** Records the outcome of a call. */
export function recordOutcome(
	{ open, outcomes }: WaitProgress,
	call: WaitingCall,
	outcome: IDataObject,
): void {
	open.delete(call);
	outcomes.set(call.id, outcome);
}

/**
 * Whether the execution is to be resumed now: all calls have ended, or the time is up.
 * @param isReconciled whether there is nothing more to learn from AlloMia once the time is up
 */
export function isComplete(progress: WaitProgress, isReconciled: boolean, now: number): boolean {
	if (isResumed(progress, now)) return false;
	return progress.open.size === 0 || (isReconciled && isTimeUp(progress, now));
}

/** Records that the execution is resumed. Should n8n fail to, AlloMia is asked about all calls again. */
export function markResumed(progress: WaitProgress, now: number): void {
	progress.resumedAt = now;
	for (const call of progress.calls.values()) {
		if (progress.outcomes.delete(call.id)) progress.open.add(call);
	}
}

export const isTimeUp = ({ deadline }: WaitProgress, now: number): boolean => now >= deadline;

export function isResumed({ resumedAt }: WaitProgress, now: number): boolean {
	return resumedAt !== undefined && now - resumedAt < resumeTime;
}

function findCall({ calls }: WaitProgress, { outboundCallId }: WaitRequest['event']) {
	return calls.get(outboundCallId.toLowerCase());
}

function isDuplicate(progress: WaitProgress, call: WaitingCall, now: number): boolean {
	return isResumed(progress, now) || !progress.open.has(call);
}

/** Whether callbacks are coming in, or AlloMia is being asked: there is no need to ask as well. */
function isCallbackExpected({ lastCallback, isReconciling }: WaitProgress, now: number): boolean {
	return isReconciling || now - lastCallback < reconciliationDelay * 0.9;
}
