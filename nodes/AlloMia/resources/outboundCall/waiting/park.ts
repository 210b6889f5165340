import {
	N8N_NODES_API_VERSION,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
} from 'n8n-workflow';
import { runsInsideAgent } from '../../../../shared/n8n/agentTool';
import type { Connection } from '../../../../shared/api/client';
import type { Validated } from '../../../../shared/values/validation';
import type { CallRequest } from '../dispatch/callRequest';
import { readStatuses } from '../../../../shared/api/callStatus';
import {
	grace,
	useHttpRequest,
	reconcileUntilDeadline,
	type Reconciliation,
} from './reconciliation';
import { isPrivateUrl } from '../../../../shared/values/privateHosts';
import {
	pendingCalls,
	pairedSource,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from './waitingState';
import { signedCallbackUrl } from '../callback/callback';
import type { ValidatedItem } from '../../items';
import { hasOnceKey } from '../dispatch/parameters';
import { parkedMetadata } from './parked';
import { outcomeUrl, resumeUrl } from '../callback/resumeUrl';
import { probeOnce, securedAdvice } from '../callback/selfProbe';
import { hasOutputPerStatus } from './waitSettings';

/** Where the node's stored context keeps the state, as JSON: `webhook()` may run elsewhere. */
export const stateKey = 'alloMiaWaiting';

/** Where it keeps the name of the wait: each callback needs that, and few the whole state. */
export const waitKey = 'alloMiaWait';

/** How long AlloMia may take to tell how the calls stand before the execution is parked, in ms. */
const askFor = 20_000;

/** How long one of these status requests may take, in ms. */
const timeout = 8_000;

/** Gives each call this execution's own address as its callback URL. */
export function callbackToExecution(
	context: IExecuteFunctions,
	connection: Connection,
): (itemIndex: number, call: CallRequest) => Validated<CallRequest> {
	const url = outcomeUrl(resumeUrl(context));
	return (itemIndex, call) => {
		const callbackUrl = signedCallbackUrl(context, itemIndex, url, call, connection);
		return callbackUrl.ok
			? { ok: true, value: { ...call, body: { ...call.body, callbackUrl: callbackUrl.value } } }
			: callbackUrl;
	};
}

/** Parks the execution until its calls have ended, unless they all have already. */
export async function parkUntilCallbacks(
	context: IExecuteFunctions,
	connection: Connection,
	state: WaitingState,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
): Promise<INodeExecutionData[][]> {
	// Some calls may have ended while others were dialled: n8n has refused their callbacks.
	const known = await readStatuses(context, connection, pendingCalls(state.items), {
		timeout,
		until: Date.now() + askFor,
	});
	const entry = context.getExecuteData();
	const source = entry.source?.main?.[0] ?? undefined;
	const now = { ...state, source, items: withOutcomes(state.items, known) };
	const [pending] = pendingCalls(now.items);
	if (pending === undefined) return waitingOutputs(context.getNode(), now);

	const stored = context.getContext('node');
	stored[stateKey] = JSON.stringify(now);
	stored[waitKey] = now.wait;
	// What goes on if the limit passes and nothing of ours is running: n8n hands it to the next node.
	const outputs = waitingOutputs(context.getNode(), now);
	// n8n goes on by deactivating the node of this entry. Where several branches lead here at the same time, the
	// entries of the others have the same object, and those people would be passed over.
	entry.node = { ...entry.node };
	entry.data.main = outputs;
	entry.source = pairedSource(outputs, source);
	entry.metadata = { ...entry.metadata, ...parkedMetadata };
	await context.putExecutionToWait(new Date(now.deadline + grace));

	useHttpRequest(context.helpers.httpRequest);
	const look = lookFor(now, pending, items);
	if (look) reconcileUntilDeadline(look);
	// With Retry On Fail, n8n would run a node again whose first item is an error: on what was put in place
	// of its input just now. And it takes apart what it is given.
	const isTriedAgain = context.getNode().retryOnFail && outputs[0]?.[0]?.json.error !== undefined;
	return outputs.map((items) => (isTriedAgain ? [] : [...items]));
}

/**
 * What a wait that is over has brought. n8n runs the node once more, on its own outcomes, where it was killed
 * after the wait and the execution is run again with the workflow as it is by then.
 */
export function outputParkedOutcomes(context: IExecuteFunctions): INodeExecutionData[][] {
	const state = JSON.parse(String(context.getContext('node')[stateKey])) as WaitingState;
	const items = context.getExecuteData().data.main?.flatMap((output) => output ?? []) ?? [];
	const byId = new Map(items.map(({ json }) => [String(json.outboundCallId).toLowerCase(), json]));
	const outcomes = new Map<string, IDataObject>();
	for (const id of pendingCalls(state.items)) {
		const outcome = byId.get(id.toLowerCase());
		if (outcome) outcomes.set(id, outcome);
	}
	return waitingOutputs(context.getNode(), {
		...state,
		items: withOutcomes(state.items, outcomes),
		outputPerStatus: hasOutputPerStatusNow(context, state),
		keyed: hasOnceKey(context),
	});
}

/** The outputs are those of the node as it is now. */
function hasOutputPerStatusNow(context: IExecuteFunctions, before: WaitingState): boolean {
	try {
		return hasOutputPerStatus(context);
	} catch {
		// An expression may ask for what is gone by now.
		return before.outputPerStatus;
	}
}

function lookFor(
	{ items: waiting, wait, deadline }: WaitingState,
	pending: string,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
): Reconciliation | undefined {
	const found = waiting.find(({ call }) => call?.outboundCallId === pending);
	const item = items.find(({ itemIndex }) => itemIndex === found?.itemIndex);
	const url = item?.ok ? item.value.body.callbackUrl : undefined;
	if (!found?.call || url === undefined) return undefined;
	return { wait, url, event: { ...found.call, status: 'calling' }, deadline };
}

/** Whether n8n hands on all outputs of a node that has waited: since 2.39, the first with this constant. */
const handsOnAllOutputs = () => (N8N_NODES_API_VERSION as number | undefined) !== undefined;

/** What to say where it does not. */
export function oneOutputOnly(node: INode): NodeOperationError {
	return new NodeOperationError(
		node,
		'Output per Status together with Callback needs n8n 2.39 or newer',
		{
			description:
				'Nobody was called. Update n8n; or set Wait For to Polling (polling), or remove Output per Status and tell the outcomes apart with a Switch node.',
		},
	);
}

/**
 * To be called before the first dial.
 * @throws NodeOperationError where AlloMia could never reach this n8n, or this run cannot wait at all
 */
export async function assertCanWait(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
	outputPerStatus: boolean,
): Promise<void> {
	if (!items.some((item) => item.ok && !item.value.dryRun)) return;
	const url = resumeUrl(context);
	if (outputPerStatus && !handsOnAllOutputs()) throw oneOutputOnly(context.getNode());
	if (runsInsideAgent(context)) {
		throw new NodeOperationError(
			context.getNode(),
			'This AI agent cannot pause its tools, so it cannot wait for a callback',
			{
				description:
					'Nobody was called. Set Wait For to Polling (polling), use the operation Create, or use an AI Agent node of version 3 or newer.',
			},
		);
	}
	if (isPrivateUrl(url) && !isPrivateUrl(baseUrl)) {
		throw new NodeOperationError(
			context.getNode(),
			`AlloMia cannot reach this n8n at ${new URL(url).origin}, so its outcome would never arrive`,
			{
				description:
					'Nobody was called. Set the environment variable WEBHOOK_URL of n8n to its public address and restart n8n; or set Wait For to Polling (polling).',
			},
		);
	}
	await assertReachable(context, url);
}

/**
 * Asks the execution's own address: n8n answers, as for any that runs, that it is not waiting; what
 * matters is what stands before n8n.
 */
async function assertReachable(context: IExecuteFunctions, url: string): Promise<void> {
	const probed = await probeOnce(context, outcomeUrl(url), new URL('.', url).href);
	const refuse = (message: string, advice: string) => {
		const description = `Nobody was called. ${advice}; or set Wait For to Polling (polling).`;
		throw new NodeOperationError(context.getNode(), message, { description });
	};
	if (probed?.kind === 'secured') {
		refuse(
			'The public address of this n8n leads on to https, so the outcome may never arrive',
			securedAdvice(url),
		);
	}
	if (probed?.kind !== 'blocked') return;
	const message = `n8n may not ask itself at ${new URL(url).origin}, so a callback that is lost would not be made up for`;
	// The callbacks that arrive count all the same.
	if (context.getMode() === 'manual') refuse(message, probed.what);
	context.logger.warn(`AlloMia: ${message}: ${probed.what}`);
}
