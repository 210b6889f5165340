import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { callFields, callOptions } from './callFields';
import type { Operation } from '../operation';

const show = { resource: ['outboundCall'], operation: ['create'] };

export const create: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Place a call',
	description: 'Start a phone call without waiting for the result',
	fields: [
		...callFields,
		{
			displayName: 'Send Result To',
			name: 'callback',
			type: 'options',
			default: 'none',
			options: [
				{
					name: 'Nowhere',
					value: 'none',
					description: 'Check the result later with Get Status',
				},
				{
					name: 'AlloMia Trigger in This Workflow',
					value: 'trigger',
					description: 'The trigger starts this workflow when the call ends',
				},
				{
					name: 'Webhook URL',
					value: 'url',
					description: 'Any URL, such as that of an AlloMia Trigger in another workflow',
				},
			],
			description: 'Where AlloMia sends the result when the call ends',
			displayOptions: { show },
		},
		{
			displayName: 'Trigger Name',
			name: 'triggerName',
			type: 'string',
			default: 'AlloMia Trigger',
			placeholder: 'e.g. AlloMia Trigger',
			description:
				'Name of the AlloMia Trigger on the canvas. Leave empty if this workflow has only one.',
			hint: 'Publish the workflow so that the trigger can receive results',
			displayOptions: { show: { ...show, callback: ['trigger'] } },
		},
		{
			displayName: 'Webhook URL',
			name: 'callbackUrl',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…',
			description: 'The URL that receives a POST request when the call ends',
			displayOptions: { show: { ...show, callback: ['url'] } },
		},
		callOptions,
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		// Loaded when first used, so that n8n starts faster.
		const { dialAll, readCalls } = await import('./dispatch/dial');
		const { dialOutputs } = await import('./dispatch/dialResults');
		const { hintResults } = await import('./dispatch/resultHints');
		const { readSettings } = await import('./dispatch/dialSettings');
		const { callbackAdder, hintUnreachable } = await import('./callback/callback');
		const { connectNode } = await import('../../../shared/n8n/nodeErrors');

		const connection = await connectNode(this);
		const settings = await readSettings(this);
		const items = await readCalls(this, settings, await callbackAdder(this, connection));
		hintUnreachable(this, connection, items);
		const results = await dialAll(this, connection, settings, items);
		if (!results) return [[]];
		hintResults(this, items, results, { ...settings, isFollowed: false });
		return dialOutputs(this, items, results);
	},
	async readFailedItem(this: IExecuteFunctions, itemIndex: number) {
		const { readFailedItem } = await import('./dispatch/failedItem');
		return { ...readFailedItem(this, itemIndex) };
	},
};
