import type { IExecuteFunctions } from 'n8n-workflow';
import type { Connection } from '../../../../shared/api/client';
import { readCallbackUrl, type CallRequest } from '../dispatch/callRequest';
import { maxUrlLength, signCallbackUrl } from '../../../../shared/callbacks/signedUrl';
import { addHint } from '../../../../shared/n8n/hints';
import { isPrivateUrl } from '../../../../shared/values/privateHosts';
import { readBoolean, show } from '../../../../shared/values/readParameter';
import type { Validated, ValidationIssue } from '../../../../shared/values/validation';
import type { ValidatedItem } from '../../items';
import { readOptions } from '../../options';
import { resolveTriggers, ownTriggerUrl } from './workflowTrigger';

/** Returns a function that adds the callback URL, if any, to a call. */
export async function callbackAdder(
	context: IExecuteFunctions,
	connection: Connection,
): Promise<(itemIndex: number, call: CallRequest) => Validated<CallRequest>> {
	// Cached, since most items name the same trigger.
	const triggers = await resolveTriggers(context);
	const triggerUrl = (name: unknown) => {
		const url = triggers.get(name) ?? ownTriggerUrl(context, name);
		triggers.set(name, url);
		return url;
	};
	return (itemIndex, call) => {
		const url = readTarget(context, itemIndex, call, connection, triggerUrl);
		if (!url.ok) return url;
		if (url.value === undefined) return { ok: true, value: call };
		return { ok: true, value: { ...call, body: { ...call.body, callbackUrl: url.value } } };
	};
}

function readTarget(
	context: IExecuteFunctions,
	itemIndex: number,
	call: CallRequest,
	connection: Connection,
	triggerUrl: (name: unknown) => Validated<string>,
): Validated<string | undefined> {
	const callback: unknown = context.getNodeParameter('callback', itemIndex, 'none');
	if (callback === 'none') {
		if (!call.metadata) return { ok: true, value: undefined };
		const message =
			'It is returned with the result, but Send Result To is set to Nowhere. Choose something else in Send Result To, or remove it.';
		return { ok: false, issues: [{ field: 'Metadata', message }] };
	}
	if (callback === 'trigger') {
		const url = triggerUrl(context.getNodeParameter('triggerName', itemIndex, 'AlloMia Trigger'));
		return url.ok ? signedCallbackUrl(context, itemIndex, url.value, call, connection) : url;
	}
	if (callback === 'url') {
		const issues: ValidationIssue[] = [];
		const url = readCallbackUrl(context.getNodeParameter('callbackUrl', itemIndex, ''), issues);
		const options = readOptions(context, itemIndex);
		const sign = readBoolean('Sign Webhook URL', options, 'signCallbackUrl', issues);
		if (issues.length > 0) return { ok: false, issues };
		return sign || call.metadata
			? signedCallbackUrl(context, itemIndex, url, call, connection)
			: { ok: true, value: url };
	}
	const message = `${show(callback)} is not one of none, trigger and url. Choose one of them.`;
	return { ok: false, issues: [{ field: 'Send Result To', message }] };
}

/** Adds the item's context and signature to a URL, unless it becomes too long. */
export function signedCallbackUrl(
	context: IExecuteFunctions,
	itemIndex: number,
	url: string,
	{ metadata }: CallRequest,
	{ apiKey }: Connection,
): Validated<string> {
	const workflowId = context.getWorkflow().id ?? '';
	const executionId = context.getExecutionId() ?? '';
	const result = signCallbackUrl(url, { workflowId, executionId, itemIndex, metadata }, apiKey);
	if (result.length <= maxUrlLength) return { ok: true, value: result };
	const field = metadata ? 'Metadata' : 'Webhook URL';
	const message = `With it the callback URL is ${result.length} characters long (maximum ${maxUrlLength}). Shorten it: an ID is enough to look up the rest.`;
	return { ok: false, issues: [{ field, message }] };
}

/** Shows a hint if AlloMia cannot reach the callback URLs. */
export function hintUnreachable(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	items: ReadonlyArray<ValidatedItem<CallRequest>>,
): void {
	const calls = items.flatMap((item) => (item.ok ? [item.value] : []));
	const url = calls.map(({ body }) => body.callbackUrl).find((it) => it && isPrivateUrl(it));
	if (url !== undefined && !isPrivateUrl(baseUrl)) {
		addHint(context, {
			type: 'warning',
			location: 'outputPane',
			message: `AlloMia cannot reach ${new URL(url).origin} from the internet, so the result will not arrive. Set the environment variable WEBHOOK_URL of n8n to its public address, and restart n8n.`,
		});
	}
}
