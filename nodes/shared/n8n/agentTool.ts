import {
	NodeConnectionTypes,
	NodeOperationError,
	type IExecuteFunctions,
	type IRunData,
	type Workflow,
} from 'n8n-workflow';

/** Whether the node is used as an AI agent's tool: its type then ends with "Tool". */
export function isAgentTool(context: IExecuteFunctions): boolean {
	return runsInsideAgent(context) || context.getNode().type.endsWith('Tool');
}

/**
 * Whether the agent runs the tool itself, as older agents do; newer ones let n8n run it like any node. n8n
 * cannot pause the former.
 */
export function runsInsideAgent(context: IExecuteFunctions): boolean {
	// Older n8n versions have `connectionType` instead.
	const { isToolExecution, connectionType } = context as Partial<IExecuteFunctions & ToolContext>;
	return isToolExecution?.call(context) ?? connectionType === NodeConnectionTypes.AiTool;
}

/**
 * Makes n8n pass the tool's output to the agent. n8n marks the node for that, but loses the mark when an
 * execution is retried with the saved workflow: the model would get an empty result, and might ask for the
 * call again.
 */
export function routeOutputToAgent(context: IExecuteFunctions): void {
	if (!isAgentTool(context) || runsInsideAgent(context)) return;
	context.getExecuteData().node.rewireOutputLogTo = NodeConnectionTypes.AiTool;
}

/** Internals of n8n's context of a tool's run. */
interface ToolContext {
	workflow: Workflow;
	runExecutionData: { resultData: { runData: IRunData } };
	/** The connection to the agent, if that runs the tool itself. */
	connectionType?: string;
	/** The model's input, if the agent runs the tool itself. */
	inputData: { ai_tool?: unknown };
	runIndex: number;
	/** A new object for each attempt of the agent. */
	closeFunctions: object;
}

/** A tool's run within that of its agent. */
export interface ToolRun {
	/** The agent's run: the same if n8n retries the agent. */
	agentRun: string;
	/** The calls that the agent has requested in its current attempt, and how often, if it runs the tool itself. */
	asked?: Map<string, number>;
}

/** `ToolRun.asked` by the agent's attempt. */
const askedInAttempt = new WeakMap<object, Map<string, number>>();

/** Determines to which run of its agent a tool's run belongs. */
export function readToolRun(context: IExecuteFunctions): ToolRun {
	const { workflow, runExecutionData, closeFunctions } = context as unknown as ToolContext;
	const hasAgent = (name: string) => workflow.getChildNodes(name, 'ai_tool', 1).length > 0;
	// An agent may be another agent's tool.
	const agents = workflow.getChildNodes(context.getNode().name, 'ai_tool');
	const { runData } = runExecutionData.resultData;
	const runs = agents.filter((name) => !hasAgent(name)).map((name) => runData[name]?.length ?? 0);
	const agentRun = `agent ${runs.join(' ')}`;
	// Newer agents let n8n run their tools, and n8n keeps their results.
	if (!runsInsideAgent(context)) return { agentRun };
	const asked = askedInAttempt.get(closeFunctions) ?? new Map<string, number>();
	askedInAttempt.set(closeFunctions, asked);
	return { agentRun, asked };
}

/**
 * Corrects the run index of a tool that an agent runs itself. n8n starts from the same index for each item of
 * an agent's batch, so `$fromAI` would read the model's input for another item.
 * @throws NodeOperationError if the run cannot be determined
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
			'This version of n8n cannot tell the agent’s requests apart. Nothing was done: set the agent’s Batch Size to 1, or use its latest version.',
		);
	}
	own.runIndex = index;
}
