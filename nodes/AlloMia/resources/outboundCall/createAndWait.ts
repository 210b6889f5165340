import type { IExecuteFunctions, INodeExecutionData, NodeHint } from 'n8n-workflow';
import { failedOutput } from '../../../shared/api/terminalStatus';
import type { StatusResponse } from '../../../shared/api/schemas';
import type { Operation } from '../operation';
import { callFields, callOptions } from './callFields';

/** The number of items from which to recommend batches: see `npm run bench -- waiting`. */
const longList = 2_000;

/** n8n reads the whole execution for each callback, so the time for a list grows quadratically. */
const longListHint: NodeHint = {
	type: 'warning',
	location: 'ndv',
	whenToDisplay: 'always',
	displayCondition: `={{ $parameter["operation"] === "createAndWait" && $parameter["waitFor"] !== "polling" && $input.all().length > ${longList} }}`,
	message: `These are more than ${longList.toLocaleString('en')} items. Unless results are polled: for each result that AlloMia sends, n8n reads the whole execution, which becomes slow for long lists. Put a Loop Over Items node before this one, with a batch size of 1,000 or less.`,
};

/** n8n links the items of a resumed execution by position, which several outputs change. */
const pairingHint: NodeHint = {
	type: 'warning',
	location: 'ndv',
	whenToDisplay: 'always',
	displayCondition:
		'={{ $parameter["operation"] === "createAndWait" && $parameter["waitFor"] !== "polling" && ($parameter["options"]["outputPerStatus"] || $parameter["options"]["callingHours"]) && $input.all().length > 1 }}',
	message:
		"With Output per Status or Calling Hours, unless results are polled, n8n no longer knows which result belongs to which of several items: behind this node, $('…').item is empty. Put an ID into Options > Metadata, which comes back with the result, or place one call at a time with Loop Over Items.",
};

export const hints = [longListHint, pairingHint];

const show = { resource: ['outboundCall'], operation: ['createAndWait'] };

export const createAndWait: Operation = {
	value: 'createAndWait',
	name: 'Create and Wait for Result',
	action: 'Place a call and wait for the result',
	subtitle: 'Place a call and wait',
	description: 'Start a phone call and continue once it has ended',
	fields: [
		...callFields,
		{
			displayName: 'Get Result By',
			name: 'waitFor',
			type: 'options',
			default: 'auto',
			options: [
				{
					name: 'Auto',
					value: 'auto',
					description: 'Webhook, or Polling where the address of n8n is private, such as localhost',
				},
				{
					name: 'Webhook',
					value: 'callback',
					description: 'AlloMia notifies n8n, which must be reachable from the internet',
				},
				{
					name: 'Polling',
					value: 'polling',
					description: 'Check the status at intervals. Works anywhere, including localhost.',
				},
			],
			description: 'How n8n learns that the call has ended',
			displayOptions: { show },
		},
		{
			displayName: 'Max Wait Time',
			name: 'maxWait',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 1,
			description: 'How long to wait. Calls still in progress then continue with timedOut: true.',
			displayOptions: { show },
		},
		{
			displayName: 'Unit',
			name: 'maxWaitUnit',
			type: 'options',
			default: 'hours',
			options: [
				{ name: 'Days', value: 'days' },
				{ name: 'Hours', value: 'hours' },
				{ name: 'Minutes', value: 'minutes' },
			],
			description: 'Unit of Max Wait Time',
			displayOptions: { show },
		},
		callOptions,
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { connectNode } = await import('../../../shared/n8n/nodeErrors');
		const park = await import('./waiting/park');
		const { poll } = await import('./waiting/poll');
		const { dialAll, readCalls } = await import('./dispatch/dial');
		const { readSettings } = await import('./dispatch/dialSettings');
		const { hasOutsideHoursOutput } = await import('./dispatch/readParameters');
		const { hintPolling, hintResults } = await import('./dispatch/resultHints');
		const { readWaitSettings, toWaitingState } = await import('./waiting/waitSettings');

		const connection = await connectNode(this);
		const settings = await readSettings(this);
		const wait = readWaitSettings(this);
		const hasSeveralOutputs = wait.outputPerStatus || hasOutsideHoursOutput(this);
		const problem =
			wait.waitFor === 'auto'
				? park.parkingProblem(this, connection, hasSeveralOutputs)
				: undefined;
		const polling = wait.waitFor === 'polling' || problem !== undefined;
		const complete = polling ? undefined : park.callbackToExecution(this, connection);
		const items = await readCalls(this, settings, (itemIndex, call) =>
			complete ? complete(itemIndex, call) : { ok: true, value: call },
		);
		if (!polling) await park.assertCanWait(this, connection, items, hasSeveralOutputs);

		const ended = new Map<string, StatusResponse>();
		const results = await dialAll(this, connection, settings, items, (status) =>
			ended.set(status.outboundCallId, status),
		);
		if (!results) return [[]];
		hintResults(this, items, results, { ...settings, isFollowed: true });
		if (problem && results.length > 0) hintPolling(this, problem);
		const state = toWaitingState(this, items, results, wait, ended);
		if (polling) return await poll(this, connection, state, wait.pollInterval);
		return await park.parkUntilCallbacks(this, connection, state, items);
	},
	async errorOutput(this: IExecuteFunctions): Promise<number> {
		const { hasOutputPerStatus } = await import('./waiting/waitSettings');
		try {
			return hasOutputPerStatus(this) ? failedOutput : 0;
		} catch {
			// Its expression is what failed.
			return 0;
		}
	},
	async readFailedItem(this: IExecuteFunctions, itemIndex: number) {
		const { readFailedItem } = await import('./dispatch/failedItem');
		return { ...readFailedItem(this, itemIndex) };
	},
};
