import {
	N8N_NODES_API_VERSION,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type Workflow,
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
import { abortableSleep } from '../../../../shared/values/abort';
import { isPrivateUrl } from '../../../../shared/values/privateHosts';
import {
	pairedSource,
	pendingCalls,
	waitingOutputs,
	withOutcomes,
	type WaitingState,
} from './waitingState';
import { signedCallbackUrl } from '../callback/callback';
import type { ValidatedItem } from '../../items';
import {
	hasDryRun,
	hasOnceKey,
	hasOutsideHoursOutput,
	storedOptions,
} from '../dispatch/readParameters';
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

/** How long AlloMia is asked once n8n itself has resumed the execution, and in addition for each call, in ms. */
const askingTime = 30_000;
const askingTimePerCall = 100;

/** The wait before calls without an answer are asked about again, in ms. */
const askingPause = 2_000;

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
	const source = context.getExecuteData().source?.main?.[0] ?? undefined;
	const current = { ...state, source, items: withOutcomes(state.items, known) };
	const [pending] = pendingCalls(current.items);
	if (pending === undefined) return waitingOutputs(context.getNode(), current);
	const outputs = await park(context, current);

	useHttpRequest(context.helpers.httpRequest);
	const reconciliation = toReconciliation(current, pending, items);
	if (reconciliation) reconcileUntilDeadline(reconciliation);
	return outputs;
}

/** Lets n8n store the execution until a callback resumes it, or the deadline is over. */
async function park(
	context: IExecuteFunctions,
	state: WaitingState,
): Promise<INodeExecutionData[][]> {
	const entry = context.getExecuteData();
	const stored = context.getContext('node');
	stored[stateKey] = JSON.stringify(state);
	stored[waitKey] = state.wait;
	const outputs = waitingOutputs(context.getNode(), state);
	const metadata = { ...entry.metadata, ...parkedMetadata };
	// To resume, n8n disables the node of this entry. If several branches lead here, their entries share the same
	// object and would be skipped, so it is copied.
	const node = { ...entry.node };
	const known = { ...entry.data, main: outputs };
	entry.metadata = metadata;
	entry.source = pairedSource(outputs, state.source ?? undefined);
	// It then passes on what it gets. From a callback that resumes it, that is the outcomes. If none does until after
	// the deadline, it gets nothing, and n8n runs the next entry: the node again, which asks AlloMia. Where n8n disables
	// both, as in a retry with the saved workflow, what is known now goes on.
	const stack = isLegacy(context) ? undefined : stackOf(context);
	entry.node = { ...node, ...(stack ? { alwaysOutputData: false } : {}) };
	entry.data = stack ? { ...entry.data, main: [] } : known;
	await context.putExecutionToWait(new Date(state.deadline + grace));
	stack?.unshift({ ...entry, node, data: known });

	// With Retry On Fail, n8n would retry a node whose first output item is an error, with the input that was
	// replaced above. n8n also modifies the returned arrays, so they are copied.
	const isRetried = context.getNode().retryOnFail && outputs[0]?.[0]?.json.error !== undefined;
	return outputs.map((items) => (isRetried ? [] : [...items]));
}

/** Whether n8n runs the nodes in the order of its first versions: a node then needs items in its first input list. */
function isLegacy(context: IExecuteFunctions): boolean {
	const { workflow } = context as { workflow?: Workflow };
	return workflow?.settings?.executionOrder !== 'v1';
}

/**
 * The outcomes of a wait that is over. n8n runs the node again if no callback has resumed it until after the
 * deadline; and with its own outcomes as input, if n8n was killed after the wait and the execution is retried with
 * the saved workflow. AlloMia is then asked about calls whose outcome is not known. Where n8n runs the node too
 * early, as it does at the time of an earlier wait, it goes on waiting.
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
	const current = { ...state, items: withOutcomes(state.items, outcomes) };
	const isEarly = Date.now() < state.deadline && pendingCalls(current.items).length > 0;
	if (isEarly && context.getMode() !== 'retry') return await park(context, current);
	const outputPerStatus = hasOutputPerStatusNow(context, state);
	return waitingOutputs(context.getNode(), {
		...current,
		outputPerStatus,
		withStatuses: hasStatusOutputs(context, outputPerStatus),
		keyed: hasOnceKey(context),
		withHours: hasOutsideHoursOutput(context),
		withDryRun: hasDryRun(context),
	});
}

/**
 * Asks AlloMia about calls once n8n itself has resumed the execution, those without an answer again and again for some
 * time.
 */
async function askAtTheEnd(
	context: IExecuteFunctions,
	open: string[],
): Promise<Map<string, StatusResponse>> {
	const found = new Map<string, StatusResponse>();
	if (open.length === 0) return found;
	const signal = context.getExecutionCancelSignal();
	const until = Date.now() + askingTime + open.length * askingTimePerCall;
	try {
		const connection = await connect(context);
		for (let left = open; ; ) {
			const statuses = await readStatuses(context, connection, left, { timeout, until, signal });
			for (const [id, status] of statuses) found.set(id, status);
			left = left.filter((id) => !found.has(id));
			if (left.length === 0 || signal?.aborted || Date.now() + 2 * askingPause > until) break;
			await abortableSleep(askingPause, signal);
		}
	} catch (error) {
		// The execution goes on with what is known.
		context.logger.warn(`${context.getNode().name}: ${(error as Error).message}`);
	}
	return found;
}

/** Whether the node as it is now has an output per status. */
function hasOutputPerStatusNow(context: IExecuteFunctions, before: WaitingState): boolean {
	const given = storedOptions(context).outputPerStatus;
	// Its items are the outcomes, which an expression does not expect.
	if (typeof given === 'string' && given.startsWith('=')) return before.outputPerStatus;
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
