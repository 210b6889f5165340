import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { simplifyField } from '../simplify';
import { downloadField, maxFileSizeField } from './downloadFields';

const show = { resource: ['call'], operation: ['get'] };

export const get: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get a call from the log',
	description: 'Get everything about one call: its summary, outcome, transcript and recording',
	fields: [
		{
			displayName: 'Call ID',
			name: 'callId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. 70000000-0000-4000-8000-000000000001',
			description:
				'The ID of the call in AlloMia’s call log, as Get Many gives it out. It is not the ID of an outbound call.',
			displayOptions: { show },
		},
		{ ...downloadField, displayOptions: { show } },
		simplifyField(show),
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [maxFileSizeField],
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readGetParameters } = await import('./readParameters');
		const { mapCalls } = await import('./mapCalls');
		const { readCall } = await import('./callLog');

		return await mapCalls(
			this,
			(itemIndex) => readGetParameters(this, itemIndex),
			async ({ callId }, connection) => await readCall(this, connection, callId),
		);
	},
};
