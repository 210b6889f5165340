import { NodeOperationError, type IExecuteFunctions, type IRunData } from 'n8n-workflow';

/** Whether the node is the tool of an AI agent: n8n then gives it a type of its own. */
export function isAgentTool(context: IExecuteFunctions): boolean {
	return runsInsideAgent(context) || context.getNode().type.endsWith('Tool');
}

/**
 * Whether the agent runs the tool by itself, as older ones do; newer ones leave it to n8n, as any
 * node. n8n cannot pause the former.
 */
export function runsInsideAgent(context: IExecuteFunctions): boolean {
	// Not in every n8n that has tools.
	const { isToolExecution } = context as Partial<IExecuteFunctions>;
	return isToolExecution?.call(context) ?? false;
}

/** What n8n has of a tool that an agent runs by itself, beyond what it shows to nodes. */
interface AgentRun {
	runIndex: number;
	inputData: { ai_tool?: unknown };
	runExecutionData: { resultData: { runData: IRunData } };
}

/**
 * Gives a run inside an agent its own index. n8n counts from the same one for every item of an agent's
 * batch, and `$fromAI` would read by it what the model said for another item.
 * @throws NodeOperationError where n8n does not tell which run this one is
 */
export function findOwnRun(context: IExecuteFunctions): void {
	if (!runsInsideAgent(context)) return;
	const node = context.getNode();
	const agentRun = context as unknown as AgentRun;
	const runs = agentRun.runExecutionData.resultData.runData[node.name] ?? [];
	const { ai_tool: input } = agentRun.inputData;
	const index = runs.findIndex((run) => input && run?.inputOverride?.ai_tool === input);
	if (index < 0) {
		throw new NodeOperationError(
			node,
			'This version of n8n does not tell which of the agent’s requests this is. Nothing was done: set the agent’s Batch Size to 1, or use its newest version.',
		);
	}
	agentRun.runIndex = index;
}
