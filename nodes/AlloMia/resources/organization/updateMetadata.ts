import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator } from './locator';

const show = { resource: ['organization'], operation: ['updateMetadata'] };

export const updateMetadata: Operation = {
	value: 'updateMetadata',
	name: 'Update Metadata',
	action: 'Update the metadata of an organization',
	description: 'Set an organization’s metadata. Needs a tenant’s API key.',
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
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { readMetadataObject, withOrganizationId } = await import(
			'../../../shared/organizationBody'
		);
		const { updateOrganizationMetadata } = await import('../../../shared/organizations');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) => {
			const parameter = (name: string): unknown => this.getNodeParameter(name, itemIndex, '');
			const metadata = readMetadataObject(parameter('metadata'));
			return withOrganizationId(parameter('organizationId'), metadata);
		});
		refuseUnlessContinuing(this, items, 'Nothing was changed.');
		return [
			await perItem(this, items, async ({ organizationId, content }) => {
				const result = await updateOrganizationMetadata(this, connection, organizationId, content);
				return result.ok ? { ok: true, value: [{ json: result.value }] } : result;
			}),
		];
	},
};
