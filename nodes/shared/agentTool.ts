import type { IExecuteFunctions } from 'n8n-workflow';

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
