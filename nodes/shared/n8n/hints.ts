import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';

/** Shows a hint in the node's panel. In an older n8n, an AI agent's tool has no way to. */
export function addHint(context: IExecuteFunctions, hint: NodeExecutionHint): void {
	(context as Partial<IExecuteFunctions>).addExecutionHints?.(hint);
}
