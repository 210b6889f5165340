import {
	LoggerProxy,
	type DeduplicationItemTypes,
	type ICredentialDataDecryptedObject,
	type ICredentialsHelper,
	type IDataDeduplicator,
	type IDataObject,
	type IHttpRequestOptions,
	type INode,
	type INodeType,
	type INodeTypes,
	type IPinData,
	type IRun,
	type IRunExecutionData,
	type IVersionedNodeType,
	type IWorkflowBase,
	type IWorkflowExecuteAdditionalData,
	type Logger,
	type Workflow,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { AlloMiaApi } from '../../credentials/AlloMiaApi.credentials';
import { AlloMia } from '../../nodes/AlloMia/AlloMia.node';
import { AlloMiaTrigger } from '../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';

/** An execution that can be cancelled, as n8n-core gives it out. */
export interface RunningExecution extends Promise<IRun> {
	cancel(): void;
}

interface Execute {
	run(options: { workflow: Workflow; startNode: INode; pinData: IPinData }): RunningExecution;
	processRunExecutionData(workflow: Workflow): RunningExecution;
}

export interface Hooks {
	addHandler(name: string, handler: (...values: never[]) => void): void;
}

/** What is used here of n8n-core, which is installed with n8n and not with this project. */
interface Core {
	WorkflowExecute: new (
		additionalData: IWorkflowExecuteAdditionalData,
		mode: WorkflowExecuteMode,
		data?: IRunExecutionData,
	) => Execute;
	ExecutionLifecycleHooks: new (
		mode: WorkflowExecuteMode,
		executionId: string,
		workflow: IWorkflowBase,
	) => Hooks;
	DataDeduplicationService: { init(deduplicator: IDataDeduplicator): Promise<void> };
	ErrorReporter: object;
}

// n8n-core keeps its settings in this folder, and makes one where there is none.
const userFolder = mkdtempSync(join(tmpdir(), 'allomia-engine-'));
process.env.N8N_USER_FOLDER = userFolder;
export const core = jest.requireActual<Core>('n8n-core');
const { Container } = jest.requireActual<{
	Container: { set(type: unknown, value: unknown): void };
}>('@n8n/di');

/** Everything that n8n would have written to its log. */
export const log: string[] = [];
const keep = (...values: unknown[]) => void log.push(inspect(values, { depth: 12 }));
const logger: Logger & { scoped(): Logger } = {
	error: keep,
	warn: keep,
	info: keep,
	debug: keep,
	scoped: () => logger,
};
LoggerProxy.init(logger);
Container.set(jest.requireActual<{ Logger: unknown }>('@n8n/backend-common').Logger, logger);
Container.set(core.ErrorReporter, logger);

/** n8n keeps what nodes remember across executions in its database; here it is in memory. */
class MemoryDeduplicator implements IDataDeduplicator {
	/** Whether the database cannot be written. */
	broken = false;

	private readonly processed = new Set<DeduplicationItemTypes>();

	async checkProcessedAndRecord(items: DeduplicationItemTypes[]) {
		if (this.broken) throw new Error('SQLITE_BUSY: database is locked');
		const known = items.filter((item) => this.processed.has(item));
		const fresh = items.filter((item) => !this.processed.has(item));
		fresh.forEach((item) => this.processed.add(item));
		return { new: fresh, processed: known };
	}

	async removeProcessed(items: DeduplicationItemTypes[]) {
		if (this.broken) throw new Error('SQLITE_BUSY: database is locked');
		items.forEach((item) => this.processed.delete(item));
	}

	async clearAllProcessedItems() {
		this.processed.clear();
	}

	async getProcessedDataCount() {
		return this.processed.size;
	}
}

export const store = new MemoryDeduplicator();
beforeAll(async () => await core.DataDeduplicationService.init(store));
afterAll(() => rmSync(userFolder, { recursive: true, force: true }));

/** Node types: this package's from their source, n8n's own from the installed n8n. */
class TestedNodeTypes implements INodeTypes {
	private readonly known = new Map<string, INodeType | IVersionedNodeType>([
		['n8n-nodes-allomia.alloMia', new AlloMia()],
		['n8n-nodes-allomia.alloMiaTrigger', new AlloMiaTrigger()],
		['n8n-nodes-base.manualTrigger', ownNode('ManualTrigger')],
		['n8n-nodes-base.noOp', ownNode('NoOp')],
		['n8n-nodes-base.set', ownNode('Set')],
	]);

	getByName(name: string): INodeType | IVersionedNodeType {
		const found = this.known.get(name);
		if (!found) throw new Error(`The tests know no node type ${name}`);
		return found;
	}

	getByNameAndVersion(name: string, version?: number): INodeType {
		const found = this.getByName(name);
		return 'nodeVersions' in found ? found.getNodeType(version) : found;
	}

	getKnownTypes(): IDataObject {
		return {};
	}
}

function ownNode(name: string): INodeType | IVersionedNodeType {
	const path = `n8n-nodes-base/dist/nodes/${name}/${name}.node`;
	const found = jest.requireActual<Record<string, new () => INodeType>>(path)[name];
	if (!found) throw new Error(`n8n has no node ${name}`);
	return new found();
}

export const nodeTypes: INodeTypes = new TestedNodeTypes();

/** n8n's credential store with one credential in it, whose type is this package's. */
export function credentialsHelper(data: ICredentialDataDecryptedObject): ICredentialsHelper {
	const type = new AlloMiaApi();
	const helper: Partial<ICredentialsHelper> = {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		preAuthentication: async () => undefined,
		getDecrypted: async () => ({ ...data }),
		getCredentialsProperties: () => type.properties,
		authenticate: async (credentials, _name, options) =>
			await type.authenticate(credentials, options as IHttpRequestOptions),
	};
	return helper as ICredentialsHelper;
}
