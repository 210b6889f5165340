import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { requiredToUpdate } from './organizationBody';
import type { Operation } from '../operation';
import { optionalFields, requiredFields } from './organizationFields';
import { organizationLocator, organizationParameter } from '../organizationLocator';

const show = { resource: ['organization'], operation: ['update'] };

export const update: Operation = {
	value: 'update',
	name: 'Update',
	action: 'Update an organization',
	description: 'Change an organization. Needs a tenant key.',
	fields: [
		organizationLocator('The organization to change', show),
		...requiredFields(requiredToUpdate, show),
		{
			displayName: 'Update Fields',
			name: 'updateFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			description: 'What else to change. Fields that are not here stay as they are.',
			options: optionalFields(requiredToUpdate),
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readOrganization, withOrganizationId } = await import('./organizationBody');
		const { updateOrganization } = await import('./organizations');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex, connection) => {
				const parameter = (name: string): unknown => this.getNodeParameter(name, itemIndex, '');
				const more = this.getNodeParameter('updateFields', itemIndex, {}) as IDataObject;
				const fields = { ...more, name: parameter('name'), email: parameter('email') };
				return withOrganizationId(
					organizationParameter(this, itemIndex, connection),
					readOrganization(fields, requiredToUpdate),
				);
			},
			consequence: 'Nothing was changed.',
			handle: async ({ organizationId, content }, connection) =>
				toItems(await updateOrganization(this, connection, organizationId, content)),
		});
	},
};
