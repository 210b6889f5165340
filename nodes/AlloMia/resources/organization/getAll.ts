import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { returnAllFields } from '../returnAll';
import { simplifyField } from '../simplify';

const show = { resource: ['organization'], operation: ['getAll'] };

export const getAll: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many organizations',
	description: 'List the organizations of your tenant. Needs a tenant key.',
	fields: [
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
					displayName: 'Search',
					name: 'search',
					type: 'string',
					default: '',
					placeholder: 'e.g. Clinic',
					description: 'Only organizations in which AlloMia finds this text',
				},
				{
					displayName: 'Sort',
					name: 'sort',
					type: 'options',
					default: 'asc',
					options: [
						{ name: 'Ascending', value: 'asc' },
						{ name: 'Descending', value: 'desc' },
					],
					description: 'In which order the organizations come out',
				},
			],
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readListParameters } = await import('./readParameters');
		const { listOrganizations } = await import('./organizations');
		const { simplifyOrganization } = await import('./simplify');
		const { mapLists } = await import('../mapItems');

		const read = (itemIndex: number) => readListParameters(this, itemIndex);
		return await mapLists(this, read, listOrganizations, simplifyOrganization);
	},
};
