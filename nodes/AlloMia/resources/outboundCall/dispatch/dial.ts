import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import {
	defaultTimeout,
	send,
	type ApiResult,
	type Connection,
} from '../../../../shared/api/client';
import type { CallRequest } from './callRequest';
import type { Failure } from '../../../../shared/api/failure';
import type { LedgerEntry } from './decision';
import { Ledger, type PlannedCall } from './ledger';
import { apiError, errorItem, validationError } from '../../../../shared/n8n/nodeErrors';
import { readBoolean, readInteger } from '../../../../shared/values/readParameter';
import { abortableSleep } from '../../../../shared/values/abort';
import type { Validated, ValidationIssue } from '../../../../shared/values/validation';
import { shortList } from '../../../../shared/values/strings';
import { dispatchResponse, type DispatchResponse } from '../../../../shared/api/schemas';
import { readItems, throwUnlessContinuing, type ValidatedItem } from '../../items';
import { readOptions } from '../../options';
import { CallsInProgress } from './callsInProgress';
import { DialRetry } from './dialRetry';
import { hasOnceKey, readCall } from './readParameters';

/** The options for the run as a whole, which are read from the first item. */
export interface DialSettings {
	maxConcurrency: number;
	timeout: number;
	redialOnUncertain: boolean;
}

/**
 * Validates all items before the first call is placed.
 * @param complete adds an operation's own part to a call: its callback URL
 * @throws NodeOperationError if an item is invalid, unless On Error is set to continue
 */
export async function readCalls(
	context: IExecuteFunctions,
	complete: (itemIndex: number, call: CallRequest) => Validated<CallRequest>,
): Promise<Array<ValidatedItem<CallRequest>>> {
	const items = await readItems(context, (itemIndex) => {
		const call = readCall(context, itemIndex);
		return call.ok ? complete(itemIndex, call.value) : call;
	});
	return throwUnlessContinuing(context, items, 'Nobody was called.');
}

/**
 * The result of placing a call: `skipped` if an earlier one failed, unless On Error is set to continue;
 * `alreadyCalled` if its key was used before.
 */
export interface DialResult {
	itemIndex: number;
	outcome: ApiResult<DispatchResponse> | 'skipped' | 'alreadyCalled';
	/** Why it was not placed: an earlier attempt may have done so, the store could not be read, or it is uncertain who claimed its key. */
	leftAlone?: 'uncertain' | 'notKnown' | 'uncertainKey';
}

/**
 * Reads the options for the run.
 * @throws NodeOperationError that names the invalid option
 */
export function readSettings(context: IExecuteFunctions): DialSettings {
	const options = readOptions(context, 0);
	const issues: ValidationIssue[] = [];
	const settings = {
		maxConcurrency: readInteger(
			'Max Concurrency',
			options.maxConcurrency,
			{ fallback: 10, min: 1, max: 100 },
			issues,
		),
		timeout: readInteger(
			'Timeout',
			options.timeout,
			{ fallback: defaultTimeout, min: 1, max: 3_600_000 },
			issues,
		),
		redialOnUncertain: readBoolean('Redial on Uncertain', options, 'redialOnUncertain', issues),
	};
	if (issues.length > 0) {
		throw validationError(context.getNode(), issues, 0, 'Nobody was called.');
	}
	return settings;
}

/**
 * Places the calls of the valid items, a few at a time, each at most once per execution, run and item, and once
 * per key. After the first failure no more calls are placed, unless On Error is set to continue; calls that an
 * earlier attempt left uncertain do not count as failures in that respect.
 * @returns the results in the order of the items; undefined if the execution was stopped
 */
export async function dialAll(
	context: IExecuteFunctions,
	connection: Connection,
	settings: DialSettings,
	items: Items,
): Promise<DialResult[] | undefined> {
	const calls = items.flatMap(({ itemIndex, ...item }): PlannedCall[] =>
		item.ok && !item.value.dryRun ? [{ itemIndex, ...item.value }] : [],
	);
	const ledger = Ledger.open(context, calls, {
		redialOnUncertain: settings.redialOnUncertain,
		keyed: hasOnceKey(context),
	});
	const inProgress = new CallsInProgress(context, connection, settings.timeout);
	const limit = pLimit(settings.maxConcurrency);
	const stopAtFailure = !context.continueOnFail();
	let failed = false;
	const mayCall = () => !(failed && stopAtFailure) && !ledger.isStopped;
	let [isOver, isFailed] = [false, true];
	try {
		const results = await Promise.all(
			calls.map((call) =>
				limit(async (): Promise<DialResult> => {
					const dial = { context, connection, settings, ledger, inProgress, mayCall };
					const result = await dialOnce(dial, call);
					failed ||= isFailure(result) && !result.leftAlone;
					return result;
				}),
			),
		);
		// With Retry On Fail, n8n may retry a node that has succeeded, because of its error items.
		const isComplete = !results.some((it) => isFailure(it) || it.outcome === 'skipped');
		isOver = isComplete && !context.getNode().retryOnFail;
		isFailed = !isComplete && (stopAtFailure || ledger.isStopped);
		return ledger.isStopped ? undefined : results;
	} finally {
		await ledger.close(isOver, isFailed);
	}
}

function isFailure({ outcome }: DialResult): boolean {
	return typeof outcome !== 'string' && !outcome.ok;
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
}

async function dialOnce(dialContext: DialContext, call: PlannedCall): Promise<DialResult> {
	const { context, connection, settings, ledger, inProgress, mayCall } = dialContext;
	const { itemIndex, body } = call;
	const skipped: DialResult = { itemIndex, outcome: 'skipped' };
	if (!mayCall()) return skipped;
	const decision = await ledger.claim(call, mayCall);
	switch (decision.kind) {
		case 'answered':
			inProgress.add(decision.answer.outboundCallId);
			return { itemIndex, outcome: { ok: true, value: decision.answer } };
		case 'alreadyCalled':
			return { itemIndex, outcome: 'alreadyCalled' };
		case 'skipped':
			return skipped;
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
	}
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
		const outcome = await send(context, connection, request);
		if (outcome.ok) inProgress.add(outcome.value.outboundCallId);
		const wait = outcome.ok ? undefined : await retry.nextWait(outcome.failure);
		if (wait === undefined) {
			await ledger.settle(call, toEntry(outcome));
			return { itemIndex, outcome };
		}
		await abortableSleep(wait, context.getExecutionCancelSignal());
		await ledger.checkStopped();
	}
	await ledger.settle(call);
	return skipped;
}

/** The ledger entry for a result; undefined if AlloMia certainly did not accept the call. */
function toEntry(outcome: ApiResult<DispatchResponse>): LedgerEntry | undefined {
	if (outcome.ok) return { kind: 'answered', answer: outcome.value };
	const { failure } = outcome;
	return failure.kind === 'uncertain' ? { kind: 'uncertain', failure } : undefined;
}

/**
 * The output items, in the order of the input.
 * @throws NodeApiError if a call failed, unless On Error is set to continue
 */
export function outputItems(
	context: IExecuteFunctions,
	items: Items,
	results: readonly DialResult[],
): INodeExecutionData[] {
	const node = context.getNode();
	if (!context.continueOnFail()) throwFailure(node, items, results);
	const outcomes = new Map(results.map(({ itemIndex, outcome }) => [itemIndex, outcome]));
	return items.flatMap((item): INodeExecutionData[] => {
		const { itemIndex } = item;
		if (!item.ok) return [invalidItem(node, item)];
		const pairedItem = { item: itemIndex };
		if (item.value.dryRun) return [{ json: dryRunOutput(item.value), pairedItem }];
		const outcome = outcomes.get(itemIndex);
		if (outcome === undefined || outcome === 'skipped') return [];
		if (outcome === 'alreadyCalled') {
			return [{ json: alreadyCalledOutput(item.value.onceKey), pairedItem }];
		}
		return outcome.ok
			? [{ json: outcome.value, pairedItem }]
			: [errorItem(apiError(node, outcome.failure, itemIndex), itemIndex)];
	});
}

/** The output of a dry run: the request that would be sent. */
export function dryRunOutput({ body }: CallRequest): IDataObject {
	return { dryRun: true, request: { ...body } };
}

function invalidItem(
	node: INode,
	{ itemIndex, issues }: { itemIndex: number; issues: ValidationIssue[] },
): INodeExecutionData {
	const error = validationError(node, issues, itemIndex, 'Nobody was called for this item.');
	return errorItem(error, itemIndex);
}

/** The output of an item whose key was used before. */
export function alreadyCalledOutput(onceKey: string | undefined): IDataObject {
	return { alreadyCalled: true, onceKey };
}

/**
 * Throws the failure of a run. The first new failure is shown with the calls placed before; if there is none,
 * the calls that earlier attempts left uncertain are listed, with what can be done about them.
 * @throws NodeApiError if a call failed
 */
export function throwFailure(node: INode, items: Items, results: readonly DialResult[]): void {
	const placed: string[] = [];
	const left: LeftAlone[] = [];
	let first: Failed | undefined;
	for (const { itemIndex, outcome, leftAlone } of results) {
		if (typeof outcome === 'string') continue;
		if (outcome.ok) placed.push(outcome.value.outboundCallId);
		else if (leftAlone) left.push({ itemIndex, failure: outcome.failure, leftAlone });
		else first ??= { itemIndex, failure: outcome.failure };
	}
	const [uncertain] = left;
	if (first) {
		const note =
			placed.length === 0
				? ''
				: `\nPlaced before the run stopped: ${shortList(placed)}. A retry of this execution does not call them again.`;
		const failure = { ...first.failure, description: `${first.failure.description}${note}` };
		throw apiError(node, failure, first.itemIndex);
	}
	if (!uncertain) return;
	const failure = items.length === 1 ? uncertain.failure : summary(items, left);
	const description = [failure.description, ...waysOut(items, left)].join('\n');
	throw apiError(node, { ...failure, description }, uncertain.itemIndex);
}

interface Failed {
	itemIndex: number;
	failure: Failure;
}

interface LeftAlone extends Failed {
	leftAlone: NonNullable<DialResult['leftAlone']>;
}

type Items = ReadonlyArray<ValidatedItem<CallRequest>>;

/** What can be done about the calls that earlier attempts left uncertain. */
function waysOut(items: Items, left: readonly LeftAlone[]): string[] {
	const ofKey = left.filter((it) => it.leftAlone === 'uncertainKey');
	const notKnown = left.filter((it) => it.leftAlone === 'notKnown');
	const ways = [
		'To go on without calling again, set On Error to a Continue option and run this execution again with the changed workflow.',
	];
	if (ofKey.length < left.length) {
		ways.push(
			'To call again, at the risk of calling twice, turn on Options > Redial on Uncertain (redialOnUncertain) and do the same.',
		);
	}
	// The failure of a single item says so itself.
	if (notKnown.length > 0 && items.length > 1) {
		ways.push(
			`n8n’s database could not be read for ${nameItems(items, notKnown)}: retry this execution once n8n is healthy.`,
		);
	}
	if (ofKey.length > 0 && items.length > 1) {
		ways.push(
			`It is not known who has claimed the key of Call Once Per of ${nameItems(items, ofKey)}. Redial on Uncertain does not call these: if nobody was called, start a new execution for each of them, with another key.`,
		);
	}
	return ways;
}

/** One failure for all calls that earlier attempts left uncertain. */
function summary(items: Items, left: readonly Failed[]): Failure {
	return {
		kind: 'uncertain',
		message: `${left.length} of ${items.length} calls may have been placed by an earlier attempt, and were not placed again`,
		description: `All the others were placed. Look for these in AlloMia’s call log (or with Call > Get Many): ${nameItems(items, left)}.`,
	};
}

function nameItems(items: Items, failed: readonly Failed[]): string {
	const numbers = new Map(
		items.map((item) => [item.itemIndex, item.ok ? item.value.body.phoneNumber : '']),
	);
	const names = failed.map(({ itemIndex }) => `item ${itemIndex} (${numbers.get(itemIndex)})`);
	return shortList(names, 30);
}
