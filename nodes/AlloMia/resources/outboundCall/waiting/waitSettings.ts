import type { IExecuteFunctions } from 'n8n-workflow';
import { isAgentTool } from '../../../../shared/n8n/agentTool';
import type { CallRequest } from '../dispatch/callRequest';
import { validationError } from '../../../../shared/n8n/nodeErrors';
import { readBoolean, show } from '../../../../shared/values/readParameter';
import type { StatusResponse } from '../../../../shared/api/schemas';
import type { ValidationIssue } from '../../../../shared/values/validation';
import { describeIssues } from '../../../../shared/values/validation';
import type { WaitingItem, WaitingState } from './waitingState';
import {
	alreadyCalledOutput,
	dryRunOutput,
	isResult,
	postponed,
	throwFailure,
	type DialResult,
} from '../dispatch/dialResults';
import { readPollInterval } from '../dispatch/dialSettings';
import { readFailedItem } from '../dispatch/failedItem';
import type { ValidatedItem } from '../../items';
import { readOptions } from '../../options';
import {
	hasDryRun,
	hasOnceKey,
	hasOutsideHoursOutput,
	storedOptions,
} from '../dispatch/readParameters';

/** How the results come; `auto`: by callback, unless that is known to be impossible. */
type WaitFor = (typeof waysToWait)[number];

const waysToWait = ['auto', 'callback', 'polling'] as const;

/** The parameters for the run as a whole, which are read from the first item. */
export interface WaitSettings {
	waitFor: WaitFor;
	/** In ms. */
	maxWait: number;
	/** In ms. */
	pollInterval: number;
	outputPerStatus: boolean;
}

/** The units of Max Wait Time, in ms. */
const units = new Map([
	['minutes', 60_000],
	['hours', 3_600_000],
	['days', 86_400_000],
]);

/** The maximum wait, in ms: not all of n8n's databases can store much later dates. */
const longestWait = 365 * 86_400_000;

/**
 * Whether each status has its own output. An agent's tool has only one.
 * @throws n8n's error if the option's expression fails; other options are not read
 */
export function hasOutputPerStatus(
	context: IExecuteFunctions,
	issues: ValidationIssue[] = [],
): boolean {
	const outputPerStatus: unknown = context.getNodeParameter('options.outputPerStatus', 0, false);
	const isOn = readBoolean('Output per Status', { outputPerStatus }, 'outputPerStatus', issues);
	return isOn && !isAgentTool(context);
}

/** Whether each status has an output, used or not: the editor shows them for an expression. */
export function hasStatusOutputs(context: IExecuteFunctions, outputPerStatus: boolean): boolean {
	const isExpression = String(storedOptions(context).outputPerStatus).startsWith('=');
	return outputPerStatus || (isExpression && !isAgentTool(context));
}

/** @throws NodeOperationError that names the parameter */
export function readWaitSettings(context: IExecuteFunctions): WaitSettings {
	const issues: ValidationIssue[] = [];
	const parameter = (name: string, fallback: unknown): unknown =>
		context.getNodeParameter(name, 0, fallback);
	const options = readOptions(context, 0);
	const given = parameter('waitFor', 'auto');
	const waitFor = waysToWait.find((way) => way === given);
	if (!waitFor) {
		const message = 'Choose Auto (auto), Webhook (callback) or Polling (polling).';
		issues.push({ field: 'Get Result By', message });
	}
	const pollInterval = readPollInterval(options, issues);
	const maxWait = readMaxWait(
		parameter('maxWait', 1),
		String(parameter('maxWaitUnit', 'hours')),
		issues,
	);
	const outputPerStatus = hasOutputPerStatus(context, issues);
	if (issues.length > 0) throw validationError(context.getNode(), issues, 0, 'Nobody was called.');
	return {
		waitFor: waitFor ?? 'auto',
		maxWait,
		pollInterval,
		outputPerStatus,
	};
}

function readMaxWait(value: unknown, unit: string, issues: ValidationIssue[]): number {
	const factor = units.get(unit);
	const amount = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
	if (factor === undefined) {
		issues.push({ field: 'Unit', message: 'Choose Minutes, Hours or Days.' });
	} else if (typeof amount !== 'number' || !(amount > 0) || amount * factor > longestWait) {
		issues.push({
			field: 'Max Wait Time',
			message: `It is ${show(value)}. Use a number above 0, at most one year.`,
		});
	} else {
		return amount * factor;
	}
	return 0;
}

/**
 * Builds the state of the wait from the results of placing the calls.
 * @param ended the statuses of calls that have ended meanwhile, by call ID
 * @throws NodeApiError if a call failed, unless On Error is set to continue
 */
export function toWaitingState(
	context: IExecuteFunctions,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
	results: readonly DialResult[],
	{ maxWait, outputPerStatus }: WaitSettings,
	ended: ReadonlyMap<string, StatusResponse> = new Map(),
): WaitingState {
	if (!context.continueOnFail()) throwFailure(context.getNode(), items, results);
	const outcomes = new Map(results.map(({ itemIndex, outcome }) => [itemIndex, outcome]));
	const input = context.getInputData();
	const waiting = items.flatMap((item): WaitingItem[] => {
		const { itemIndex } = item;
		if (!item.ok) {
			const error = {
				message: describeIssues(item.issues),
				description: 'Nobody was called for this item.',
			};
			return [{ itemIndex, error, ...readFailedItem(context, itemIndex) }];
		}
		if (item.value.dryRun) return [{ itemIndex, shown: dryRunOutput(context, item.value) }];
		const { metadata, testNumber } = item.value;
		const outcome = outcomes.get(itemIndex);
		if (outcome === undefined || outcome === 'skipped') return [];
		if (outcome === 'alreadyCalled') {
			return [{ itemIndex, shown: alreadyCalledOutput(item.value) }];
		}
		if (!isResult(outcome)) {
			return [{ itemIndex, outside: postponed(input[itemIndex], outcome) }];
		}
		if (!outcome.ok) {
			const { message, description } = outcome.failure;
			return [{ itemIndex, error: { message, description }, metadata, testNumber }];
		}
		const { outboundCallId, contactId, status } = outcome.value;
		const call = ended.get(outboundCallId) ?? { outboundCallId, contactId, status };
		return [{ itemIndex, call, metadata, testNumber }];
	});
	const run = String(context.evaluateExpression('{{ $runIndex }}', 0));
	return {
		wait: `${context.getExecutionId()}/${context.getNode().id}/${run}`,
		deadline: Date.now() + maxWait,
		outputPerStatus,
		keyed: hasOnceKey(context),
		withStatuses: hasStatusOutputs(context, outputPerStatus),
		withHours: hasOutsideHoursOutput(context),
		withDryRun: hasDryRun(context),
		items: waiting,
	};
}
