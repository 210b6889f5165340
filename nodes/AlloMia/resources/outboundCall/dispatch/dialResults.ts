import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import type { ApiResult } from '../../../../shared/api/client';
import type { Failure } from '../../../../shared/api/failure';
import type { DispatchResponse } from '../../../../shared/api/schemas';
import { apiError, errorItem, validationError } from '../../../../shared/n8n/nodeErrors';
import { shortList } from '../../../../shared/values/strings';
import type { ValidationIssue } from '../../../../shared/values/validation';
import type { ValidatedItem } from '../../items';
import { findOutsideHours, type OutsideHours } from '../hours/outsideHours';
import type { CallRequest } from './callRequest';
import { readFailedItem } from './failedItem';
import { hasOutsideHoursOutput } from './readParameters';

export type Items = ReadonlyArray<ValidatedItem<CallRequest>>;

/**
 * The result of placing a call: `skipped` if an earlier one failed, unless On Error is set to continue;
 * `alreadyCalled` if its key was used before; or when to call, if it is outside of the person's hours.
 */
export interface DialResult {
	itemIndex: number;
	outcome: ApiResult<DispatchResponse> | OutsideHours | 'skipped' | 'alreadyCalled';
	/** Why it was not placed: an earlier attempt may have done so, the store could not be read, or it is uncertain who claimed its key. */
	leftAlone?: 'uncertain' | 'notKnown' | 'uncertainKey';
}

export function isFailure({ outcome }: DialResult): boolean {
	return isResult(outcome) && !outcome.ok;
}

/** Whether AlloMia, or what is known of an earlier attempt, says what has become of the call. */
export function isResult(outcome: DialResult['outcome']): outcome is ApiResult<DispatchResponse> {
	return typeof outcome === 'object' && 'ok' in outcome;
}

/**
 * The node's output, in the order of the input: with Calling Hours, the items outside of them in an output of their
 * own.
 * @throws NodeApiError if a call failed, unless On Error is set to continue
 */
export function dialOutputs(
	context: IExecuteFunctions,
	items: Items,
	results: readonly DialResult[],
): INodeExecutionData[][] {
	const node = context.getNode();
	if (!context.continueOnFail()) throwFailure(node, items, results);
	const input = context.getInputData();
	const outcomes = new Map(results.map(({ itemIndex, outcome }) => [itemIndex, outcome]));
	const [main, outside]: [INodeExecutionData[], INodeExecutionData[]] = [[], []];
	for (const item of items) {
		const { itemIndex } = item;
		const pairedItem = { item: itemIndex };
		const outcome = outcomes.get(itemIndex);
		if (!item.ok) {
			main.push(invalidItem(context, item));
		} else if (item.value.dryRun) {
			main.push({ json: dryRunOutput(context, item.value), pairedItem });
		} else if (outcome === 'alreadyCalled') {
			main.push({ json: alreadyCalledOutput(item.value), pairedItem });
		} else if (outcome !== undefined && outcome !== 'skipped') {
			if (!isResult(outcome)) outside.push({ ...postponed(input[itemIndex], outcome), pairedItem });
			else if (outcome.ok) main.push({ json: outcome.value, pairedItem });
			else {
				const error = apiError(node, outcome.failure, itemIndex);
				main.push(errorItem(error, itemIndex, { ...readFailedItem(context, itemIndex) }));
			}
		}
	}
	return hasOutsideHoursOutput(context) ? [main, outside] : [main];
}

/** The output of a dry run: the request that would be sent, and when it could be if not now. */
export function dryRunOutput(
	context: IExecuteFunctions,
	{ body, hours }: CallRequest,
): IDataObject {
	const closed =
		hours && findOutsideHours(hours, body.phoneNumber, context.getTimezone(), Date.now());
	const until = closed && 'callAt' in closed ? { outsideHours: true, ...closed } : {};
	return { dryRun: true, request: { ...body }, ...until };
}

/** The output of an item outside of the calling hours: what came in, and when to call. */
export function postponed(
	input: INodeExecutionData | undefined,
	{ callAt }: OutsideHours,
): Pick<INodeExecutionData, 'json' | 'binary'> {
	const json = { ...input?.json, callAt };
	return input?.binary ? { json, binary: input.binary } : { json };
}

function invalidItem(
	context: IExecuteFunctions,
	{ itemIndex, issues }: { itemIndex: number; issues: ValidationIssue[] },
): INodeExecutionData {
	const consequence = 'Nobody was called for this item.';
	const error = validationError(context.getNode(), issues, itemIndex, consequence);
	return errorItem(error, itemIndex, { ...readFailedItem(context, itemIndex) });
}

/** The output of an item whose key was used before. */
export function alreadyCalledOutput({ onceKey, metadata }: CallRequest): IDataObject {
	return { alreadyCalled: true, onceKey, ...(metadata ? { metadata } : {}) };
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
		if (!isResult(outcome)) continue;
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

/** What can be done about the calls that earlier attempts left uncertain. */
function waysOut(items: Items, left: readonly LeftAlone[]): string[] {
	const ofKey = left.filter((it) => it.leftAlone === 'uncertainKey');
	const notKnown = left.filter((it) => it.leftAlone === 'notKnown');
	const ways = [
		'To go on without calling again, set On Error to a Continue option and run this execution again with the changed workflow.',
	];
	if (ofKey.length < left.length) {
		ways.push(
			'To call again, at the risk of calling twice, turn on Options > Retry Unconfirmed Calls (redialOnUncertain) and do the same.',
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
			`It is not known who has claimed the key of Call Once Per of ${nameItems(items, ofKey)}. Retry Unconfirmed Calls does not call these: if nobody was called, start a new execution for each of them, with another key.`,
		);
	}
	return ways;
}

/** One failure for all calls that earlier attempts left uncertain. */
function summary(items: Items, left: readonly Failed[]): Failure {
	return {
		kind: 'uncertain',
		message: `${left.length} of ${items.length} calls may have been placed by an earlier attempt, and were not placed again`,
		description: `All the others were placed. Look for these in AlloMia’s call log (or with Call Log > Get Many): ${nameItems(items, left)}.`,
	};
}

function nameItems(items: Items, failed: readonly Failed[]): string {
	const numbers = new Map(
		items.map((item) => [item.itemIndex, item.ok ? item.value.body.phoneNumber : '']),
	);
	const names = failed.map(({ itemIndex }) => `item ${itemIndex} (${numbers.get(itemIndex)})`);
	return shortList(names, 30);
}
