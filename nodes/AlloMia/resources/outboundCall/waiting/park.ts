import {
	N8N_NODES_API_VERSION,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
} from 'n8n-workflow';
import { runsInsideAgent } from '../../../../shared/n8n/agentTool';
import { connect, type Connection } from '../../../../shared/api/client';
import type { Validated } from '../../../../shared/values/validation';
import type { CallRequest } from '../dispatch/callRequest';
import { readStatuses } from '../../../../shared/api/callStatus';
import type { StatusResponse } from '../../../../shared/api/schemas';
import { isTerminal } from '../../../../shared/api/terminalStatus';
import {
	grace,
	useHttpRequest,
	reconcileUntilDeadline,
	type Reconciliation,
} from './reconciliation';
import { isPrivateUrl } from '../../../../shared/values/privateHosts';
import { pendingCalls, waitingOutputs, withOutcomes, type WaitingState } from './waitingState';
import { signedCallbackUrl } from '../callback/callback';
import type { ValidatedItem } from '../../items';
import { hasDryRun, hasOnceKey, hasOutsideHoursOutput } from '../dispatch/readParameters';
import { parkedMetadata, stackOf } from './isParked';
import { outcomeUrl, resumeUrl } from '../callback/resumeUrl';
import { probeOnce, securedAdvice } from '../callback/probeUrl';
import { hasOutputPerStatus, hasStatusOutputs } from './waitSettings';

/** The key in the node's context for the state, as JSON: `webhook()` may run in another process. */
export const stateKey = 'alloMiaWaiting';

/** The key for the wait's ID: every callback needs it, but only few need the whole state. */
export const waitKey = 'alloMiaWait';

/** The timeout of all status requests before the execution is parked, in ms. */
const statusesTimeout = 20_000;

/** The timeout of one of them, in ms. */
const timeout = 8_000;

/** Sets the callback URL of each call to that of the execution. */
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

/** Parks the execution until its calls have ended. If they all have already, returns their outcomes. */
export async function parkUntilCallbacks(
	context: IExecuteFunctions,
	connection: Connection,
	state: WaitingState,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
): Promise<INodeExecutionData[][]> {
	// Some calls may have ended while others were placed: n8n has rejected their callbacks.
	const known = await readStatuses(context, connection, pendingCalls(state.items), {
		timeout,
		until: Date.now() + statusesTimeout,
	});
	const entry = context.getExecuteData();
	const source = entry.source?.main?.[0] ?? undefined;
	const current = { ...state, source, items: withOutcomes(state.items, known) };
	const [pending] = pendingCalls(current.items);
	if (pending === undefined) return waitingOutputs(context.getNode(), current);

	const stored = context.getContext('node');
	stored[stateKey] = JSON.stringify(current);
	stored[waitKey] = current.wait;
	const outputs = waitingOutputs(context.getNode(), current);
	const metadata = { ...entry.metadata, ...parkedMetadata };
	// To resume, n8n disables the node of this entry. If several branches lead here, their entries share the same
	// object and would be skipped, so it is copied.
	const again = { ...entry, node: { ...entry.node }, metadata };
	// It then passes on what it gets: from a callback that resumes it, the outcomes. If none does until after the
	// deadline, it gets nothing, and n8n runs the next entry: the node again, which asks AlloMia.
	entry.node = { ...entry.node, alwaysOutputData: false };
	entry.data = { ...entry.data, main: [] };
	entry.metadata = metadata;
	await context.putExecutionToWait(new Date(current.deadline + grace));
	stackOf(context)?.unshift(again);

	useHttpRequest(context.helpers.httpRequest);
	const reconciliation = toReconciliation(current, pending, items);
	if (reconciliation) reconcileUntilDeadline(reconciliation);
	// With Retry On Fail, n8n would retry a node whose first output item is an error, with the input that was
	// replaced above. n8n also modifies the returned arrays, so they are copied.
	const isRetried = context.getNode().retryOnFail && outputs[0]?.[0]?.json.error !== undefined;
	return outputs.map((items) => (isRetried ? [] : [...items]));
}

/**
 * The outcomes of a wait that is over. n8n runs the node again if no callback has resumed it until after the
 * deadline; and with its own outcomes as input, if n8n was killed after the wait and the execution is retried with
 * the saved workflow. Calls whose outcome is not known then are asked about.
 */
export async function outputParkedOutcomes(
	context: IExecuteFunctions,
): Promise<INodeExecutionData[][]> {
	const state = JSON.parse(String(context.getContext('node')[stateKey])) as WaitingState;
	const items = context.getExecuteData().data.main?.flatMap((output) => output ?? []) ?? [];
	const byId = new Map(items.map(({ json }) => [String(json.outboundCallId).toLowerCase(), json]));
	const outcomes = new Map<string, IDataObject>();
	for (const id of pendingCalls(state.items)) {
		const outcome = byId.get(id.toLowerCase());
		if (isTerminal(String(outcome?.status))) outcomes.set(id, outcome as IDataObject);
	}
	const open = pendingCalls(withOutcomes(state.items, outcomes));
	for (const [id, status] of await askAtTheEnd(context, open)) outcomes.set(id, status);
	const outputPerStatus = hasOutputPerStatusNow(context, state);
	return waitingOutputs(context.getNode(), {
		...state,
		items: withOutcomes(state.items, outcomes),
		outputPerStatus,
		withStatuses: hasStatusOutputs(context, outputPerStatus),
		keyed: hasOnceKey(context),
		withHours: hasOutsideHoursOutput(context),
		withDryRun: hasDryRun(context),
	});
}

/** Asks AlloMia about calls once their time is over; nothing where it cannot be asked. */
async function askAtTheEnd(
	context: IExecuteFunctions,
	open: string[],
): Promise<Map<string, StatusResponse>> {
	if (open.length === 0) return new Map();
	try {
		const until = Date.now() + statusesTimeout;
		return await readStatuses(context, await connect(context), open, { timeout, until });
	} catch (error) {
		// The execution goes on with what is known.
		context.logger.warn(`${context.getNode().name}: ${(error as Error).message}`);
		return new Map();
	}
}

/** Whether the node as it is now has an output per status. */
function hasOutputPerStatusNow(context: IExecuteFunctions, before: WaitingState): boolean {
	try {
		return hasOutputPerStatus(context);
	} catch {
		// Its expression may refer to data that is no longer available.
		return before.outputPerStatus;
	}
}

function toReconciliation(
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

/** Whether n8n passes on all outputs of a resumed node: since 2.39, which introduced this constant. */
const supportsSeveralOutputs = () => (N8N_NODES_API_VERSION as number | undefined) !== undefined;

/** The error if it does not. */
export function oneOutputOnly(node: INode): NodeOperationError {
	return new NodeOperationError(
		node,
		'Output per Status and Calling Hours, together with Webhook, need n8n 2.39 or newer',
		{
			description:
				'Nobody was called. Update n8n; or set Get Result By to Polling (polling), or remove the option.',
		},
	);
}

/**
 * Makes sure that the execution can be parked and reached by AlloMia. Must be called before the first call is
 * placed.
 * @throws NodeOperationError if it cannot
 */
export async function assertCanWait(
	context: IExecuteFunctions,
	connection: Connection,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
	hasSeveralOutputs: boolean,
): Promise<void> {
	if (!items.some((item) => item.ok && !item.value.dryRun)) return;
	const problem = parkingProblem(context, connection, hasSeveralOutputs);
	if (problem) throw problem;
	await assertReachable(context, resumeUrl(context));
}

/** Why the execution cannot be parked, or AlloMia certainly cannot reach it, as far as that is known without a probe. */
export function parkingProblem(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	hasSeveralOutputs: boolean,
): NodeOperationError | undefined {
	const url = resumeUrl(context);
	if (hasSeveralOutputs && !supportsSeveralOutputs()) return oneOutputOnly(context.getNode());
	if (runsInsideAgent(context)) {
		return new NodeOperationError(
			context.getNode(),
			'This AI agent cannot pause its tools, so it cannot wait for a webhook',
			{
				description:
					'Nobody was called. Set Get Result By to Auto or Polling (polling), use the operation Create, or use an AI Agent node of version 3 or newer.',
			},
		);
	}
	if (!isPrivateUrl(url) || isPrivateUrl(baseUrl)) return undefined;
	return new NodeOperationError(
		context.getNode(),
		`AlloMia cannot reach this n8n at ${new URL(url).origin}, so the result would never arrive`,
		{
			description:
				'Nobody was called. Set the environment variable WEBHOOK_URL of n8n to its public address and restart n8n; or set Get Result By to Auto or Polling (polling).',
		},
	);
}

/**
 * Probes the execution's own URL. n8n responds that the execution is not waiting yet; what matters is whether
 * something in front of n8n redirects or blocks the request.
 */
async function assertReachable(context: IExecuteFunctions, url: string): Promise<void> {
	const probed = await probeOnce(context, outcomeUrl(url), new URL('.', url).href);
	const fail = (message: string, advice: string) => {
		const description = `Nobody was called. ${advice}; or set Get Result By to Polling (polling).`;
		throw new NodeOperationError(context.getNode(), message, { description });
	};
	if (probed?.kind === 'secured') {
		fail(
			'The public URL of this n8n redirects to https, so the result may never arrive',
			securedAdvice(url),
		);
	}
	if (probed?.kind !== 'blocked') return;
	const message = `n8n blocks requests to itself at ${new URL(url).origin}, so a lost callback could not be made up for`;
	// Callbacks from AlloMia can arrive all the same.
	if (context.getMode() === 'manual') fail(message, probed.what);
	context.logger.warn(`AlloMia: ${message}: ${probed.what}`);
}
