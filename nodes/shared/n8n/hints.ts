import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

/** Shows a hint in the node's panel. Older n8n versions cannot in an AI agent's tool. */
export function addHint(context: IExecuteFunctions, hint: NodeExecutionHint): void {
	(context as Partial<IExecuteFunctions>).addExecutionHints?.(hint);
}
