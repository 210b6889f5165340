import { readTemplate, templateNames, withCredential } from '../../../scripts/lib/templates';
import {
	activate,
	createCredential,
	createWorkflow,
	listExecutions,
	outputsOf,
	until,
	waitForEnd,
	type Execution,
	type WorkflowDefinition,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
import { ids } from '../../simulator';
import { useBench, type Bench } from './bench';

export { readTemplate, templateNames };

/** Services that nobody can test without an account. */
const services =
	/\.(googleSheets|googleCalendar|gmail|slack|twilio|hubspot|shopify|todoist|chainLlm)$/;

export const needsAccount = ({ type }: WorkflowNode) => services.test(type);

/** Who may open the forms and the page. */
export const formAccount = { id: '', name: 'Team', user: 'team', password: 'secret' };

/** A bench with the credential that the templates name: it has the organization's ID. */
export function useTemplateBench(): Bench {
	const bench = useBench();
	beforeAll(async () => {
		const { n8n, simulator } = bench;
		const { id } = await n8n.session.call<{ id: string }>('POST', '/rest/credentials', {
			name: formAccount.name,
			type: 'httpBasicAuth',
			data: { user: formAccount.user, password: formAccount.password },
		});
		formAccount.id = id;
		bench.credential = await createCredential(n8n.session, {
			name: 'AlloMia account',
			apiKey: simulator.keys.organization,
			baseUrl: simulator.baseUrl,
			organizationId: ids.organizationId,
		});
	});
	return bench;
}

/** What a test changes in a template: by node, parameters, or the node itself. */
export interface Changes {
	parameters?: Record<string, Record<string, unknown>>;
	nodes?: Record<string, Pick<WorkflowNode, 'type' | 'typeVersion' | 'parameters'>>;
	/** Whose pinned data are dropped. */
	unpin?: (node: WorkflowNode) => boolean;
	/** Their phone numbers, in place of those of the pinned data, in order. */
	phones?: string[];
}

/** A template as n8n imports it, with the credential chosen, and what a test changes. */
export function prepare(bench: Bench, name: string, changes: Changes = {}): WorkflowDefinition {
	const { parameters = {}, nodes = {}, unpin = () => false, phones = [] } = changes;
	const template = readTemplate(name);
	const all = withCredential(template, bench.credential).map((node) => ({
		...node,
		...(formAccount.id && node.parameters.authentication === 'basicAuth'
			? { credentials: { httpBasicAuth: { id: formAccount.id, name: formAccount.name } } }
			: {}),
		parameters: { ...node.parameters, ...parameters[node.name] },
		...nodes[node.name],
	}));
	const dropped = all.flatMap((node) => (unpin(node) || nodes[node.name] ? [node.name] : []));
	const pins = Object.entries(template.pinData ?? {}).filter(([node]) => !dropped.includes(node));
	const samples = [...new Set(JSON.stringify(pins).match(/\(514\) 555-\d{4}|\+1 514 555 \d{4}/g))];
	const pinData = phones.reduce(
		(text, phone, index) => (samples[index] ? text.replaceAll(samples[index], phone) : text),
		JSON.stringify(Object.fromEntries(pins)),
	);
	return { ...template, nodes: all, pinData: JSON.parse(pinData) as WorkflowDefinition['pinData'] };
}

const reads = ({ parameters: { operation } }: WorkflowNode) =>
	['read', 'getAll'].includes(String(operation));

/** All expressions among parameters, by the name of the innermost one. */
function expressionsIn(value: unknown, name: string): Array<[string, string]> {
	if (typeof value === 'string') return value.startsWith('=') ? [[name, value]] : [];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, one]) => expressionsIn(one, key));
}

/** In place of services that get something: nodes that put out what these would have been given. */
function echoes(name: string): NonNullable<Changes['nodes']> {
	const ends = readTemplate(name).nodes.filter((node) => needsAccount(node) && !reads(node));
	const echo = ({ name: node, parameters }: WorkflowNode) => {
		const assignments = expressionsIn(parameters, '').map(([key, value]) => ({
			id: `${node} ${key}`,
			name: key,
			value,
			type: 'string',
		}));
		const fields = { assignments: { assignments }, options: {} };
		return [node, { type: 'n8n-nodes-base.set', typeVersion: 3.4, parameters: fields }] as const;
	};
	return Object.fromEntries(ends.map(echo));
}

/**
 * A template of which everything runs, but what starts it and what it reads from services: these are pinned in runs from
 * the editor.
 */
export function live(name: string, changes: Changes = {}): Changes {
	const isSource = (node: WorkflowNode) =>
		/trigger$/i.test(node.type) || (needsAccount(node) && reads(node));
	return {
		unpin: (node) => !isSource(node) || node.type.endsWith('.alloMiaTrigger'),
		...changes,
		nodes: { ...echoes(name), ...changes.nodes },
	};
}

/** Whether a node has calling hours, and so two outputs, for which n8n pins no data. */
export const hasHours = ({ parameters }: WorkflowNode) =>
	'callingHours' in ((parameters.options ?? {}) as object);

/** A template's calling hours, so that it is never too late for a test. */
export function alwaysCalling(name: string): Changes {
	const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
	const window = { days: everyDay, from: '00:00', to: '24:00' };
	const nodes = readTemplate(name).nodes.filter(hasHours);
	return {
		parameters: Object.fromEntries(
			nodes.map(({ name: node, parameters }) => [
				node,
				{
					options: {
						...(parameters.options as object),
						callingHours: 'custom',
						callingWindows: { window: [window] },
					},
				},
			]),
		),
	};
}

export async function publish(bench: Bench, definition: WorkflowDefinition): Promise<string> {
	const { id } = await createWorkflow(bench.n8n.session, definition);
	await activate(bench.n8n.session, id);
	return id;
}

export const basicAuth = ({ user, password }: { user: string; password: string }) =>
	`Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A form's fields, in order. */
export type FormValues = Array<string | { file: string; text: string }>;

/** Sends a published template's form; the execution's ID. */
export async function sendForm(
	{ n8n: { session, baseUrl } }: Bench,
	workflowId: string,
	formPath: string,
	values: FormValues,
): Promise<string> {
	const known = new Set((await listExecutions(session, workflowId)).map((it) => it.id));
	await until('the form to be taken', async () => {
		const form = new FormData();
		for (const [index, value] of values.entries()) {
			const field = `field-${index}`;
			if (typeof value === 'string') form.append(field, value);
			else form.append(field, new Blob([value.text], { type: 'text/csv' }), value.file);
		}
		const response = await fetch(`${baseUrl}/form/${formPath}`, {
			method: 'POST',
			headers: { authorization: basicAuth(formAccount) },
			body: form,
		});
		return response.status === 200;
	});
	return await until('the execution', async () => {
		return (await listExecutions(session, workflowId)).find((it) => !known.has(it.id))?.id;
	});
}

/** The same, to the end of the execution. */
export async function submit(
	bench: Bench,
	...form: [workflowId: string, formPath: string, values: FormValues]
): Promise<Execution> {
	return await waitForEnd(bench.n8n.session, await sendForm(bench, ...form), 120_000);
}

/** All that a node put out in an execution, of all its runs and outputs. */
export const ran = (execution: Execution | undefined, node: string) =>
	(execution?.data.resultData.runData[node] ?? []).flatMap((_, run) =>
		execution ? outputsOf(execution, node, run).flat() : [],
	);

/** The nodes that ran, by name. */
export const nodesRun = (execution: Execution) =>
	Object.keys(execution.data.resultData.runData).sort();
