import {
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { describeIssues } from '../shared/values/validation';
import { statusLabels, terminalStatuses } from '../shared/api/terminalStatus';
import { pathRule, triggerPath, triggerPathExpression } from '../shared/callbacks/triggerUrl';
import { outputsExpression } from './outputs';
import { readSettings } from './settings';

export class AlloMiaTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'AlloMia Trigger',
		name: 'alloMiaTrigger',
		icon: {
			light: 'file:../../icons/allomia.svg',
			dark: 'file:../../icons/allomia.dark.svg',
		},
		group: ['trigger'],
		version: 1,
		subtitle: '={{$parameter["statuses"].join(", ")}}',
		description: 'Starts the workflow with the outcome of an outbound call',
		eventTriggerDescription: 'Waiting for a call to end',
		activationMessage: 'This workflow now starts whenever an outbound call ends.',
		defaults: { name: 'AlloMia Trigger' },
		inputs: [],
		outputs: outputsExpression,
		credentials: [
			{
				name: 'alloMiaApi',
				required: true,
				displayOptions: { show: { verification: ['auto', 'signature', 'always'] } },
			},
		],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				// Empty, so that n8n responds to accepted events with what `webhook` returns.
				responseData: '',
				path: triggerPathExpression,
				isFullPath: true,
			},
		],
		triggerPanel: {
			header: 'Receive the outcome of a call',
			executionsHelp: {
				inactive:
					'<b>To try it out</b>: copy the Test URL under Webhook URLs and click “Execute step” (“Listen for test event” in older versions of n8n). Open the AlloMia node that places the call in another tab, set Callback to URL and paste the Test URL into Callback URL. Run that node: once the call has ended, its outcome shows here.<br><br><b>In production</b>: publish (activate) the workflow. An AlloMia node in this workflow finds this trigger by its name (Callback: AlloMia Trigger in This Workflow); for one in another workflow, paste the Production URL.',
				active:
					'<b>To try it out</b>: copy the Test URL under Webhook URLs and click “Execute step” (“Listen for test event” in older versions of n8n). Open the AlloMia node that places the call in another tab, set Callback to URL and paste the Test URL into Callback URL. Run that node: once the call has ended, its outcome shows here.<br><br><b>In production</b>: this workflow is published. Outcomes arrive by themselves and show in the <a data-key="executions">executions list</a>.',
			},
			activationHint:
				'Once you have tried it out, publish (activate) the workflow: outcomes then arrive by themselves.',
		},
		properties: [
			{
				displayName:
					'An AlloMia node in this workflow finds this trigger by its name: set its Callback to “AlloMia Trigger in This Workflow”. From another workflow, paste the Production URL above into Callback URL and turn on Options > Sign Callback URL. To try it out, execute this step, then run an AlloMia node with the Test URL above as its Callback URL.',
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Statuses',
				name: 'statuses',
				type: 'multiOptions',
				required: true,
				options: terminalStatuses.map((value) => ({ name: statusLabels[value], value })),
				default: [...terminalStatuses],
				description: 'The outcomes that start the workflow. Others are answered and cost nothing.',
			},
			{
				displayName: 'Verification',
				name: 'verification',
				type: 'options',
				default: 'auto',
				options: [
					{
						name: 'Always',
						value: 'always',
						description:
							'Ask AlloMia about every callback, signed or not, and use its answer. For those whom an invented outcome would harm.',
					},
					{
						name: 'Auto',
						value: 'auto',
						description:
							'Believe signed callbacks. For any other, ask AlloMia how that call stands and use its answer.',
					},
					{
						name: 'None',
						value: 'none',
						description: 'Believe everything. Whoever knows the URL can then invent outcomes.',
					},
					{
						name: 'Signature Only',
						value: 'signature',
						description: 'Believe signed callbacks and refuse any other',
					},
				],
				description: 'How to make sure that an outcome really comes from AlloMia',
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{
						displayName: 'Ignore Duplicates',
						name: 'ignoreDuplicates',
						type: 'boolean',
						default: true,
						description:
							'Whether an outcome that arrives more than once starts the workflow once only',
					},
					{
						displayName: 'Output per Status',
						name: 'outputPerStatus',
						type: 'boolean',
						default: false,
						description: 'Whether each chosen status gets an output of its own',
					},
					{
						displayName: 'Path',
						name: 'path',
						type: 'string',
						noDataExpression: true,
						default: '',
						placeholder: 'e.g. clinic/outcomes',
						description:
							'Where the trigger listens, below n8n’s webhook address. Leave it empty for allomia/ and the ID of the workflow; only a second AlloMia Trigger in the same workflow needs a path of its own.',
					},
				],
			},
		],
	};

	/** Nothing is registered with AlloMia: each call has its own callback URL. */
	webhookMethods = {
		default: {
			/** Returns false if the parameters are invalid: n8n then calls `create`, which reports why. */
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return findProblem(this) === undefined;
			},
			/** @throws NodeOperationError if the parameters are invalid */
			async create(this: IHookFunctions): Promise<boolean> {
				const problem = findProblem(this);
				if (problem === undefined) return true;
				throw new NodeOperationError(this.getNode(), problem, {
					description: 'Correct it there, or remove it.',
				});
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { receive } = await import('./receive');
		return await receive(this);
	}
}

/** Validates the parameters that do not depend on an event. Returns what is wrong with them. */
function findProblem(context: IHookFunctions): string | undefined {
	// The stored values: n8n does not resolve expressions in the path, and others need an event.
	const { parameters } = context.getNode();
	const options = (parameters.options ?? {}) as IDataObject;
	if (triggerPath(options.path, context.getWorkflow().id ?? '') === undefined) {
		return `Path: It ${pathRule}.`;
	}
	const read = readSettings({
		...withoutExpressions(parameters),
		options: withoutExpressions(options),
	});
	return read.ok ? undefined : describeIssues(read.issues);
}

/** The parameters that are not expressions. */
function withoutExpressions(parameters: IDataObject): IDataObject {
	const isFixed = (value: unknown) => !(typeof value === 'string' && value.startsWith('='));
	return Object.fromEntries(Object.entries(parameters).filter(([, value]) => isFixed(value)));
}
