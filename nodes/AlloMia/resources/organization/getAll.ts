import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { returnAllFields } from '../returnAll';
import { simplifyField, withSimplify } from '../simplify';

const show = { resource: ['organization'], operation: ['getAll'] };

export const getAll: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many organizations',
	description: 'List the organizations of your tenant. Needs a tenant’s API key.',
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
		const { readListParameters } = await import('./parameters');
		const { listOrganizations } = await import('./organizations');
		const { simplifyOrganization } = await import('./simplify');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex) => {
				const search = readListParameters({
					filters: this.getNodeParameter('filters', itemIndex, {}) as IDataObject,
					returnAll: this.getNodeParameter('returnAll', itemIndex, ''),
					limit: this.getNodeParameter('limit', itemIndex, ''),
				});
				return withSimplify(this, itemIndex, search);
			},
			consequence: 'Nothing was looked up.',
			handle: async ({ query, limit, simplify }, connection, signal) =>
				toItems(
					await listOrganizations(this, connection, query, limit, signal),
					simplify ? simplifyOrganization : undefined,
				),
		});
	},
};
