import type { INodeProperties } from 'n8n-workflow';

/** The field Organization: from a list, or by ID. Its value may also be plain text (see `readPathId`). */
export function organizationLocator(
	description: string,
	show: Record<string, string[]>,
): INodeProperties {
	return {
		displayName: 'Organization',
		name: 'organizationId',
		type: 'resourceLocator',
		required: true,
		default: { mode: 'list', value: '' },
		description,
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select an organization…',
				hint: 'The list needs a tenant’s API key',
				typeOptions: { searchListMethod: 'searchOrganizations', searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. 20000000-0000-4000-8000-000000000001',
				hint: 'A call has it as organizationId, with Simplify off',
			},
		],
		displayOptions: { show },
	};
}
