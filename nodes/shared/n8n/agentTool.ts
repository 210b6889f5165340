import {
	NodeConnectionTypes,
	NodeOperationError,
	type IExecuteFunctions,
	type IRunData,
	type Workflow,
} from 'n8n-workflow';

/** Whether the node is the tool of an AI agent: n8n then gives it a type of its own. */
export function isAgentTool(context: IExecuteFunctions): boolean {
	return runsInsideAgent(context) || context.getNode().type.endsWith('Tool');
}

/**
 * Whether the agent runs the tool by itself, as older ones do; newer ones leave it to n8n, as any
 * node. n8n cannot pause the former.
 */
export function runsInsideAgent(context: IExecuteFunctions): boolean {
	// An n8n that does not tell has what it would tell by.
	const { isToolExecution, connectionType } = context as Partial<IExecuteFunctions & ToolContext>;
	return isToolExecution?.call(context) ?? connectionType === NodeConnectionTypes.AiTool;
}

/**
 * Lets n8n tell the agent what its tool gives out. n8n notes on the node that it is to do so, and forgets it
 * where an execution is run again with the workflow as it is by then: the model would be told of no call, and
 * might ask for it again.
 */
export function routeOutputToAgent(context: IExecuteFunctions): void {
	if (!isAgentTool(context) || runsInsideAgent(context)) return;
	context.getExecuteData().node.rewireOutputLogTo = NodeConnectionTypes.AiTool;
}

/** What n8n has of a tool's run, beyond what it shows to nodes. */
interface ToolContext {
	workflow: Workflow;
	runExecutionData: { resultData: { runData: IRunData } };
	/** What the node is for its agent, where that runs the tool by itself. */
	connectionType?: string;
	/** Where an agent runs the tool by itself: what its model has filled in. */
	inputData: { ai_tool?: unknown };
	runIndex: number;
	/** One object for each try of the agent. */
	closeFunctions: object;
}

/** A tool's run, as a part of what its agent does. */
export interface ToolRun {
	/** Which run of the agent it belongs to: the same where n8n tries or runs the agent again. */
	agentRun: string;
	/** What the agent has asked for in its present try, and how often; where it runs the tool by itself. */
	asked?: Map<string, number>;
}

const askedInTry = new WeakMap<object, Map<string, number>>();

export function readToolRun(context: IExecuteFunctions): ToolRun {
	const { workflow, runExecutionData, closeFunctions } = context as unknown as ToolContext;
	const hasAgent = (name: string) => workflow.getChildNodes(name, 'ai_tool', 1).length > 0;
	// An agent may be the tool of another one.
	const agents = workflow.getChildNodes(context.getNode().name, 'ai_tool');
	const { runData } = runExecutionData.resultData;
	const runs = agents.filter((name) => !hasAgent(name)).map((name) => runData[name]?.length ?? 0);
	const agentRun = `agent ${runs.join(' ')}`;
	// Newer agents leave their tools to n8n, which keeps what these have answered.
	if (!runsInsideAgent(context)) return { agentRun };
	const asked = askedInTry.get(closeFunctions) ?? new Map<string, number>();
	askedInTry.set(closeFunctions, asked);
	return { agentRun, asked };
}

/**
 * Gives a run inside an agent its own index. n8n counts from the same one for every item of an agent's
 * batch, and `$fromAI` would read by it what the model said for another item.
 * @throws NodeOperationError where n8n does not tell which run this one is
 */
export function fixRunIndex(context: IExecuteFunctions): void {
	if (!runsInsideAgent(context)) return;
	const node = context.getNode();
	const own = context as unknown as ToolContext;
	const runs = own.runExecutionData.resultData.runData[node.name] ?? [];
	const { ai_tool: input } = own.inputData;
	const index = runs.findIndex((run) => input && run?.inputOverride?.ai_tool === input);
	if (index < 0) {
		throw new NodeOperationError(
			node,
			'This version of n8n does not tell which of the agent’s requests this is. Nothing was done: set the agent’s Batch Size to 1, or use its newest version.',
		);
	}
	own.runIndex = index;
}
