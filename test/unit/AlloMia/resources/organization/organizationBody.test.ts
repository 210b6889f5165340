import {
	readMetadataObject,
	readOrganization,
	requiredToCreate,
	requiredToUpdate,
	timezones,
} from '../../../../../nodes/AlloMia/resources/organization/organizationBody';
import { organizationsResponse, organizationsIn } from '../../../../../nodes/shared/api/schemas';
import { clinic } from '../../../../clinics';
import { timezones as documented } from '../../../../simulator';

const fieldsOf = (result: ReturnType<typeof readOrganization>) =>
	result.ok ? [] : result.issues.map(({ field }) => field);

describe('an organization', () => {
	it('is sent as it was given, without what was left empty', () => {
		expect(readOrganization({ ...clinic, externalId: ' ' }, requiredToCreate)).toEqual({
			ok: true,
			value: clinic,
		});
	});

	it('is refused with every empty field by its display name', () => {
		expect(fieldsOf(readOrganization({}, requiredToCreate))).toEqual([
			'Name',
			'Email',
			'Address',
			'City',
			'State or Province',
			'Postal Code',
			'Country',
			'Phone Number',
			'Timezone',
		]);
		expect(fieldsOf(readOrganization({ name: '\n' }, requiredToUpdate))).toEqual(['Name', 'Email']);
	});

	it.each(['office', 'office@', '@clinic', 'a b@clinic', 'a@b@c'])(
		'is refused with the email %s',
		(email) => {
			expect(fieldsOf(readOrganization({ ...clinic, email }, requiredToCreate))).toEqual(['Email']);
		},
	);

	it('may be in any of the documented time zones, and in no other', () => {
		expect(timezones).toEqual(documented);
		const elsewhere = readOrganization({ ...clinic, timezone: 'Mars/Olympus' }, requiredToCreate);
		expect(fieldsOf(elsewhere)).toEqual(['Timezone']);
	});

	it('takes numbers for text, and refuses what is neither', () => {
		const result = readOrganization({ name: 42, email: 'a@b', city: {} }, requiredToUpdate);
		expect(fieldsOf(result)).toEqual(['City']);
		expect(readOrganization({ name: 42, email: 'a@b' }, requiredToUpdate)).toEqual({
			ok: true,
			value: { name: '42', email: 'a@b' },
		});
	});
});

describe('metadata', () => {
	const loop: Record<string, unknown> = {};
	loop.itself = loop;

	it.each([
		['text', '{ "clinicCode": "MTL-01", "more": { "beds": [1, null] } }'],
		['an object', { clinicCode: 'MTL-01', more: { beds: [1, null] } }],
	])('is taken as %s', (_, value) => {
		expect(readMetadataObject(value)).toEqual({
			ok: true,
			value: { clinicCode: 'MTL-01', more: { beds: [1, null] } },
		});
	});

	it.each([
		['nothing', ''],
		['undefined', undefined],
		['null', null],
		['broken JSON', '{ clinicCode: 1'],
		['a list', '[1]'],
		['text', '"MTL-01"'],
		['a number', 5],
		['what JSON cannot hold', loop],
	])('is refused by name: %s', (_, value) => {
		expect(readMetadataObject(value)).toMatchObject({
			ok: false,
			issues: [{ field: 'Metadata' }],
		});
	});
});

describe('the list of organizations', () => {
	const pagination = { hasNextPage: false };
	const list = [{ id: 'o1', name: 'One' }];

	it.each([
		['organizations', { organizations: list, pagination }],
		['data', { data: list, pagination, warnings: [] }],
		['any other name', { orgs: list, pagination }],
	])('is found under %s', (_, answer) => {
		const checked = organizationsResponse.safeParse(answer);
		expect(checked.success && organizationsIn(answer)).toEqual(list);
	});

	it.each([
		['there is none', { pagination }],
		['two could be meant', { a: list, b: list, pagination }],
		['it is something else', { organizations: 'many', pagination }],
		['its entries have no ID', { organizations: [{ name: 'One' }], pagination }],
		['nobody says whether it goes on', { organizations: list }],
	])('is a clear error where %s', (_, answer) => {
		expect(organizationsResponse.safeParse(answer).success).toBe(false);
	});
});
