import type { IDataObject, IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import pLimit from 'p-limit';
import { defaultTimeout, type ApiResult, type Connection } from '../../../shared/api';
import type { CallBody, CallRequest, Checked } from '../../../shared/callRequest';
import type { Failure } from '../../../shared/failure';
import { Ledger, type LedgerEntry } from '../../../shared/ledger';
import { apiError, errorItem, refusalError } from '../../../shared/nodeErrors';
import { readSwitch, readWholeNumber } from '../../../shared/options';
import { sendPatiently } from '../../../shared/patience';
import type { Refusal } from '../../../shared/refusal';
import { shortList } from '../../../shared/text';
import { dispatchAnswer, type DispatchAnswer } from '../../../shared/schemas';
import { readCall, readItems, readOptions, refuseUnlessContinuing, type ReadItem } from './items';

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
export function readCalls(
	context: IExecuteFunctions,
	complete: (itemIndex: number, call: CallRequest) => Checked<CallRequest>,
): Array<ReadItem<CallRequest>> {
	const items = readItems(context, (itemIndex) => {
		const call = readCall(context, itemIndex);
		return call.ok ? complete(itemIndex, call.value) : call;
	});
	return refuseUnlessContinuing(context, items, 'Nobody was called.');
}

/** What became of a call; `skipped` where an earlier one had failed and the node is set to stop. */
export interface DialResult {
	itemIndex: number;
	outcome: ApiResult<DispatchAnswer> | 'skipped';
}

/** @throws NodeOperationError that names the option */
export function readSettings(context: IExecuteFunctions): DialSettings {
	const options = readOptions(context, 0);
	const refusals: Refusal[] = [];
	const settings = {
		maxConcurrency: readWholeNumber(
			'Max Concurrency',
			options.maxConcurrency,
			{ fallback: 10, min: 1, max: 100 },
			refusals,
		),
		timeout: readWholeNumber(
			'Timeout',
			options.timeout,
			{ fallback: defaultTimeout, min: 1, max: 3_600_000 },
			refusals,
		),
		redialOnUncertain: readSwitch('Redial on Uncertain', options, 'redialOnUncertain', refusals),
	};
	if (refusals.length > 0) {
		throw refusalError(context.getNode(), refusals, 0, 'Nobody was called.');
	}
	return settings;
}

/**
 * Hands the good items' calls to AlloMia, a few at a time, each at most once in this execution, run and
 * position. Results come in the order of the items. Unless the node is set to continue, nothing more
 * is dialled after the first failure.
 */
export async function dialAll(
	context: IExecuteFunctions,
	connection: Connection,
	settings: DialSettings,
	items: ReadonlyArray<ReadItem<CallRequest>>,
): Promise<DialResult[]> {
	const ledger = await Ledger.open(context);
	const limit = pLimit(settings.maxConcurrency);
	const stopAtFailure = !context.continueOnFail();
	let failed = false;
	const dials = items.filter((item) => item.ok).filter(({ value }) => !value.dryRun);
	const results = await Promise.all(
		dials.map(({ itemIndex, value: { body } }) =>
			limit(async (): Promise<DialResult> => {
				if ((failed && stopAtFailure) || context.getExecutionCancelSignal()?.aborted) {
					return { itemIndex, outcome: 'skipped' };
				}
				const outcome = await dialOnce(context, connection, settings, ledger, itemIndex, body);
				failed ||= !outcome.ok;
				return { itemIndex, outcome };
			}),
		),
	);
	if (results.every(({ outcome }) => outcome !== 'skipped' && outcome.ok)) ledger.close();
	return results;
}

async function dialOnce(
	context: IExecuteFunctions,
	connection: Connection,
	settings: DialSettings,
	ledger: Ledger,
	itemIndex: number,
	body: CallBody,
): Promise<ApiResult<DispatchAnswer>> {
	const recorded = fromLedger(ledger.find(itemIndex), settings);
	if (recorded) return recorded;
	await ledger.announce(itemIndex, settings.maxConcurrency);
	const result = await sendPatiently(context, connection, {
		method: 'POST',
		path: '/outbound',
		body,
		timeout: settings.timeout,
		purpose: 'dial',
		answer: dispatchAnswer,
	});
	if (result.ok) {
		ledger.record(itemIndex, { kind: 'answered', answer: result.value });
	} else if (result.failure.kind === 'uncertain') {
		ledger.record(itemIndex, { kind: 'uncertain', failure: result.failure });
	}
	return result;
}

function fromLedger(
	entry: LedgerEntry | undefined,
	{ redialOnUncertain }: DialSettings,
): ApiResult<DispatchAnswer> | undefined {
	if (entry === undefined) return undefined;
	if (entry.kind === 'answered') return { ok: true, value: entry.answer };
	return redialOnUncertain ? undefined : { ok: false, failure: entry.failure };
}

/**
 * The items that go on, in the order of the input.
 * @throws NodeApiError for the first failure, where the node is set to stop
 */
export function outputItems(
	context: IExecuteFunctions,
	items: ReadonlyArray<ReadItem<CallRequest>>,
	results: readonly DialResult[],
): INodeExecutionData[] {
	const node = context.getNode();
	if (!context.continueOnFail()) throwFirstFailure(node, results);
	const outcomes = new Map(results.map(({ itemIndex, outcome }) => [itemIndex, outcome]));
	return items.flatMap((item): INodeExecutionData[] => {
		const { itemIndex } = item;
		if (!item.ok) return [refusedItem(node, item)];
		const pairedItem = { item: itemIndex };
		if (item.value.dryRun) return [{ json: dryRunOutput(item.value), pairedItem }];
		const outcome = outcomes.get(itemIndex);
		if (outcome === undefined || outcome === 'skipped') return [];
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
	{ itemIndex, refusals }: { itemIndex: number; refusals: Refusal[] },
): INodeExecutionData {
	const error = refusalError(node, refusals, itemIndex, 'Nobody was called for this item.');
	return errorItem(error, itemIndex);
}

/** A failure of a run that is set to stop says who had been called by then. */
export function throwFirstFailure(node: INode, results: readonly DialResult[]): void {
	const placed: string[] = [];
	let first: { itemIndex: number; failure: Failure } | undefined;
	for (const { itemIndex, outcome } of results) {
		if (outcome === 'skipped') continue;
		if (outcome.ok) placed.push(outcome.value.outboundCallId);
		else first ??= { itemIndex, failure: outcome.failure };
	}
	if (!first) return;
	const note =
		placed.length === 0
			? ''
			: `\nPlaced before the run stopped: ${shortList(placed)}. A retry of this execution does not call them again.`;
	const failure = { ...first.failure, description: `${first.failure.description}${note}` };
	throw apiError(node, failure, first.itemIndex);
}
