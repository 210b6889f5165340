import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { amountFields } from './amount';

const show = { resource: ['organization'], operation: ['getAll'] };

export const getAll: Operation = {
	value: 'getAll',
	name: 'Get Many',
	action: 'Get many organizations',
	description: 'List the organizations of your tenant. Needs a tenant’s API key.',
	fields: [
		...amountFields(show),
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
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { readOrganizationSearch } = await import('../../../shared/organizationSearch');
		const { listOrganizations } = await import('../../../shared/organizations');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) =>
			readOrganizationSearch({
				filters: this.getNodeParameter('filters', itemIndex, {}) as IDataObject,
				returnAll: this.getNodeParameter('returnAll', itemIndex, ''),
				limit: this.getNodeParameter('limit', itemIndex, ''),
			}),
		);
		refuseUnlessContinuing(this, items, 'Nothing was looked up.');
		return [
			await perItem(this, items, async ({ query, wanted }) => {
				const found = await listOrganizations(this, connection, query, wanted);
				return found.ok ? { ok: true, value: found.value.map((json) => ({ json })) } : found;
			}),
		];
	},
};
