import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';

export const getStatus: Operation = {
	value: 'getStatus',
	name: 'Get Status',
	action: 'Get the status of an outbound call',
	subtitle: 'Get the status of a call',
	description: 'Get the current status of a call',
	fields: [
		{
			displayName: 'Outbound Call ID',
			name: 'outboundCallId',
			type: 'string',
			required: true,
			default: '',
			placeholder: 'e.g. c3d4e5f6-a7b8-9012-cdef-345678901234',
			description: 'The outboundCallId returned by Create',
			displayOptions: { show: { resource: ['outboundCall'], operation: ['getStatus'] } },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readCallId } = await import('./dispatch/readParameters');
		const { statusRequest } = await import('../../../shared/api/callStatus');
		const { sendWithRetries } = await import('../../../shared/api/sendWithRetries');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex) => readCallId(this, itemIndex),
			consequence: 'Nothing was looked up.',
			handle: async (outboundCallId, connection) =>
				toItems(await sendWithRetries(this, connection, statusRequest(outboundCallId))),
		});
	},
};
