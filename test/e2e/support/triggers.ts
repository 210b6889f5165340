import { randomUUID } from 'node:crypto';
import {
	activate,
	createWorkflow,
	listExecutions,
	waitForEnd,
	type Connections,
	type Execution,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
import { activeWorkflow, type Bench, type SignedIn } from './bench';
import { alloMia, alloMiaTrigger, connect, manualTrigger, noOp } from './nodes';

/** A workflow that calls, and whose trigger gets the outcome. */
export async function callAndTrigger(
	bench: Bench,
	triggerParameters: Record<string, unknown> = {},
	callParameters: Record<string, unknown> = {},
) {
	return await activeWorkflow(bench, [
		alloMia(bench.credential, {
			phoneNumber: '={{ $json.phone }}',
			callback: 'trigger',
			options: { metadata: { entry: [{ name: 'record', value: '={{ $json.record }}' }] } },
			...callParameters,
		}),
		alloMiaTrigger(bench.credential, triggerParameters),
	]);
}

/** A trigger alone, and its production URL. */
export async function aTrigger(bench: Bench, parameters: Record<string, unknown> = {}) {
	const workflow = await activeWorkflow(bench, [
		noOp('End'),
		alloMiaTrigger(bench.credential, parameters),
	]);
	const url = `${bench.n8n.baseUrl}/webhook/allomia/${workflow.id}`;
	return { ...workflow, url };
}

export const event = (status = 'completed', outboundCallId: string = randomUUID()) => ({
	outboundCallId,
	contactId: randomUUID(),
	status,
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
});

/** How many executions a workflow has. */
export const executionsOf = async ({ n8n }: Bench, workflowId: string) =>
	(await listExecutions(n8n.session, workflowId)).length;

/** A workflow that starts by hand with one item, which goes to the first node. */
export async function manualWorkflow(
	{ n8n }: SignedIn,
	nodes: WorkflowNode[],
	publish = true,
	connections: Connections = {},
) {
	const { id } = await createWorkflow(n8n.session, {
		name: randomUUID(),
		nodes: [manualTrigger(), ...nodes],
		connections: { ...connect('Start', nodes[0]?.name ?? ''), ...connections },
	});
	if (publish) await activate(n8n.session, id);
	return id;
}

/** Starts a workflow as the editor's button does; the execution's id. */
export async function beginByHand(
	{ n8n: { session } }: SignedIn,
	id: string,
	trigger = 'Start',
): Promise<string> {
	const workflowData = await session.call('GET', `/rest/workflows/${id}`);
	const { executionId } = await session.call<{ executionId: string }>(
		'POST',
		`/rest/workflows/${id}/run`,
		{ workflowData, triggerToStartFrom: { name: trigger } },
	);
	return executionId;
}

/** Runs a workflow as the editor's button does, to its end. */
export async function runByHand(bench: SignedIn, id: string, trigger?: string): Promise<Execution> {
	return await waitForEnd(bench.n8n.session, await beginByHand(bench, id, trigger));
}
