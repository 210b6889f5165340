import {
	NodeConnectionTypes,
	NodeOperationError,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { testCredential } from '../shared/credentialTest';
import { searchOrganizations } from '../shared/searchOrganizations';
import { outputsExpression } from './outputs';
import { resources } from './resources';
import { findOwnRun, isAgentTool } from '../shared/agentTool';
import { findOperation, toProperties } from './resources/operation';
import { hints } from './resources/outboundCall/createAndWait';
import { outcomePath } from './resources/outboundCall/resumeUrl';

// eslint-disable-next-line @n8n/community-nodes/webhook-lifecycle-complete -- no third party's webhook: the address of a waiting execution, which n8n makes and forgets by itself
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
		subtitle: '={{$parameter["operation"] + ": " + $parameter["resource"]}}',
		description: 'Let a voice AI place phone calls and use what came of them',
		defaults: { name: 'AlloMia' },
		inputs: [NodeConnectionTypes.Main],
		outputs: outputsExpression,
		usableAsTool: true,
		credentials: [{ name: 'alloMiaApi', required: true, testedBy: 'testCredential' }],
		// Where an execution that waits for its calls is told of their outcomes.
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				// Lets n8n answer with what we return, once it has the execution.
				responseData: '',
				path: outcomePath,
				restartWebhook: true,
				isFullPath: true,
			},
		],
		hints,
		properties: toProperties(resources),
	};

	methods = { credentialTest: { testCredential }, listSearch: { searchOrganizations } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
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
		try {
			findOwnRun(this);
			return await operation.execute.call(this);
		} catch (error) {
			// n8n would hand the items on as they came in, as if all were well; and an AI agent would keep
			// from its model what to do, such as not to call again.
			const { errorItems } = await import('../shared/nodeErrors');
			const before = (await operation.errorOutput?.call(this)) ?? 0;
			return [...Array.from({ length: before }, () => []), errorItems(this, error)];
		}
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { resume } = await import('./resources/outboundCall/resume');
		return await resume(this);
	}
}
