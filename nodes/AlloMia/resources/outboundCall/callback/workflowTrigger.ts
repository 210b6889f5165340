import type { IDataObject, IExecuteFunctions, Workflow } from 'n8n-workflow';
import type { Validated } from '../../../../shared/values/validation';
import { clean, shortList } from '../../../../shared/values/strings';
import { pathRule, triggerPath, webhookUrl } from '../../../../shared/callbacks/triggerUrl';
import { itemIndexes } from '../../items';
import { storedOptions } from '../dispatch/readParameters';
import { resumeUrl } from './resumeUrl';
import { probe, probeOnce, securedAdvice } from './probeUrl';

const triggerType = 'n8n-nodes-allomia.alloMiaTrigger';

/**
 * The URL of an AlloMia Trigger in the running workflow, by its name. It is derived from the workflow and n8n's
 * URL, since workers in queue mode have no static data.
 */
export function ownTriggerUrl(context: IExecuteFunctions, givenName: unknown): Validated<string> {
	const given = clean(String(givenName ?? ''));
	const isLeftEmpty = clean(String(context.getNode().parameters.triggerName ?? '')) === '';
	const [name = 'AlloMia Trigger', ...others] =
		given === '' && isLeftEmpty ? triggersOf(context) : [given];
	if (others.length > 0) {
		const all = shortList([name, ...others].map((it) => `"${it}"`));
		const message = `This workflow has several AlloMia Triggers: ${all}. Enter the name of one.`;
		return invalid('Trigger Name', message);
	}
	const parameters = parametersOf(context, name);
	const otherwise = 'or choose something else in Send Result To';
	if (!parameters) {
		const problem =
			name === ''
				? 'It is empty. Enter the name of the AlloMia Trigger'
				: `There is no node "${name}" in this workflow. Add an AlloMia Trigger, and enter its name here`;
		return invalid('Trigger Name', `${problem} as on the canvas, ${otherwise}.`);
	}
	const entry = entryOf(context, name);
	// If n8n does not expose the node itself, its parameters identify it.
	const isTrigger = entry
		? entry.type === triggerType
		: typeof parameters.verification === 'string';
	if (!isTrigger) {
		const message = `"${name}" is not an AlloMia Trigger. Enter the name of one, ${otherwise}.`;
		return invalid('Trigger Name', message);
	}
	if (entry?.disabled) {
		const message = `"${name}" is deactivated on the canvas, so it is not listening. Activate it and publish the workflow, ${otherwise}.`;
		return invalid('Trigger Name', message);
	}
	const { id = '' } = context.getWorkflow();
	const options = (parameters.options ?? {}) as IDataObject;
	const path = triggerPath(options.path, id);
	if (path === undefined) {
		return invalid('Trigger Name', `The option Path of "${name}" ${pathRule}. Correct it there.`);
	}
	const url = webhookUrl(resumeUrl(context), path);
	if (url !== undefined) return { ok: true, value: url };
	return invalid(
		'Send Result To',
		`This n8n uses custom webhook endpoints, so the URL of "${name}" cannot be determined. In Send Result To, choose Webhook URL, paste the trigger’s Production URL and turn on Options > Sign Webhook URL.`,
	);
}

/**
 * Finds the triggers that the items name, and probes whether they listen: the workflow may not be published, or
 * n8n's webhook endpoints may be renamed.
 * @returns the URLs by trigger name, or why no call may be placed
 */
export async function resolveTriggers(
	context: IExecuteFunctions,
): Promise<Map<unknown, Validated<string>>> {
	const triggers = new Map<unknown, Validated<string>>();
	for (const name of await namedTriggers(context)) {
		const url = ownTriggerUrl(context, name);
		triggers.set(name, url.ok ? await ifListening(context, name, url.value) : url);
	}
	return triggers;
}

async function namedTriggers(context: IExecuteFunctions): Promise<Set<unknown>> {
	const names = new Set<unknown>();
	const { callback, triggerName } = context.getNode().parameters;
	const isSame = [callback, triggerName].every((it) => !String(it).startsWith('='));
	for await (const itemIndex of itemIndexes(context)) {
		try {
			if (context.getNodeParameter('callback', itemIndex) === 'trigger') {
				names.add(context.getNodeParameter('triggerName', itemIndex));
			}
		} catch {
			// A failing expression is reported when the item is validated.
		}
		if (isSame) break;
	}
	return names;
}

/** Keeps a test from becoming real calls by the advice to publish. */
function testNote(context: IExecuteFunctions): string {
	return storedOptions(context).testNumber === undefined
		? ''
		: ' Once it is published, what starts it by itself calls the people in your items: Test Number only counts in the editor.';
}

async function ifListening(
	context: IExecuteFunctions,
	name: unknown,
	url: string,
): Promise<Validated<string>> {
	const trigger = name === '' ? 'The AlloMia Trigger' : `"${String(name)}"`;
	const paste =
		'In Send Result To, choose Webhook URL, paste the trigger’s Production URL and turn on Options > Sign Webhook URL';
	// Production webhooks and triggers only run in published workflows; in other modes, n8n may not say.
	const isPublished =
		['webhook', 'trigger'].includes(context.getMode()) || context.getWorkflow().active;
	const probed = await (isPublished ? probeOnce : probe)(context, url);
	switch (probed?.kind) {
		case undefined:
		case 'listens':
			return { ok: true, value: url };
		case 'unregistered':
			return invalid(
				'Send Result To',
				`${trigger} is not listening: this workflow is not published, or was changed since. Publish (activate) it and run it again, or choose something else in Send Result To.${testNote(context)}`,
			);
		case 'missing':
			return invalid(
				'Send Result To',
				`${trigger} is not at ${new URL(url).origin}${new URL(url).pathname} (404): this n8n may use custom webhook endpoints (N8N_ENDPOINT_WEBHOOK). ${paste}.`,
			);
		case 'secured':
			return invalid('Send Result To', `${securedAdvice(url)}.`);
		case 'blocked':
		case 'unknown':
			// The trigger may listen all the same. Only a manual run can be corrected at once.
			if (isPublished || context.getMode() !== 'manual') return { ok: true, value: url };
			return invalid(
				'Send Result To',
				`n8n cannot check whether ${trigger} is listening, since it cannot reach itself at ${new URL(url).origin} (${probed.what}). ${paste}; or correct WEBHOOK_URL.`,
			);
	}
}

function invalid(field: string, message: string): Validated<string> {
	return { ok: false, issues: [{ field, message }] };
}

/** The parameters of a node in this workflow, connected or not; undefined if it does not exist. */
function parametersOf(context: IExecuteFunctions, name: string): IDataObject | undefined {
	const nodes = context.getWorkflowDataProxy(0).$node as Record<
		string,
		{ parameter: IDataObject } | undefined
	>;
	try {
		return nodes[name]?.parameter;
	} catch {
		// n8n throws if the node does not exist.
		return undefined;
	}
}

/** The names of all AlloMia Triggers in this workflow, connected or not. */
function triggersOf(context: IExecuteFunctions): string[] {
	const { workflow } = context as { workflow?: Partial<Pick<Workflow, 'nodes'>> };
	const nodes = Object.values(workflow?.nodes ?? {});
	return nodes.filter(({ type }) => type === triggerType).map(({ name }) => name);
}

/** A node's type and state. n8n exposes these for nodes that lead to another one. */
function entryOf(context: IExecuteFunctions, name: string) {
	const [child] = context.getChildNodes(name);
	if (child) return context.getParentNodes(child.name).find((it) => it.name === name);
	// For others, there is only this internal property, which all releases so far have.
	const { workflow } = context as { workflow?: Partial<Pick<Workflow, 'getNode'>> };
	return workflow?.getNode?.(name) ?? undefined;
}
