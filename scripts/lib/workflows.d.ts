import type { Session } from './n8n';

export interface CredentialReference {
	id: string;
	name: string;
}

export interface WorkflowNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, CredentialReference>;
	webhookId?: string;
	onError?: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';
	alwaysOutputData?: boolean;
	retryOnFail?: boolean;
	maxTries?: number;
	waitBetweenTries?: number;
	disabled?: boolean;
}

export type Connections = Record<
	string,
	Record<string, Array<Array<{ node: string; type: string; index: number }>>>
>;

export interface WorkflowDefinition {
	/** n8n's command import:workflow needs it. */
	id?: string;
	name: string;
	nodes: WorkflowNode[];
	connections: Connections;
	settings?: Record<string, unknown>;
	/** The items that runs from the editor take in place of a node's own, by its name. */
	pinData?: Record<string, OutputItem[]>;
}

export interface ExecutionSummary {
	id: string;
	status: string;
	mode: string;
	retryOf?: string | null;
	/** When n8n goes on by itself with one that waits. */
	waitTill?: string | null;
}

export interface NodeError {
	message: string;
	description?: string | null;
	[field: string]: unknown;
}

export interface NodeRun {
	executionStatus?: string;
	/** In ms. */
	executionTime?: number;
	/** In ms since 1970. */
	startTime?: number;
	error?: NodeError;
	hints?: Array<{ message: string; type?: string }>;
	data?: { main?: Array<Array<OutputItem> | null> };
}

export interface OutputItem {
	json: Record<string, unknown>;
	pairedItem?: unknown;
	binary?: Record<string, { fileName?: string; mimeType: string; id?: string; data: string }>;
}

export interface Execution extends ExecutionSummary {
	data: { resultData: { runData: Record<string, NodeRun[]>; error?: NodeError } };
}

export function until<T>(
	what: string,
	look: () => Promise<T | undefined | false> | T | undefined | false,
	limit?: number,
	pause?: number,
): Promise<T>;
export function createCredential(
	session: Session,
	options: { name?: string; apiKey: string; baseUrl: string; organizationId?: string },
): Promise<CredentialReference>;
export function upsertCredential(
	session: Session,
	options: { name: string; apiKey: string; baseUrl: string; organizationId?: string },
): Promise<CredentialReference>;
export function createWorkflow(
	session: Session,
	workflow: WorkflowDefinition,
): Promise<{ id: string; versionId: string }>;
export function activate(session: Session, workflowId: string): Promise<void>;
export function deactivate(session: Session, workflowId: string): Promise<void>;
export function listExecutions(
	session: Session,
	workflowId: string,
	status?: string,
): Promise<ExecutionSummary[]>;
export function readExecution(session: Session, id: string): Promise<Execution>;
export function waitForEnd(session: Session, id: string, limit?: number): Promise<Execution>;
export function stopExecution(session: Session, id: string): Promise<void>;
export function outputsOf(
	execution: Execution,
	nodeName: string,
	run?: number,
): Array<Array<Record<string, unknown>>>;
