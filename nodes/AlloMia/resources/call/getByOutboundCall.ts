import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator } from '../organizationLocator';
import { simplifyField } from '../simplify';
import { downloadField, maxFileSizeField } from './downloadFields';

const show = { resource: ['call'], operation: ['getByOutboundCall'] };

export const getByOutboundCall: Operation = {
	value: 'getByOutboundCall',
	name: 'Get by Outbound Call',
	action: 'Get the log entry of an outbound call',
	subtitle: 'Get the log entry of a call',
	description: 'Get summary, outcome, transcript and recording of a call placed by this node',
	fields: [
		{
			displayName: 'Outbound Call ID',
			name: 'outboundCallId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. c3d4e5f6-a7b8-9012-cdef-345678901234',
			description:
				'The outboundCallId returned by the AlloMia Trigger or Create and Wait for Result',
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
						'The number that was called. Recommended: AlloMia’s log has no outbound call ID, so the call is found by time and number.',
				},
				{
					displayName: 'Wait Up To',
					name: 'waitUpTo',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 3600 },
					default: 60,
					description: 'Seconds to wait until AlloMia has logged the call and its files are there',
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
