import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator, organizationParameter } from '../organizationLocator';

const show = { resource: ['organization'], operation: ['updateMetadata'] };

export const updateMetadata: Operation = {
	value: 'updateMetadata',
	name: 'Update Metadata',
	action: 'Update the metadata of an organization',
	subtitle: 'Update the metadata',
	description: 'Set an organization’s metadata. Needs a tenant key.',
	fields: [
		organizationLocator('The organization whose metadata to set', show),
		{
			displayName: 'Metadata',
			name: 'metadata',
			type: 'json',
			required: true,
			default: '',
			placeholder: 'e.g. { "clinicCode": "MTL-01" }',
			description:
				'An object with all of the metadata. AlloMia checks it against the schema of your tenant.',
			displayOptions: { show },
		},
	],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readMetadataObject, withOrganizationId } = await import('./organizationBody');
		const { updateOrganizationMetadata } = await import('./organizations');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex, connection) => {
				const metadata = readMetadataObject(this.getNodeParameter('metadata', itemIndex, ''));
				const id = organizationParameter(this, itemIndex, connection);
				return withOrganizationId(id, metadata);
			},
			consequence: 'Nothing was changed.',
			handle: async ({ organizationId, content }, connection) =>
				toItems(await updateOrganizationMetadata(this, connection, organizationId, content)),
		});
	},
};
