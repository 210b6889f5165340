import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Operation } from '../operation';
import { organizationLocator, organizationParameter } from '../organizationLocator';
import { simplifyField, withSimplify } from '../simplify';

const show = { resource: ['organization'], operation: ['get'] };

export const get: Operation = {
	value: 'get',
	name: 'Get',
	action: 'Get an organization',
	description: 'Get one organization of your tenant. Needs a tenant key.',
	fields: [organizationLocator('The organization to get', show), simplifyField(show)],
	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const { withOrganizationId } = await import('./organizationBody');
		const { readOrganizationDetails } = await import('./organizations');
		const { simplifyOrganizationDetails } = await import('./simplify');
		const { mapItems, toItems } = await import('../mapItems');

		return await mapItems(this, {
			read: (itemIndex, connection) => {
				const id = organizationParameter(this, itemIndex, connection);
				const nothing = { ok: true, value: undefined } as const;
				return withSimplify(this, itemIndex, withOrganizationId(id, nothing));
			},
			consequence: 'Nothing was looked up.',
			handle: async ({ organizationId, simplify }, connection) =>
				toItems(
					await readOrganizationDetails(this, connection, organizationId),
					simplify ? simplifyOrganizationDetails : undefined,
				),
		});
	},
};
