import type { INodeProperties } from 'n8n-workflow';
import { timezones, type OrganizationField } from './organizationBody';

type Field = Omit<INodeProperties, 'displayOptions'> & { name: OrganizationField };

/** The fields of an organization, in the order of an address. */
const fields: Field[] = [
	{
		displayName: 'Name',
		name: 'name',
		type: 'string',
		default: '',
		placeholder: 'e.g. Main Street Clinic',
		description: 'What the organization is called',
	},
	{
		displayName: 'Email',
		name: 'email',
		type: 'string',
		default: '',
		placeholder: 'e.g. office@clinic.example',
		description: 'Where the organization is reached by email',
	},
	{
		displayName: 'Address',
		name: 'address',
		type: 'string',
		default: '',
		placeholder: 'e.g. 100 Rue Principale',
		description: 'Number and street',
	},
	{
		displayName: 'City',
		name: 'city',
		type: 'string',
		default: '',
		placeholder: 'e.g. Montréal',
	},
	{
		displayName: 'State or Province',
		name: 'stateProvince',
		type: 'string',
		default: '',
		placeholder: 'e.g. QC',
	},
	{
		displayName: 'Postal Code',
		name: 'postalCode',
		type: 'string',
		default: '',
		placeholder: 'e.g. H2X 1Y4',
	},
	{
		displayName: 'Country',
		name: 'country',
		type: 'string',
		default: '',
		placeholder: 'e.g. Canada',
	},
	{
		displayName: 'Phone Number',
		name: 'phoneNumber',
		type: 'string',
		default: '',
		placeholder: 'e.g. +15145551234',
		description: 'Where the organization is reached by phone',
	},
	{
		displayName: 'Timezone',
		name: 'timezone',
		type: 'options',
		default: '',
		options: timezones.map((zone) => ({ name: zone.replace(/_/g, ' '), value: zone })),
		description: 'The local time of the organization, for example of its appointments',
	},
	{
		displayName: 'External ID',
		name: 'externalId',
		type: 'string',
		default: '',
		placeholder: 'e.g. crm-12345',
		description: 'The ID of the organization in your own system',
	},
];

/** The given fields as required parameters. */
export function requiredFields(
	names: readonly OrganizationField[],
	show: Record<string, string[]>,
): INodeProperties[] {
	return fields
		.filter(({ name }) => names.includes(name))
		.map((field) => ({ ...field, required: true, displayOptions: { show } }));
}

/** All other fields as options of a collection, sorted by name. */
export function optionalFields(names: readonly OrganizationField[]): INodeProperties[] {
	// Not localeCompare: n8n loads this when it starts, and the first collation takes 8 ms.
	return fields
		.filter(({ name }) => !names.includes(name))
		.sort((a, b) => (a.displayName < b.displayName ? -1 : 1));
}
