import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { callFields, callOptions } from './callFields';
import type { Operation } from '../operation';

const show = { resource: ['outboundCall'], operation: ['create'] };

export const create: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create an outbound call',
	description: 'Call somebody now and go on without waiting for the outcome',
	fields: [
		...callFields,
		{
			displayName: 'Callback',
			name: 'callback',
			type: 'options',
			default: 'none',
			options: [
				{
					name: 'None',
					value: 'none',
					description: 'Look up the outcome later, with the operation Get Status',
				},
				{
					name: 'AlloMia Trigger in This Workflow',
					value: 'trigger',
					description: 'The trigger starts this workflow again with the outcome',
				},
				{
					name: 'URL',
					value: 'url',
					description: 'Any address, such as that of an AlloMia Trigger in another workflow',
				},
			],
			description: 'Where AlloMia posts the outcome when the call has ended',
			displayOptions: { show },
		},
		{
			displayName: 'Trigger Name',
			name: 'triggerName',
			type: 'string',
			required: true,
			default: 'AlloMia Trigger',
			placeholder: 'e.g. AlloMia Trigger',
			description: 'The name of the AlloMia Trigger as it stands on the canvas of this workflow',
			hint: 'The trigger listens once the workflow is published',
			displayOptions: { show: { ...show, callback: ['trigger'] } },
		},
		{
			displayName: 'Callback URL',
			name: 'callbackUrl',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. https://n8n.example.com/webhook/…',
			description: 'The address that gets one POST when the call has ended',
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
		const settings = readSettings(this);
		const items = await readCalls(this, await callbackAdder(this, connection));
		hintUnreachable(this, connection, items);
		const results = await dialAll(this, connection, settings, items);
		if (!results) return [[]];
		hintResults(this, items, results, false);
		return dialOutputs(this, items, results);
	},
};
