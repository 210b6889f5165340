import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { Connection } from '../../shared/api/client';
import { locatorText, readPathId } from '../../shared/api/ids';
import type { ValidationIssue } from '../../shared/values/validation';

/** The field Organization: by ID, or from a list. Its value may also be plain text (see `readPathId`). */
export function organizationLocator(
	description: string,
	show: Record<string, string[]>,
): INodeProperties {
	return {
		displayName: 'Organization',
		name: 'organizationId',
		type: 'resourceLocator',
		default: { mode: 'id', value: '' },
		description: `${description}. Leave it empty to use the Organization ID of the credential.`,
		modes: [
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: 'e.g. 20000000-0000-4000-8000-000000000001',
				hint: 'Call Log > Get returns it as organizationId if Simplify is off',
			},
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				placeholder: 'Select an organization…',
				hint: 'Requires a tenant key. Otherwise use By ID.',
				typeOptions: { searchListMethod: 'searchOrganizations', searchable: true },
			},
		],
		displayOptions: { show },
	};
}

/**
 * The value of the field Organization: where nothing was filled in, that of the credential. An expression that results
 * in nothing stays empty.
 */
export function organizationParameter(
	context: IExecuteFunctions,
	itemIndex: number,
	{ credential }: Connection,
): unknown {
	return locatorText(context.getNode().parameters.organizationId) === ''
		? credential.data?.organizationId
		: context.getNodeParameter('organizationId', itemIndex, '');
}

/** Reads the value of the field Organization, or of the credential. */
export function readOrganizationId(value: unknown, issues: ValidationIssue[]): string {
	const whenEmpty =
		'It is empty. Copy the ID from AlloMia and paste it here, or into Organization ID in the credential.';
	return readPathId('Organization', value, issues, whenEmpty);
}
