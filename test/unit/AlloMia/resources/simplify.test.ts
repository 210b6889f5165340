import {
	simplifyCall,
	simplifyListedCall,
} from '../../../../nodes/AlloMia/resources/call/simplify';
import {
	simplifyOrganization,
	simplifyOrganizationDetails,
} from '../../../../nodes/AlloMia/resources/organization/simplify';
import { logEntry } from '../../../simulator/calls';
import { seedOrganizations } from '../../../simulator/seed';

const organization = { ...seedOrganizations()[0]?.shown };
const call = { ...logEntry({ transcriptUrl: 'https://a.example', recordingUrl: null }) };

/** A call as a list has it. */
const listed = Object.fromEntries(
	Object.entries(call).filter(
		([name]) => !/^user[^P]|userPrimary|Summary|Outcome|Url|Reason/.test(name),
	),
);

/** The fields of AlloMia's documentation that each shape may have at most. */
const most = 10;

describe('what Simplify leaves', () => {
	it.each([
		['a call', simplifyCall, call],
		['a call of a list', simplifyListedCall, listed],
		['an organization', simplifyOrganization, organization],
	])('of %s are a few fields, unchanged, the ID first', (_, simplify, raw) => {
		const documented = Object.fromEntries(
			Object.entries(raw).filter(([name]) => !/Outcome|SummaryFr/.test(name)),
		);
		const simplified = simplify(documented);
		expect(Object.keys(simplified)[0]).toBe('id');
		expect(Object.keys(simplified).length).toBeLessThanOrEqual(most);
		expect(documented).toMatchObject(simplified);
	});

	it.each([simplifyCall, simplifyListedCall, simplifyOrganization])(
		'is everything that AlloMia does not document (%p)',
		(simplify) => {
			const raw = { id: 'a', outcome: 'appointment_confirmed', more: { deep: [1] }, nothing: null };
			expect(simplify(raw)).toEqual(raw);
		},
	);

	it('of an organization’s details are its neighbours’ names', () => {
		expect(
			simplifyOrganizationDetails({
				currentOrg: organization,
				userOrgs: [organization, 'odd', null],
				more: 1,
			}),
		).toEqual({
			currentOrg: simplifyOrganization(organization),
			userOrgs: [{ id: organization.id, name: organization.name }, 'odd', null],
			more: 1,
		});
		expect(simplifyOrganizationDetails({ currentOrg: organization })).not.toHaveProperty(
			'userOrgs',
		);
	});
});
