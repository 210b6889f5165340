import { parse, stringify } from 'flatted';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ExecutionLifecycleHooks, WebhookContext, WorkflowExecute } from 'n8n-core';
import {
	createRunExecutionData,
	Workflow,
	type IConnections,
	type ICredentialDataDecryptedObject,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type IRun,
	type IRunExecutionData,
	type ITaskData,
	type IWebhookData,
	type IWebhookResponseData,
	type IWorkflowExecuteAdditionalData,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { inspect } from 'node:util';
import { credentialsHelper, nodeTypes } from './n8n';

export { log, store } from './n8n';

/** The name of the node that is tested, in every workflow here. */
export const testedNode = 'AlloMia';

export interface Execution {
	/** The type of the tested node; default: the AlloMia node. */
	type?: 'alloMia' | 'alloMiaTrigger';
	/** What the tested node is told. */
	parameters: INodeParameters;
	credential: ICredentialDataDecryptedObject;
	/** What comes into the tested node; default: one empty item. */
	items?: IDataObject[];
	/** The tested node's settings, such as `onError` and `retryOnFail`. */
	settings?: Partial<INode>;
	/** Further nodes. They stand beside Start and the tested node, which are always there. */
	nodes?: INode[];
	/** Default: Start leads to the tested node. */
	connections?: Array<[from: string, to: string, output?: number]>;
	/** Whether it is a run in the editor, of a workflow that is not published. */
	unpublished?: boolean;
	/** Whether it runs on a worker of queue mode, which is not told that a workflow is published. */
	onWorker?: boolean;
	/** n8n's public address. */
	publicUrl?: string;
	/** What n8n calls the addresses of waiting executions: N8N_ENDPOINT_WEBHOOK_WAIT. */
	waitingEndpoint?: string;
}

let executions = 1000;

function newId(): string {
	executions += 1;
	return String(executions);
}

/** An execution that has been started. */
export interface Started {
	id: string;
	execution: ReturnType<WorkflowExecute['run']>;
	/** What n8n had saved of it when it started: the base of a re-run after a crash. */
	saved(): IRunExecutionData;
}

/** Starts an execution in n8n's engine: in production unless `unpublished` says otherwise. */
export function start(wanted: Execution): Started {
	const workflow = build(wanted);
	const startNode = workflow.getNode('Start');
	if (!startNode) throw new Error('There is no node to start with');
	const items = (wanted.items ?? [{}]).map((json): INodeExecutionData => ({ json }));
	let saved = '';
	const id = newId();
	const mode = wanted.unpublished ? 'manual' : 'trigger';
	const additionalData = environment(wanted, workflow, mode, id, (data) => {
		saved = stringify(data);
	});
	const engine = new WorkflowExecute(additionalData, mode);
	return {
		id,
		execution: engine.run({ workflow, startNode, pinData: { Start: items } }),
		saved: () => parse(saved) as IRunExecutionData,
	};
}

/** Runs a production execution to its end. */
export async function execute(wanted: Execution): Promise<IRun> {
	return await start(wanted).execution;
}

/**
 * Runs an execution again as "Retry with currently saved workflow" in n8n's list of executions does,
 * from what was saved of it: a new execution that goes on at the node that failed, or at the first
 * where it had crashed.
 */
export async function retry(wanted: Execution, savedData: IRunExecutionData): Promise<IRun> {
	const data = parse(stringify(savedData)) as IRunExecutionData;
	const { resultData } = data;
	const { lastNodeExecuted } = resultData;
	if (lastNodeExecuted !== undefined) {
		delete resultData.error;
		const runs = resultData.runData[lastNodeExecuted] ?? [];
		if (runs.at(-1)?.error !== undefined) runs.pop();
	}
	// The node of a wait that is over is not: it has a node of the workflow as it is now.
	for (const { node } of data.executionData?.nodeExecutionStack ?? []) delete node.disabled;
	return await resume(wanted, data, 'retry', newId());
}

/** Runs a job of queue mode that was delivered before, from what was saved when it started. */
export async function redeliver(wanted: Execution, { id, saved }: Started): Promise<IRun> {
	return await resume(wanted, saved(), 'trigger', id);
}

/** Goes on with an execution from what was saved of it. */
export async function resume(
	wanted: Execution,
	data: IRunExecutionData,
	mode: WorkflowExecuteMode,
	id: string,
): Promise<IRun> {
	const workflow = build(wanted);
	for (const next of data.executionData?.nodeExecutionStack ?? []) {
		const { name, disabled } = next.node;
		next.node = { ...(workflow.getNode(name) ?? next.node), ...(disabled ? { disabled } : {}) };
	}
	const additionalData = environment(wanted, workflow, mode, id);
	const engine = new WorkflowExecute(additionalData, mode, createRunExecutionData(data));
	return await engine.processRunExecutionData(workflow);
}

/** A request to a webhook, and how to answer it. */
export interface WebhookRequest {
	request: IncomingMessage;
	response: ServerResponse;
	body: unknown;
	say(status: number, body: unknown): void;
}

/** Runs the tested node's webhook: of an execution that waits, or one that is to start an execution. */
export async function answerWebhook(
	wanted: Execution,
	id: string,
	data: IRunExecutionData | null,
	{ request, response, body, say }: WebhookRequest,
): Promise<IWebhookResponseData> {
	const workflow = build(wanted);
	const tested = workflow.getNode(testedNode) as INode;
	const type = nodeTypes.getByNameAndVersion(tested.type);
	const [webhookDescription] = type.description.webhooks ?? [];
	const { pathname, searchParams } = new URL(request.url ?? '', 'http://n8n');
	const query = Object.fromEntries(searchParams);
	const answer = Object.assign(response, {
		status: (status: number) => ({ json: (said: unknown) => say(status, said) }),
	});
	const additionalData = {
		...environment(wanted, workflow, 'trigger', id),
		httpRequest: Object.assign(request, {
			...{ body, query, path: pathname, params: {}, originalUrl: request.url },
		}),
		httpResponse: answer,
	} as unknown as IWorkflowExecuteAdditionalData;
	const webhookData = { webhookDescription } as IWebhookData;
	const context = new WebhookContext(
		workflow,
		tested,
		additionalData,
		'trigger',
		webhookData,
		[],
		data,
	);
	return (await type.webhook?.call(context)) ?? {};
}

function build(wanted: Execution): Workflow {
	const { type = 'alloMia', parameters, settings, nodes = [] } = wanted;
	const { unpublished = false, onWorker = false } = wanted;
	const { connections = [['Start', testedNode]] } = wanted;
	const tested: INode = {
		...node(testedNode, `n8n-nodes-allomia.${type}`, parameters),
		credentials: { alloMiaApi: { id: '1', name: 'AlloMia' } },
		...settings,
	};
	return new Workflow({
		id: 'workflow1',
		name: 'Test',
		active: !unpublished && !onWorker,
		nodes: [node('Start', 'test.start'), tested, ...nodes],
		connections: connect(connections),
		nodeTypes,
		settings: { executionOrder: 'v1' },
	});
}

/** A node of this package or of the tests. */
export function node(name: string, type: string, parameters: INodeParameters = {}): INode {
	return { id: name, name, type, typeVersion: 1, position: [0, 0], parameters };
}

function connect(list: NonNullable<Execution['connections']>): IConnections {
	const connections: IConnections = {};
	for (const [from, to, output = 0] of list) {
		const outputs = connections[from]?.main ?? [];
		while (outputs.length <= output) outputs.push([]);
		outputs[output]?.push({ node: to, type: 'main', index: 0 });
		connections[from] = { main: outputs };
	}
	return connections;
}

function environment(
	{ credential, publicUrl = 'https://n8n.example.com', waitingEndpoint }: Execution,
	workflow: Workflow,
	mode: WorkflowExecuteMode,
	executionId: string,
	onStart: (data: IRunExecutionData) => void = () => undefined,
): IWorkflowExecuteAdditionalData {
	let stored: IRunExecutionData | undefined;
	const { id, active } = workflow;
	const hooks = new ExecutionLifecycleHooks(mode, executionId, {
		id,
		name: 'Test',
		active,
		isArchived: false,
		createdAt: new Date(),
		updatedAt: new Date(),
		activeVersionId: null,
		nodes: Object.values(workflow.nodes),
		connections: workflow.connectionsBySourceNode,
	});
	hooks.addHandler('workflowExecuteBefore', (_workflow, data) => {
		stored = data;
		if (data) onStart(data);
	});
	const additionalData: Partial<IWorkflowExecuteAdditionalData> & {
		hooks: ExecutionLifecycleHooks;
	} = {
		credentialsHelper: credentialsHelper(credential),
		hooks,
		executionId,
		currentNodeExecutionIndex: 0,
		restApiUrl: `${publicUrl}/rest`,
		instanceBaseUrl: `${publicUrl}/`,
		webhookBaseUrl: `${publicUrl}/webhook`,
		webhookWaitingBaseUrl: `${publicUrl}/${waitingEndpoint ?? 'webhook-waiting'}`,
		webhookTestBaseUrl: `${publicUrl}/webhook-test`,
		formWaitingBaseUrl: `${publicUrl}/form-waiting`,
		variables: {},
		// As n8n does since 2.36, with what is known when the execution begins.
		getRunExecutionData: async () => stored,
	};
	return additionalData as IWorkflowExecuteAdditionalData;
}

/** One run of the tested node, as it stands in the execution's data. */
export function runOf(run: IRun, runIndex = 0, name = testedNode): ITaskData {
	const found = run.data.resultData.runData[name]?.[runIndex];
	if (!found) throw new Error(`${name} did not run: ${inspect(run.data.resultData.error)}`);
	return found;
}

/** What came out of the tested node. */
export function output(run: IRun, index = 0, runIndex = 0, name = testedNode) {
	return runOf(run, runIndex, name).data?.main?.[index] ?? [];
}

/** The same, only the items' data. */
export function outputJson(run: IRun, index = 0, runIndex = 0, name = testedNode): IDataObject[] {
	return output(run, index, runIndex, name).map(({ json }) => json);
}

/** The error that the tested node stopped the execution with. */
export function errorOf(run: IRun) {
	const { error } = runOf(run);
	if (!error) throw new Error('The node did not fail');
	return error;
}

/** Everything that n8n saves of an execution, as text. */
export function serialized(run: IRun): string {
	return stringify(run.data);
}
