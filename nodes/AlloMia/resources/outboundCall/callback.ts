import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../shared/api';
import { readCallbackUrl, type CallRequest, type Checked } from '../../../shared/callRequest';
import { maxUrlLength, signCallbackUrl } from '../../../shared/callbackUrl';
import { isPrivateUrl } from '../../../shared/network';
import type { Refusal } from '../../../shared/refusal';
import { currentUrl, ownTrigger, type TriggerStore } from '../../../shared/triggerRegistry';
import { shortList } from '../../../shared/text';
import { readOptions, type ReadItem } from './items';

/** The address of this execution under n8n's public address of today. */
export function resumeUrl(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $execution.resumeUrl }}', 0));
}

/** The call with the address in its body that its outcome is to be posted to, if there is one. */
export function addCallback(
	context: IExecuteFunctions,
	itemIndex: number,
	call: CallRequest,
	connection: Connection,
): Checked<CallRequest> {
	const url = readTarget(context, itemIndex, call, connection);
	if (!url.ok) return url;
	if (url.value === undefined) return { ok: true, value: call };
	return { ok: true, value: { ...call, body: { ...call.body, callbackUrl: url.value } } };
}

function readTarget(
	context: IExecuteFunctions,
	itemIndex: number,
	call: CallRequest,
	connection: Connection,
): Checked<string | undefined> {
	const callback: unknown = context.getNodeParameter('callback', itemIndex, 'none');
	const refusals: Refusal[] = [];
	if (callback === 'none') return { ok: true, value: undefined };
	if (callback === 'trigger') {
		const url = readTriggerUrl(context, refusals);
		if (url === undefined) return { ok: false, refusals };
		return signed(context, itemIndex, url, call, connection);
	}
	if (callback === 'url') {
		const url = readCallbackUrl(context.getNodeParameter('callbackUrl', itemIndex, ''), refusals);
		if (refusals.length > 0) return { ok: false, refusals };
		const wanted = readOptions(context, itemIndex).signCallbackUrl === true || call.metadata;
		return wanted ? signed(context, itemIndex, url, call, connection) : { ok: true, value: url };
	}
	const message = `"${String(callback)}" is not one of none, trigger and url. Choose one of them.`;
	return { ok: false, refusals: [{ field: 'Callback', message }] };
}

/** `url` with this item's context and signature, unless that makes it too long. */
export function signed(
	context: IExecuteFunctions,
	itemIndex: number,
	url: string,
	{ metadata }: CallRequest,
	{ apiKey }: Connection,
): Checked<string> {
	const workflowId = context.getWorkflow().id ?? '';
	const executionId = context.getExecutionId() ?? '';
	const result = signCallbackUrl(url, { workflowId, executionId, itemIndex, metadata }, apiKey);
	if (result.length < maxUrlLength) return { ok: true, value: result };
	const field = metadata ? 'Metadata' : 'Callback URL';
	const message = `With it the callback URL has ${result.length} characters, and some servers on its way refuse more than ${maxUrlLength}. Shorten it: an ID is enough to look up the rest.`;
	return { ok: false, refusals: [{ field, message }] };
}

/** Tells the user of a run whose outcomes AlloMia cannot deliver, or whose metadata goes nowhere. */
export function hintUnreachable(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	items: ReadonlyArray<ReadItem<CallRequest>>,
): void {
	const calls = items.flatMap((item) => (item.ok ? [item.value] : []));
	const url = calls.map(({ body }) => body.callbackUrl).find((it) => it && isPrivateUrl(it));
	if (url !== undefined && !isPrivateUrl(baseUrl)) {
		context.addExecutionHints({
			type: 'warning',
			location: 'outputPane',
			message: `AlloMia cannot reach ${new URL(url).origin} from the internet, so the outcome will not arrive. Set the environment variable WEBHOOK_URL of n8n to its public address, restart n8n and activate the workflow again.`,
		});
	}
	if (calls.some(({ body, metadata }) => metadata && body.callbackUrl === undefined)) {
		context.addExecutionHints({
			type: 'info',
			location: 'outputPane',
			message:
				'Metadata comes back with the outcome, and with Callback set to None there is none. Choose another Callback to get it.',
		});
	}
}

function readTriggerUrl(context: IExecuteFunctions, refusals: Refusal[]): string | undefined {
	const trigger = ownTrigger(context.getWorkflowStaticData('global') as TriggerStore);
	const field = 'Callback';
	switch (trigger.kind) {
		case 'one':
			return currentUrl(trigger.path, resumeUrl(context));
		case 'several':
			refusals.push({
				field,
				message: `This workflow has several AlloMia Triggers (${shortList(trigger.names)}). Keep one, or choose Callback > URL and paste the URL of the one that is meant.`,
			});
			return undefined;
		case 'none':
			refusals.push({
				field,
				message:
					'This workflow has no active AlloMia Trigger. Add an AlloMia Trigger, save the workflow and activate (publish) it; or choose another Callback.',
			});
			return undefined;
	}
}
