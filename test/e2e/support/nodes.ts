import { randomUUID } from 'node:crypto';
import type {
	Connections,
	CredentialReference,
	WorkflowNode,
} from '../../../scripts/lib/workflows';
import { ids } from '../../simulator';

type Extras = Partial<Omit<WorkflowNode, 'parameters'>>;

let placed = 0;

export function node(
	type: string,
	typeVersion: number,
	name: string,
	parameters: Record<string, unknown>,
	extras: Extras = {},
): WorkflowNode {
	placed += 1;
	return {
		id: randomUUID(),
		name,
		type,
		typeVersion,
		position: [(placed % 10) * 200, 0],
		parameters,
		...extras,
	};
}

/** Starts the workflow with the items that are posted to `/webhook/<path>` as `{ items: [...] }`. */
export function itemsSource(path: string): { nodes: WorkflowNode[]; connections: Connections } {
	return {
		nodes: [
			node(
				'n8n-nodes-base.webhook',
				2,
				'Webhook',
				{ httpMethod: 'POST', path, responseMode: 'onReceived', options: {} },
				{ webhookId: randomUUID() },
			),
			node('n8n-nodes-base.splitOut', 1, 'Items', { fieldToSplitOut: 'body.items', options: {} }),
		],
		connections: connect('Webhook', 'Items'),
	};
}

export function manualTrigger(): WorkflowNode {
	return node('n8n-nodes-base.manualTrigger', 1, 'Start', {});
}

export function noOp(name: string): WorkflowNode {
	return node('n8n-nodes-base.noOp', 1, name, {});
}

/** The AlloMia node with the documentation's example, and what a test sets. */
export function alloMia(
	credential: CredentialReference,
	parameters: Record<string, unknown> = {},
	extras: Extras = {},
): WorkflowNode {
	return node(
		'n8n-nodes-allomia.alloMia',
		1,
		'AlloMia',
		{
			resource: 'outboundCall',
			operation: 'create',
			phoneNumber: '+15145551234',
			assistantId: ids.assistantId,
			phoneNumberId: ids.phoneNumberId,
			...parameters,
		},
		{ credentials: { alloMiaApi: credential }, ...extras },
	);
}

export function alloMiaTrigger(
	credential: CredentialReference | undefined,
	parameters: Record<string, unknown> = {},
	extras: Extras = {},
): WorkflowNode {
	return node('n8n-nodes-allomia.alloMiaTrigger', 1, 'AlloMia Trigger', parameters, {
		...(credential ? { credentials: { alloMiaApi: credential } } : {}),
		webhookId: randomUUID(),
		...extras,
	});
}

/** A connection from one node's first output to another node. */
export function connect(from: string, to: string): Connections {
	return { [from]: { main: [[{ node: to, type: 'main', index: 0 }]] } };
}

/** A Switch node, each of whose outputs leads to the same node: items choose theirs by `output`. */
export function branches(
	numberOutputs: number,
	to = 'AlloMia',
): { node: WorkflowNode; connections: Connections } {
	const there = [{ node: to, type: 'main', index: 0 }];
	return {
		node: node('n8n-nodes-base.switch', 3, 'Branches', {
			mode: 'expression',
			numberOutputs,
			output: '={{ $json.output }}',
		}),
		connections: { Branches: { main: Array<typeof there>(numberOutputs).fill(there) } },
	};
}
