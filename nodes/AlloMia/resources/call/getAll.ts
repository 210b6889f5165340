import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { returnAllFields } from '../returnAll';
import { organizationLocator } from '../organizationLocator';
import { simplifyField } from '../simplify';

const show = { resource: ['call'], operation: ['getAll'] };

export const getAll: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many calls from the log',
	description: 'List the calls of an organization: inbound, outbound and from the web',
	fields: [
		organizationLocator('The organization whose calls to list', show),
		...returnAllFields(show),
		simplifyField(show),
		{
			displayName: 'Filters',
			name: 'filters',
			type: 'collection',
			placeholder: 'Add Filter',
			default: {},
			options: [
				{
					displayName: 'Agent Name',
					name: 'agentName',
					type: 'string',
					default: '',
					placeholder: 'e.g. Reception',
					description: 'Only calls of agents with this text in their name',
				},
				{
					displayName: 'Call Type',
					name: 'callType',
					type: 'options',
					default: 'Outbound',
					options: [
						{ name: 'Inbound', value: 'Inbound' },
						{ name: 'Outbound', value: 'Outbound' },
						{ name: 'Web', value: 'Web' },
					],
					description: 'Only calls that came in, went out, or were made in a browser',
				},
				{
					displayName: 'From',
					name: 'from',
					type: 'dateTime',
					default: '',
					placeholder: 'e.g. 2026-04-01T09:00:00',
					description:
						'Only calls from this time on. Without a time zone, that of the workflow is meant.',
				},
				{
					displayName: 'To',
					name: 'to',
					type: 'dateTime',
					default: '',
					placeholder: 'e.g. 2026-04-30T18:00:00',
					description:
						'Only calls up to this time. Without a time zone, that of the workflow is meant; a date alone is its midnight.',
				},
				{
					displayName: 'User Primary Intent',
					name: 'userPrimaryIntent',
					type: 'string',
					default: '',
					placeholder: 'e.g. book_appointment',
					description: 'Only calls about this, as AlloMia puts it in userPrimaryIntent',
				},
			],
			displayOptions: { show },
		},
		{
			displayName: 'Sort',
			name: 'sort',
			type: 'options',
			default: 'desc',
			options: [
				{ name: 'Longest First', value: 'duration_desc' },
				{ name: 'Newest First', value: 'desc' },
				{ name: 'Oldest First', value: 'asc' },
				{ name: 'Shortest First', value: 'duration_asc' },
			],
			description: 'In which order the calls come out',
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readListParameters } = await import('./readParameters');
		const { listCalls } = await import('./callLog');
		const { simplifyListedCall } = await import('./simplify');
		const { mapLists } = await import('../mapItems');

		return await mapLists(
			this,
			(itemIndex, connection) => readListParameters(this, itemIndex, connection),
			listCalls,
			simplifyListedCall,
		);
	},
};
