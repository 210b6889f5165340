import {
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { handle } from '../shared/callbacks/webhook';
import { describeIssues } from '../shared/values/validation';
import { statusLabels, terminalStatuses, type TerminalStatus } from '../shared/api/terminalStatus';
import { pathRule, triggerPath, triggerPathExpression } from '../shared/callbacks/triggerUrl';
import { outputsExpression } from './outputs';
import { readSettings } from './settings';

/** Where the other ways to use the trigger are described. */
const guide = 'https://github.com/allomia/n8n-nodes-allomia#trigger';

const eventLabels: Record<TerminalStatus, string> = {
	completed: 'Call Completed',
	'no-answer': 'Call Not Answered',
	busy: 'Line Busy',
	failed: 'Call Failed',
};

/** The chosen results, as people say them: "Completed or Busy". */
const subtitleExpression = `={{ ((labels, chosen) => {
	const names = Object.keys(labels).filter((status) => chosen.includes(status)).map((status) => labels[status]);
	return names.length === Object.keys(labels).length ? 'All results' : names.join(', ').replace(/, (?!.*,)/, ' or ');
})(${JSON.stringify(statusLabels)}, [].concat($parameter["statuses"] ?? [])) }}`;

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
		subtitle: subtitleExpression,
		// The node creator shows it for the AlloMia node as well.
		description: 'Place AI phone calls and start a workflow when a call ends',
		eventTriggerDescription: 'Waiting for a call to end',
		activationMessage: 'Your trigger will now start this workflow when an outbound call ends.',
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
			header: 'Receive the result of a call',
			executionsHelp: {
				inactive:
					"<b>While building your workflow</b>, click 'Execute step', then place a call with the Test URL above: in the AlloMia node, set Send Result To to Webhook URL and paste it.<br><br><b>Once you're happy with your workflow</b>, publish it. Every finished call then starts an execution, shown in the <a data-key=\"executions\">executions list</a> but not in the editor.",
				active:
					'<b>While building your workflow</b>, click \'Execute step\', then place a call with the Test URL above: in the AlloMia node, set Send Result To to Webhook URL and paste it.<br><br><b>This workflow is published</b>: every finished call starts an execution, shown in the <a data-key="executions">executions list</a> but not in the editor.',
			},
			activationHint:
				"Once you've finished building your workflow, publish it to receive every call result automatically.",
		},
		properties: [
			{
				displayName: `To receive results of calls from this workflow, set Send Result To in the AlloMia node to 'AlloMia Trigger in This Workflow', and publish. <a href="${guide}" target="_blank">Other setups</a>`,
				name: 'notice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Trigger On',
				name: 'statuses',
				type: 'multiOptions',
				required: true,
				// The node creator lists them as "On call completed" and so on.
				options: terminalStatuses.map((value) => ({ name: eventLabels[value], value })),
				default: [...terminalStatuses],
				description:
					'Which call results start the workflow. Others do not create an execution. Completed means that the call was connected: a voicemail completes, too.',
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
						description: 'Look up every result in AlloMia, signed or not, before accepting it',
					},
					{
						name: 'Auto',
						value: 'auto',
						description:
							'Accept signed results. Look up all others in AlloMia before accepting them.',
					},
					{
						name: 'None',
						value: 'none',
						description: 'Accept every request. Anyone who knows the URL can send fake results.',
					},
					{
						name: 'Signature Only',
						value: 'signature',
						description: 'Accept signed results only',
					},
				],
				description: 'How to check that a result really comes from AlloMia',
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
							'Whether a result that arrives more than once starts the workflow only once',
					},
					{
						displayName: 'Output per Status',
						name: 'outputPerStatus',
						type: 'boolean',
						default: false,
						description: 'Whether to use a separate output for each selected result',
					},
					{
						displayName: 'Path',
						name: 'path',
						type: 'string',
						noDataExpression: true,
						default: '',
						placeholder: 'e.g. clinic/results',
						description:
							'Webhook path. Leave empty to use allomia/&lt;workflow ID&gt;. Only needed for a second AlloMia Trigger in the same workflow.',
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
		return await handle(this, async () => {
			const { receive } = await import('./receive');
			return await receive(this);
		});
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
