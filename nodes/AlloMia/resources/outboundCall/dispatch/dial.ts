import type { IExecuteFunctions } from 'n8n-workflow';
import pLimit, { type LimitFunction } from 'p-limit';
import { send, type ApiResult, type Connection } from '../../../../shared/api/client';
import {
	dispatchResponse,
	type DispatchResponse,
	type StatusResponse,
} from '../../../../shared/api/schemas';
import { isAgentTool } from '../../../../shared/n8n/agentTool';
import { abortableSleep } from '../../../../shared/values/abort';
import type { Validated } from '../../../../shared/values/validation';
import { readItems, throwUnlessContinuing, type ValidatedItem } from '../../items';
import { findOutsideHours, outsideHoursFailure } from '../hours/outsideHours';
import type { HoursReader } from '../hours/readHours';
import type { CallRequest } from './callRequest';
import { CallsInProgress } from './callsInProgress';
import type { Decision, LedgerEntry } from './decision';
import { DialRetry } from './dialRetry';
import { isFailure, isResult, type DialResult, type Items } from './dialResults';
import type { DialSettings } from './dialSettings';
import { Ledger, type PlannedCall } from './ledger';
import { hasCallingHours, hasOnceKey, readCall } from './readParameters';
import { showProgress } from './showProgress';
import { assertNoTest, countTested, firstForTest } from './testRun';

/**
 * Validates all items before the first call is placed.
 * @param complete adds an operation's own part to a call: its callback URL
 * @throws NodeOperationError if an item is invalid, unless On Error is set to continue, or if a test is retried as none
 */
export async function readCalls(
	context: IExecuteFunctions,
	{ isTest }: DialSettings,
	complete: (itemIndex: number, call: CallRequest) => Validated<CallRequest>,
): Promise<Array<ValidatedItem<CallRequest>>> {
	if (!isTest) assertNoTest(context);
	const readHours = await hoursReaderOf(context);
	const items = await readItems(context, (itemIndex) => {
		const call = readCall(context, itemIndex, { isTest, readHours });
		return call.ok ? complete(itemIndex, call.value) : call;
	});
	const checked = throwUnlessContinuing(context, items, 'Nobody was called.');
	return isTest ? firstForTest(context, checked) : checked;
}

/** Loads what Calling Hours need, if they are set. */
async function hoursReaderOf(context: IExecuteFunctions): Promise<HoursReader | undefined> {
	if (!hasCallingHours(context)) return undefined;
	const { hoursReader } = await import('../hours/readHours');
	return hoursReader(context.getTimezone());
}

/**
 * Places the calls of the valid items, a few at a time, each at most once per execution, run and item, and once
 * per key. After the first failure no more calls are placed, unless On Error is set to continue; calls that an
 * earlier attempt left uncertain do not count as failures in that respect. Nobody is called outside of their hours,
 * which are checked right before each call.
 * @param onEnd receives the status of calls that are found to have ended meanwhile
 * @returns the results in the order of the items; undefined if the execution was stopped
 */
export async function dialAll(
	context: IExecuteFunctions,
	connection: Connection,
	settings: DialSettings,
	items: Items,
	onEnd?: (status: StatusResponse) => void,
): Promise<DialResult[] | undefined> {
	const calls = items.flatMap(({ itemIndex, ...item }): PlannedCall[] =>
		item.ok && !item.value.dryRun ? [{ itemIndex, ...item.value }] : [],
	);
	const ledger = Ledger.open(context, calls, {
		redialOnUncertain: settings.redialOnUncertain,
		keyed: hasOnceKey(context) && !settings.isTest,
		claimsAhead: settings.maxInProgress === undefined,
	});
	const { maxInProgress, pollInterval, timeout } = settings;
	const callLimit = maxInProgress && { calls: maxInProgress, pollInterval, onEnd };
	const inProgress = new CallsInProgress(context, connection, timeout, callLimit || undefined);
	const limit = pLimit(settings.maxConcurrency);
	const stopAtFailure = !context.continueOnFail();
	let failed = false;
	let broken: { error: unknown } | undefined;
	const mayCall = () => !(failed && stopAtFailure) && !broken && !ledger.isStopped;
	const dial: DialContext = {
		context,
		connection,
		settings,
		ledger,
		inProgress,
		mayCall,
		inOrder: pLimit(1),
		progress: { done: 0, total: calls.length },
	};
	countRecalled(dial, calls);
	let [isOver, isFailed] = [false, true];
	try {
		const results = await Promise.all(
			calls.map((call) =>
				limit(async (): Promise<DialResult> => {
					try {
						const result = await dialOnce(dial, call);
						failed ||= isFailure(result) && !result.leftAlone;
						dial.progress.done += 1;
						return result;
					} catch (error) {
						// The others must have come to their end before the ledger is closed.
						broken ??= { error };
						return { itemIndex: call.itemIndex, outcome: 'skipped' };
					}
				}),
			),
		);
		if (broken) throw broken.error;
		if (settings.isTest) countTested(context, results.filter(mayBePlaced).length);
		// With Retry On Fail, n8n may retry a node that has succeeded, because of its error items.
		const isComplete = !results.some((it) => isFailure(it) || it.outcome === 'skipped');
		isOver = isComplete && !context.getNode().retryOnFail;
		isFailed = !isComplete && (stopAtFailure || ledger.isStopped);
		return ledger.isStopped ? undefined : results;
	} finally {
		await ledger.close(isOver, isFailed);
	}
}

function mayBePlaced({ outcome }: DialResult): boolean {
	return isResult(outcome) && (outcome.ok || outcome.failure.kind === 'uncertain');
}

/** What all calls of a run share. */
interface DialContext {
	context: IExecuteFunctions;
	connection: Connection;
	settings: DialSettings;
	ledger: Ledger;
	inProgress: CallsInProgress;
	/** Whether calls may still be placed. */
	mayCall: () => boolean;
	/** Runs one task at a time, in the order of the items. */
	inOrder: LimitFunction;
	/** How many items are done, of how many that are to be called. */
	progress: { done: number; total: number };
}

/** Counts what earlier attempts have placed, or may have, among the calls in progress. */
function countRecalled({ ledger, inProgress }: DialContext, calls: readonly PlannedCall[]): void {
	for (const call of calls) {
		const entry = ledger.recalled(call);
		if (entry?.kind === 'answered') inProgress.add(entry.answer.outboundCallId, true);
		else if (entry) inProgress.addUncertain('earlier');
	}
}

/** A call that has been claimed, or is being claimed. */
interface Entered {
	decision: Promise<Decision>;
	/** Whether it has a reservation among the calls in progress. */
	isReserved: boolean;
	/** Set if it is outside of the person's hours, and was only claimed to learn of earlier attempts. */
	outside?: DialResult;
}

async function dialOnce(dial: DialContext, call: PlannedCall): Promise<DialResult> {
	const entered = await dial.inOrder(async () => await enter(dial, call));
	if ('outcome' in entered) return entered;
	let result: DialResult | undefined;
	try {
		const decision = await entered.decision;
		if (decision.kind === 'dial' && entered.outside) {
			dial.ledger.postpone(call);
			return entered.outside;
		}
		result = await proceed(dial, call, decision);
		return result;
	} finally {
		if (entered.isReserved) dial.inProgress.release(result && mayHaveCalled(result));
	}
}

/** Whether a call may have been placed whose ID is not known, and when. */
function mayHaveCalled({ outcome, leftAlone }: DialResult): 'now' | 'earlier' | undefined {
	const isUncertain = isResult(outcome) && !outcome.ok && outcome.failure.kind === 'uncertain';
	if (!isUncertain) return undefined;
	return leftAlone ? 'earlier' : 'now';
}

/** Claims a call once it may be placed: within the person's hours, and when there are not too many in progress. */
async function enter(dial: DialContext, call: PlannedCall): Promise<DialResult | Entered> {
	const { context, ledger, inProgress, mayCall } = dial;
	const claim = (isReserved: boolean, outside?: DialResult): Entered => ({
		decision: ledger.claim(call, mayCall),
		isReserved,
		outside,
	});
	const { itemIndex } = call;
	if (!mayCall()) return { itemIndex, outcome: 'skipped' };
	if (ledger.recalled(call)) return claim(false);
	let outside = outsideHours(dial, call);
	let isReserved = false;
	while (!outside && !isReserved && mayCall()) {
		isReserved = await inProgress.reserve(async () => {
			showProgress(context, dial.progress, inProgress.size);
			await ledger.checkStopped();
			return mayCall() && outsideHours(dial, call) === undefined;
		});
		outside = outsideHours(dial, call);
	}
	const isPassed = !mayCall() || (outside !== undefined && (await ledger.pass(call)));
	if (isReserved && (isPassed || outside)) inProgress.release();
	if (isPassed) return outside ?? { itemIndex, outcome: 'skipped' };
	return claim(isReserved && !outside, outside);
}

/** Goes on with a call as the ledger has decided. */
async function proceed(
	dial: DialContext,
	call: PlannedCall,
	decision: Decision,
): Promise<DialResult> {
	const { itemIndex } = call;
	switch (decision.kind) {
		case 'answered':
			return { itemIndex, outcome: { ok: true, value: decision.answer } };
		case 'alreadyCalled':
		case 'skipped':
			return { itemIndex, outcome: decision.kind };
		case 'uncertain':
		case 'notKnown':
		case 'uncertainKey':
			return {
				itemIndex,
				outcome: { ok: false, failure: decision.failure },
				leftAlone: decision.kind,
			};
		case 'refused':
			return { itemIndex, outcome: { ok: false, failure: decision.failure } };
		case 'dial':
			return await place(dial, call);
	}
}

/** Places a call, with retries if AlloMia certainly did not accept it. */
async function place(dial: DialContext, call: PlannedCall): Promise<DialResult> {
	const { context, connection, settings, ledger, inProgress, mayCall } = dial;
	const { itemIndex, body } = call;
	const request = {
		method: 'POST',
		path: '/outbound',
		body,
		timeout: settings.timeout,
		purpose: 'dial',
		schema: dispatchResponse,
	} as const;
	const retry = new DialRetry(inProgress);
	// Checked again, since it may have waited for another item with the same key, or for AlloMia.
	while (mayCall()) {
		const outside = outsideHours(dial, call);
		if (outside) {
			ledger.postpone(call);
			return outside;
		}
		const outcome = await send(context, connection, request);
		if (outcome.ok) inProgress.add(outcome.value.outboundCallId);
		const wait = outcome.ok ? undefined : await retry.nextWait(outcome.failure);
		if (wait === undefined) {
			ledger.settle(call, toEntry(outcome));
			return { itemIndex, outcome };
		}
		await abortableSleep(wait, context.getExecutionCancelSignal());
		await ledger.checkStopped();
	}
	ledger.settle(call);
	return { itemIndex, outcome: 'skipped' };
}

/** The result for a call outside of the person's hours; undefined within them. */
function outsideHours({ context }: DialContext, call: PlannedCall): DialResult | undefined {
	const { itemIndex, hours, body } = call;
	if (!hours) return undefined;
	const { phoneNumber } = body;
	const found = findOutsideHours(hours, phoneNumber, context.getTimezone(), Date.now());
	if (!found) return undefined;
	if ('callAt' in found && !isAgentTool(context)) return { itemIndex, outcome: found };
	const failure = 'callAt' in found ? outsideHoursFailure(phoneNumber, found) : found;
	return { itemIndex, outcome: { ok: false, failure } };
}

/** The ledger entry for a result; undefined if AlloMia certainly did not accept the call. */
function toEntry(outcome: ApiResult<DispatchResponse>): LedgerEntry | undefined {
	if (outcome.ok) return { kind: 'answered', answer: outcome.value };
	const { failure } = outcome;
	return failure.kind === 'uncertain' ? { kind: 'uncertain', failure } : undefined;
}
