import './userFolder';
import { Logger as BackendLogger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { DataDeduplicationService, ErrorReporter } from 'n8n-core';
import {
	LoggerProxy,
	type DeduplicationItemTypes,
	type DeduplicationScope,
	type ICheckProcessedContextData,
	type ICheckProcessedOptions,
	type ICredentialDataDecryptedObject,
	type ICredentialsHelper,
	type IDataDeduplicator,
	type IDataObject,
	type IHttpRequestOptions,
	type INodeType,
	type INodeTypes,
	type IVersionedNodeType,
	type Logger,
} from 'n8n-workflow';
import { inspect } from 'node:util';
import { AlloMiaApi } from '../../credentials/AlloMiaApi.credentials';
import { AlloMia } from '../../nodes/AlloMia/AlloMia.node';
import { AlloMiaTrigger } from '../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';
import { Pass, Start, Value } from './nodes';

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
Container.set<unknown>(BackendLogger, logger);
Container.set<unknown>(ErrorReporter, logger);

/** n8n keeps what nodes remember across executions in its database; here it is in memory. */
class MemoryDeduplicator implements IDataDeduplicator {
	/** Whether the database cannot be written. */
	broken = false;

	/** What was seen, oldest first, by the workflow and the node that it belongs to. */
	private readonly rows = new Map<string, DeduplicationItemTypes[]>();

	async checkProcessedAndRecord(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		of: ICheckProcessedContextData,
		{ maxEntries }: ICheckProcessedOptions,
	) {
		const row = this.rowOf(scope, of);
		const known = new Set(row);
		const fresh = items.filter((item) => !known.has(item));
		row.push(...fresh);
		if (maxEntries) row.splice(0, row.length - maxEntries);
		return { new: fresh, processed: items.filter((item) => known.has(item)) };
	}

	async removeProcessed(
		items: DeduplicationItemTypes[],
		scope: DeduplicationScope,
		of: ICheckProcessedContextData,
	) {
		const row = this.rowOf(scope, of);
		for (const item of items) {
			const index = row.indexOf(item);
			if (index >= 0) row.splice(index, 1);
		}
	}

	async clearAllProcessedItems(scope: DeduplicationScope, of: ICheckProcessedContextData) {
		this.rowOf(scope, of).length = 0;
	}

	async getProcessedDataCount(scope: DeduplicationScope, of: ICheckProcessedContextData) {
		return this.rowOf(scope, of).length;
	}

	private rowOf(scope: DeduplicationScope, { workflow, node }: ICheckProcessedContextData) {
		if (this.broken) throw new Error('SQLITE_BUSY: database is locked');
		const name = `${workflow.id}/${scope === 'node' ? node?.id : ''}`;
		const row = this.rows.get(name) ?? [];
		this.rows.set(name, row);
		return row;
	}
}

export const store = new MemoryDeduplicator();
beforeAll(async () => await DataDeduplicationService.init(store));

/** This package's node types, from their source, and some of the tests' own. */
class TestedNodeTypes implements INodeTypes {
	private readonly known = new Map<string, INodeType | IVersionedNodeType>([
		['n8n-nodes-allomia.alloMia', new AlloMia()],
		['n8n-nodes-allomia.alloMiaTrigger', new AlloMiaTrigger()],
		['test.start', new Start()],
		['test.pass', new Pass()],
		['test.value', new Value()],
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

export const nodeTypes: INodeTypes = new TestedNodeTypes();

/**
 * n8n's credential store with one credential in it, whose type is this package's.
 * @param data with `unreadable`, n8n cannot read it, for that reason
 */
export function credentialsHelper(data: ICredentialDataDecryptedObject): ICredentialsHelper {
	const type = new AlloMiaApi();
	const helper: Partial<ICredentialsHelper> = {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		preAuthentication: async () => undefined,
		getDecrypted: async () => {
			if (data.unreadable) throw new Error(String(data.unreadable));
			return { ...data };
		},
		getCredentialsProperties: () => type.properties,
		authenticate: async (credentials, _name, options) =>
			await type.authenticate(credentials, options as IHttpRequestOptions),
	};
	return helper as ICredentialsHelper;
}
