import { displayName } from '../../../shared/api/errorMessages';
import { show } from '../../../shared/values/readParameter';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { clean, toText } from '../../../shared/values/strings';
import { readOrganizationId } from '../organizationLocator';

/** The time zones that AlloMia accepts. */
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

/** The fields of an organization, in the order in which they are sent. */
export const organizationFields = [
	'name',
	'email',
	'address',
	'city',
	'stateProvince',
	'postalCode',
	'country',
	'phoneNumber',
	'timezone',
	'externalId',
] as const;

export type OrganizationField = (typeof organizationFields)[number];

/** Body of POST /organization and PUT /organization/{id}. It contains only what was set. */
export type OrganizationBody = Partial<Record<OrganizationField, string>>;

/** The fields required to create an organization. */
export const requiredToCreate = organizationFields.filter((field) => field !== 'externalId');

/** The fields required to update an organization, even if they do not change. */
export const requiredToUpdate: OrganizationField[] = ['name', 'email'];

/** A deliberately loose form of an email address. */
const emailForm = /^[^\s@]+@[^\s@]+$/;

/** Validates parameters, and builds the body from them. */
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
		if (problem !== undefined) issues.push({ field: displayName(field), message: problem });
		else if (text !== '') body[field] = text;
	}
	return validated(body, issues);
}

/** Reads an organization's metadata: any object, since its schema is the tenant's own. */
export function readMetadataObject(value: unknown): Validated<object> {
	const invalid = (problem: string): Validated<object> => ({
		ok: false,
		issues: [
			{
				field: 'Metadata',
				message: `${problem} Write an object such as { "clinicCode": "MTL-01" }.`,
			},
		],
	});
	try {
		// An object from an expression is converted to JSON as well, to find what JSON cannot represent.
		const text = typeof value === 'string' ? clean(value) : (JSON.stringify(value) ?? '');
		if (text === '') return invalid('It is empty.');
		const parsed: unknown = JSON.parse(text);
		return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
			? { ok: true, value: parsed }
			: invalid('It is not an object.');
	} catch (error) {
		return invalid(`It is not JSON (${error instanceof Error ? error.message : String(error)}).`);
	}
}

/** Adds an organization's ID to what was read for it. */
export function withOrganizationId<T>(
	organizationId: unknown,
	content: Validated<T>,
): Validated<{ organizationId: string; content: T }> {
	const issues: ValidationIssue[] = [];
	const id = readOrganizationId(organizationId, issues);
	if (!content.ok) return { ok: false, issues: [...issues, ...content.issues] };
	return validated({ organizationId: id, content: content.value }, issues);
}

function emptyProblem(
	field: OrganizationField,
	value: unknown,
	required: readonly OrganizationField[],
): string | undefined {
	if (value !== undefined && value !== null && typeof value !== 'string') return 'Use text.';
	return required.includes(field) ? 'It is empty. AlloMia requires it.' : undefined;
}

function formProblem(field: OrganizationField, text: string): string | undefined {
	if (field === 'email' && !emailForm.test(text)) {
		return `${show(text)} is not an email address, such as office@clinic.example.`;
	}
	if (field === 'timezone' && !timezones.some((it) => it === text)) {
		return `${show(text)} is not a time zone that AlloMia accepts. Choose one from the list, such as America/Toronto.`;
	}
	return undefined;
}
