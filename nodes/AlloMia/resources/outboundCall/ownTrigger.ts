import type { IDataObject, IExecuteFunctions, Workflow } from 'n8n-workflow';
import type { Checked } from '../../../shared/callRequest';
import { clean } from '../../../shared/text';
import { pathRule, triggerPath, webhookUrl } from '../../../shared/triggerAddress';
import { resumeUrl } from './resumeUrl';

const triggerType = 'n8n-nodes-allomia.alloMiaTrigger';

/**
 * The address of the AlloMia Trigger of this name in the running workflow. Nothing is stored for it:
 * a queue-mode worker gets no static data, but knows the whole workflow and n8n's address.
 */
export function ownTriggerUrl(context: IExecuteFunctions, givenName: unknown): Checked<string> {
	const name = clean(String(givenName ?? ''));
	const parameters = parametersOf(context, name);
	const otherwise = 'or choose another Callback';
	if (!parameters) {
		const problem =
			name === ''
				? 'It is empty. Write the name of the AlloMia Trigger'
				: `There is no node "${name}" in this workflow. Add an AlloMia Trigger, and write its name here`;
		return refuse('Trigger Name', `${problem} as it stands on the canvas, ${otherwise}.`);
	}
	const entry = entryOf(context, name);
	// Where n8n tells nothing of it but its parameters, these must do.
	const isTrigger = entry
		? entry.type === triggerType
		: typeof parameters.verification === 'string';
	if (!isTrigger) {
		const message = `"${name}" is not an AlloMia Trigger. Write the name of one, ${otherwise}.`;
		return refuse('Trigger Name', message);
	}
	if (entry?.disabled) {
		const message = `"${name}" is deactivated on the canvas, so it does not listen. Activate it and publish the workflow, ${otherwise}.`;
		return refuse('Trigger Name', message);
	}
	const { id = '', active } = context.getWorkflow();
	if (context.getMode() === 'manual' && !active) {
		const message = `"${name}" does not listen yet, since this workflow is not published. Publish (activate) it and run it again, ${otherwise}.`;
		return refuse('Callback', message);
	}
	const options = (parameters.options ?? {}) as IDataObject;
	const path = triggerPath(options.path, id);
	if (path === undefined) {
		return refuse('Trigger Name', `The option Path of "${name}" ${pathRule}. Correct it there.`);
	}
	const url = webhookUrl(resumeUrl(context), path);
	if (url !== undefined) return { ok: true, value: url };
	return refuse(
		'Callback',
		`The webhook addresses of this n8n are renamed, so that of "${name}" is not known here. Set Callback to URL, paste the trigger’s Production URL and turn on Options > Sign Callback URL.`,
	);
}

function refuse(field: string, message: string): Checked<string> {
	return { ok: false, refusals: [{ field, message }] };
}

/** The parameters of a node of this workflow, connected or not; undefined where there is none. */
function parametersOf(context: IExecuteFunctions, name: string): IDataObject | undefined {
	const nodes = context.getWorkflowDataProxy(0).$node as Record<
		string,
		{ parameter: IDataObject } | undefined
	>;
	try {
		return nodes[name]?.parameter;
	} catch {
		// n8n's way to say that it does not know the node.
		return undefined;
	}
}

/** Type and state of a node, which n8n tells of a node that leads to another. */
function entryOf(context: IExecuteFunctions, name: string) {
	const [child] = context.getChildNodes(name);
	if (child) return context.getParentNodes(child.name).find((it) => it.name === name);
	// Of one that leads nowhere n8n's interface says nothing, but every release so far has this.
	const { workflow } = context as { workflow?: Partial<Pick<Workflow, 'getNode'>> };
	return workflow?.getNode?.(name) ?? undefined;
}
