import {
	NodeConnectionTypes,
	NodeOperationError,
	type IExecuteFunctions,
	type IHookFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { searchOrganizations } from './resources/organization/searchOrganizations';
import { outputsExpression } from './outputs';
import { resources } from './resources';
import { routeOutputToAgent, fixRunIndex, isAgentTool } from '../shared/n8n/agentTool';
import { findOperation, subtitleOf, toProperties, type Operation } from './resources/operation';
import { hints } from './resources/outboundCall/createAndWait';
import { isParked } from './resources/outboundCall/waiting/isParked';
import { outcomePath } from './resources/outboundCall/callback/resumeUrl';
import { handle } from '../shared/callbacks/webhook';

export class AlloMia implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'AlloMia',
		name: 'alloMia',
		icon: {
			light: 'file:../../icons/allomia.svg',
			dark: 'file:../../icons/allomia.dark.svg',
		},
		group: ['output'],
		version: 1,
		subtitle: subtitleOf(resources),
		description: 'Place AI phone calls and get their results, recordings and transcripts',
		defaults: { name: 'AlloMia' },
		inputs: [NodeConnectionTypes.Main],
		outputs: outputsExpression,
		usableAsTool: true,
		credentials: [{ name: 'alloMiaApi', required: true }],
		// Receives the outcomes of the calls that an execution is waiting for.
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				// Empty, so that n8n responds with what `webhook` returns, once it has resumed the execution.
				responseData: '',
				path: outcomePath,
				restartWebhook: true,
				isFullPath: true,
			},
		],
		hints,
		properties: toProperties(resources),
	};

	methods = { listSearch: { searchOrganizations } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		routeOutputToAgent(this);
		if (isParked(this)) {
			const { outputParkedOutcomes } = await import('./resources/outboundCall/waiting/park');
			return await outputParkedOutcomes(this);
		}
		const resource = this.getNodeParameter('resource', 0);
		const name = this.getNodeParameter('operation', 0);
		const operation = findOperation(resources, resource, name);
		if (!operation) {
			throw new NodeOperationError(
				this.getNode(),
				`AlloMia has no operation "${name}" for "${resource}". Choose one from the lists.`,
			);
		}
		if (!this.continueOnFail() && !isAgentTool(this)) return await operation.execute.call(this);
		let readable: Operation | undefined;
		try {
			fixRunIndex(this);
			readable = operation;
			return await operation.execute.call(this);
		} catch (error) {
			// n8n would pass on the input items as if nothing had failed, and an AI agent would not tell its model
			// the error's description, which may be not to call again.
			const { errorItems } = await import('./resources/items');
			const before = (await operation.errorOutput?.call(this)) ?? 0;
			return [...Array.from({ length: before }, () => []), await errorItems(this, error, readable)];
		}
	}

	/** Nothing is registered with AlloMia: each call has its own callback URL, which n8n serves while the execution waits. */
	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return true;
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await handle(this, async () => {
			const { resume } = await import('./resources/outboundCall/waiting/resume');
			return await resume(this);
		});
	}
}
