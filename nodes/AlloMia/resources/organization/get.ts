import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator } from './locator';

const show = { resource: ['organization'], operation: ['get'] };

export const get: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get an organization',
	description: 'Get one organization of your tenant. Needs a tenant’s API key.',
	fields: [organizationLocator('The organization to get', show)],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { readItems, refuseUnlessContinuing } = await import('../outboundCall/items');
		const { withOrganizationId } = await import('../../../shared/organizationBody');
		const { readOrganizationDetails } = await import('../../../shared/organizations');
		const { connectNode } = await import('../../../shared/nodeErrors');
		const { perItem } = await import('../perItem');

		const connection = await connectNode(this);
		const items = readItems(this, (itemIndex) =>
			withOrganizationId(this.getNodeParameter('organizationId', itemIndex, ''), {
				ok: true,
				value: undefined,
			}),
		);
		refuseUnlessContinuing(this, items, 'Nothing was looked up.');
		return [
			await perItem(this, items, async ({ organizationId }) => {
				const found = await readOrganizationDetails(this, connection, organizationId);
				return found.ok ? { ok: true, value: [{ json: found.value }] } : found;
			}),
		];
	},
};
