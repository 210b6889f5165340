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
import { Ledger, type LedgerEntry, type PlannedCall } from './ledger';
import { apiError, errorItem, validationError } from '../../../../shared/n8n/nodeErrors';
import { readBoolean, readInteger } from '../../../../shared/values/parameters';
import { abortableSleep } from '../../../../shared/values/abort';
import type { Validated, ValidationIssue } from '../../../../shared/values/validation';
import { shortList } from '../../../../shared/values/strings';
import { dispatchResponse, type DispatchResponse } from '../../../../shared/api/schemas';
import { readItems, throwUnlessContinuing, type ValidatedItem } from '../../items';
import { readOptions } from '../../options';
import { CallsInProgress } from './callsInProgress';
import { DialRetry } from './dialRetry';
import { hasOnceKey, readCall } from './parameters';

/** The options that hold for a run as a whole. They are read from the first item. */
export interface DialSettings {
	maxConcurrency: number;
	timeout: number;
	redialOnUncertain: boolean;
}

/**
 * Every item's call, checked to the last field before the first of them is placed.
 * @param complete what an operation adds to a call: where its outcome goes
 * @throws NodeOperationError where an item is refused and the node is set to stop
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
 * What became of a call; `skipped` where an earlier one had failed and the node is set to stop,
 * `alreadyCalled` where somebody had been called for its key.
 */
export interface DialResult {
	itemIndex: number;
	outcome: ApiResult<DispatchResponse> | 'skipped' | 'alreadyCalled';
	/** Why it was left alone: an earlier attempt may have called, nobody could be asked, or nobody knows who has claimed its key. */
	leftAlone?: 'uncertain' | 'notKnown' | 'uncertainKey';
}

/** @throws NodeOperationError that names the option */
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
 * Hands the good items' calls to AlloMia, a few at a time, each at most once in this execution, run and
 * position, and once for its key. Results come in the order of the items. Unless the node is set to
 * continue, nothing more is dialled after the first failure; what an earlier attempt left uncertain
 * keeps nobody from being called.
 * @returns undefined where the execution was stopped: nothing is to follow
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
		// With Retry On Fail, n8n may run a node again that has succeeded: see its error items.
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

/** What the dials of a run share. */
interface Dialling {
	context: IExecuteFunctions;
	connection: Connection;
	settings: DialSettings;
	ledger: Ledger;
	inProgress: CallsInProgress;
	/** Whether anybody is still to be called. */
	mayCall: () => boolean;
}

async function dialOnce(dialling: Dialling, call: PlannedCall): Promise<DialResult> {
	const { context, connection, settings, ledger, inProgress, mayCall } = dialling;
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
	const patience = new DialRetry(inProgress);
	// It may have waited for another item with the same key, or for AlloMia.
	while (mayCall()) {
		const outcome = await send(context, connection, request);
		if (outcome.ok) inProgress.add(outcome.value.outboundCallId);
		const wait = outcome.ok ? undefined : await patience.nextWait(outcome.failure);
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

/** What is to be remembered of a dial: nothing, where AlloMia has surely not taken the call. */
function toEntry(outcome: ApiResult<DispatchResponse>): LedgerEntry | undefined {
	if (outcome.ok) return { kind: 'answered', answer: outcome.value };
	const { failure } = outcome;
	return failure.kind === 'uncertain' ? { kind: 'uncertain', failure } : undefined;
}

/**
 * The items that go on, in the order of the input.
 * @throws NodeApiError where a call failed and the node is set to stop
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
		if (!item.ok) return [refusedItem(node, item)];
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

/** What would be sent. */
export function dryRunOutput({ body }: CallRequest): IDataObject {
	return { dryRun: true, request: { ...body } };
}

function refusedItem(
	node: INode,
	{ itemIndex, issues }: { itemIndex: number; issues: ValidationIssue[] },
): INodeExecutionData {
	const error = validationError(node, issues, itemIndex, 'Nobody was called for this item.');
	return errorItem(error, itemIndex);
}

/** What goes out for an item whose key somebody had been called for. */
export function alreadyCalledOutput(onceKey: string | undefined): IDataObject {
	return { alreadyCalled: true, onceKey };
}

/**
 * The failure of a run that is set to stop. The first fresh one says who had been called by then;
 * where there is none, what earlier attempts left uncertain is named, with the ways out.
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

/** What can be done about the items that were left alone. */
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
	// A single one says so by itself.
	if (notKnown.length > 0 && items.length > 1) {
		ways.push(
			`n8n’s database could not be read for ${nameItems(items, notKnown)}: run this execution again once n8n is well.`,
		);
	}
	if (ofKey.length > 0 && items.length > 1) {
		ways.push(
			`It is not known who has claimed the key of Call Once Per of ${nameItems(items, ofKey)}. Redial on Uncertain does not call these: if nobody was called, start a new execution for each of them, with another key.`,
		);
	}
	return ways;
}

/** One failure for all the items that an earlier attempt left uncertain. */
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
