import type { CredentialReference, WorkflowDefinition, WorkflowNode } from './workflows';

export const templateNames: string[];
export function readTemplate(name: string): WorkflowDefinition;
export function withCredential(
	template: WorkflowDefinition,
	credential: CredentialReference,
): WorkflowNode[];
