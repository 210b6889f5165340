import { readPathId } from '../../../shared/api/ids';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { clean, toText } from '../../../shared/values/strings';

/** The time zones that AlloMia knows. */
export const timezones = [
	'America/New_York',
	'America/Chicago',
	'America/Denver',
	'America/Los_Angeles',
	'America/Anchorage',
	'Pacific/Honolulu',
	'America/Phoenix',
	'America/Toronto',
	'America/Vancouver',
	'America/Edmonton',
	'America/Winnipeg',
	'America/Halifax',
	'America/St_Johns',
	'Europe/London',
	'Europe/Paris',
	'Europe/Helsinki',
	'Asia/Dubai',
	'Asia/Shanghai',
	'Asia/Tokyo',
	'Australia/Sydney',
	'Pacific/Auckland',
] as const;

/** What an organization consists of, in the order in which it is sent, with the editor's names. */
const labels = {
	name: 'Name',
	email: 'Email',
	address: 'Address',
	city: 'City',
	stateProvince: 'State or Province',
	postalCode: 'Postal Code',
	country: 'Country',
	phoneNumber: 'Phone Number',
	timezone: 'Timezone',
	externalId: 'External ID',
} as const;

export type OrganizationField = keyof typeof labels;

/** POST /organization's and PUT /organization/{id}'s body. It holds only what was set. */
export type OrganizationBody = Partial<Record<OrganizationField, string>>;

export const organizationFields = Object.keys(labels) as OrganizationField[];

/** What a new organization needs. */
export const requiredToCreate = organizationFields.filter((field) => field !== 'externalId');

/** What AlloMia wants to hear again with every change. */
export const requiredToUpdate: OrganizationField[] = ['name', 'email'];

/** More would not be an address; less has been seen in working ones. */
const emailForm = /^[^\s@]+@[^\s@]+$/;

/** Turns parameters into the body, or says everything that is wrong with them. */
export function readOrganization(
	parameters: Partial<Record<OrganizationField, unknown>>,
	required: readonly OrganizationField[],
): Validated<OrganizationBody> {
	const issues: ValidationIssue[] = [];
	const body: OrganizationBody = {};
	for (const field of organizationFields) {
		const text = toText(parameters[field]);
		const problem =
			text === '' ? emptyProblem(field, parameters[field], required) : formProblem(field, text);
		if (problem !== undefined) issues.push({ field: labels[field], message: problem });
		else if (text !== '') body[field] = text;
	}
	return validated(body, issues);
}

/** An organization's new metadata: any object. What belongs in it is the tenant's own schema. */
export function readMetadataObject(value: unknown): Validated<object> {
	const refuse = (problem: string): Validated<object> => ({
		ok: false,
		issues: [
			{
				field: 'Metadata',
				message: `${problem} Write an object such as { "clinicCode": "MTL-01" }.`,
			},
		],
	});
	try {
		// To JSON and back where an expression gave the object: what JSON cannot hold shows here.
		const text = typeof value === 'string' ? clean(value) : (JSON.stringify(value) ?? '');
		if (text === '') return refuse('It is empty.');
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
			? { ok: true, value: parsed }
			: refuse('It is not an object.');
	} catch (error) {
		return refuse(`It is not JSON (${error instanceof Error ? error.message : String(error)}).`);
	}
}

/** An organization's ID with what is to be done to it. */
export function withOrganizationId<T>(
	organizationId: unknown,
	content: Validated<T>,
): Validated<{ organizationId: string; content: T }> {
	const issues: ValidationIssue[] = [];
	const id = readPathId('Organization', organizationId, issues);
	if (!content.ok) return { ok: false, issues: [...issues, ...content.issues] };
	return validated({ organizationId: id, content: content.value }, issues);
}

function emptyProblem(
	field: OrganizationField,
	value: unknown,
	required: readonly OrganizationField[],
): string | undefined {
	if (value !== undefined && value !== null && typeof value !== 'string') return 'Use text.';
	return required.includes(field) ? 'It is empty. AlloMia needs it.' : undefined;
}

function formProblem(field: OrganizationField, text: string): string | undefined {
	if (field === 'email' && !emailForm.test(text)) {
		return `"${text}" is not an email address, such as office@clinic.example.`;
	}
	if (field === 'timezone' && !timezones.some((it) => it === text)) {
		return `"${text}" is not one that AlloMia knows. Choose one from the list, such as America/Toronto.`;
	}
	return undefined;
}
