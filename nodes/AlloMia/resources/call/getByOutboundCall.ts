import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator } from '../organizationLocator';
import { simplifyField } from '../simplify';
import { downloadField, maxFileSizeField } from './downloadFields';

const show = { resource: ['call'], operation: ['getByOutboundCall'] };

export const getByOutboundCall: Operation = {
	value: 'getByOutboundCall',
	name: 'Get by Outbound Call',
	action: 'Get the call behind an outcome',
	description: 'Get what was said in a call that you placed: its summary, transcript and recording',
	fields: [
		{
			displayName: 'Outbound Call ID',
			name: 'outboundCallId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. c3d4e5f6-a7b8-9012-cdef-345678901234',
			description:
				'The outboundCallId of the outcome, as the AlloMia Trigger and Create and Wait give it out',
			displayOptions: { show },
		},
		organizationLocator('The organization that placed the call', show),
		simplifyField(show),
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				downloadField,
				maxFileSizeField,
				{
					displayName: 'Phone Number',
					name: 'phoneNumber',
					type: 'string',
					default: '',
					placeholder: 'e.g. {{ $json.metadata.phone }}',
					description:
						'The number that was called. AlloMia’s log does not name the outbound call, so the call is found by its time: with the number, calls of the same moment are told apart.',
				},
				{
					displayName: 'Wait Up To',
					name: 'waitUpTo',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 3600 },
					default: 60,
					description:
						'How many seconds to wait for AlloMia to log the call, and for the files to download',
				},
			],
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readGetByOutboundCallParameters } = await import('./readParameters');
		const { mapCalls } = await import('./mapCalls');
		const { findCall } = await import('./findCall');

		const started = Date.now();
		return await mapCalls(
			this,
			(itemIndex, connection) => readGetByOutboundCallParameters(this, itemIndex, connection),
			async ({ outboundCall, waitUpTo }, connection, signal) =>
				await findCall(this, connection, outboundCall, started + waitUpTo * 1000, signal),
			({ waitUpTo }) => started + waitUpTo * 1000,
		);
	},
};
