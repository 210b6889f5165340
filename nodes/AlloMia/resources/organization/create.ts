import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { requiredToCreate } from './organizationBody';
import type { Operation } from '../operation';
import { optionalFields, requiredFields } from './organizationFields';

const show = { resource: ['organization'], operation: ['create'] };

export const create: Operation = {
	value: 'create',
	name: 'Create',
	action: 'Create an organization',
	description: 'Add an organization to your tenant. Needs a tenant key.',
	fields: [
		...requiredFields(requiredToCreate, show),
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			options: optionalFields(requiredToCreate),
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readOrganization } = await import('./organizationBody');
		const { createOrganization } = await import('./organizations');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex) => {
				const more = this.getNodeParameter('additionalFields', itemIndex, {}) as IDataObject;
				const required = requiredToCreate.map((name) => [
					name,
					this.getNodeParameter(name, itemIndex, '') as unknown,
				]);
				return readOrganization({ ...more, ...Object.fromEntries(required) }, requiredToCreate);
			},
			consequence: 'No organization was created.',
			handle: async (body, connection) => toItems(await createOrganization(this, connection, body)),
		});
	},
};
