import { DateTime } from 'luxon';
import {
	readCallQuery,
	type CallFilterParameters,
} from '../../../../../nodes/AlloMia/resources/call/callFilters';
import type { ValidationIssue } from '../../../../../nodes/shared/values/validation';

const read = (filters: Record<string, unknown> = {}, sort: unknown = undefined) =>
	readChecked({ organizationId: 'org_42', filters, sort });

function readChecked(parameters: CallFilterParameters) {
	const issues: ValidationIssue[] = [];
	const value = readCallQuery(parameters, 'America/Toronto', issues);
	return issues.length > 0 ? { ok: false as const, issues } : { ok: true as const, value };
}

const query = (filters: Record<string, unknown>) => {
	const result = read(filters);
	return result.ok ? result.value : result.issues;
};

describe('the query for calls', () => {
	it('holds only what was set', () => {
		expect(read({ agentName: '', callType: '', from: '', to: undefined })).toEqual({
			ok: true,
			value: { organizationId: 'org_42' },
		});
	});

	it('holds all that was set', () => {
		const filters = {
			callType: 'Outbound',
			agentName: ' Reception ',
			from: '2026-04-01T00:00:00Z',
			to: '2026-04-30T00:00:00Z',
			userPrimaryIntent: 'book_appointment',
		};
		expect(read(filters, 'duration_desc')).toEqual({
			ok: true,
			value: {
				organizationId: 'org_42',
				callType: 'Outbound',
				agentName: 'Reception',
				from: '2026-04-01T00:00:00.000Z',
				to: '2026-04-30T00:00:00.000Z',
				userPrimaryIntent: 'book_appointment',
				sort: 'duration_desc',
			},
		});
	});

	it.each([
		['with an offset', '2026-04-01T09:00:00-04:00', '2026-04-01T13:00:00.000Z'],
		[
			'of the editor, in the zone of the workflow',
			'2026-04-01T09:00:00',
			'2026-04-01T13:00:00.000Z',
		],
		['in winter', '2026-01-01T09:00:00', '2026-01-01T14:00:00.000Z'],
		['with a blank in it', '2026-04-01 09:00:00', '2026-04-01T13:00:00.000Z'],
		['without seconds', '2026-04-01 09:00', '2026-04-01T13:00:00.000Z'],
		['with a blank before its offset', '2026-04-01 09:00:00 +02:00', '2026-04-01T07:00:00.000Z'],
		['with a short offset', '2026-04-01T09:00:00.5+0200', '2026-04-01T07:00:00.500Z'],
		['in UTC', ' 2026-04-01t09:00z ', '2026-04-01T09:00:00.000Z'],
		['with the hour alone', '2026-04-01T09', '2026-04-01T13:00:00.000Z'],
		['in the short form', '2026-04-01T090000,5Z', '2026-04-01T09:00:00.500Z'],
		['without a time', '2026-04-01', '2026-04-01T04:00:00.000Z'],
		['of a leap year', '2028-02-29', '2028-02-29T05:00:00.000Z'],
		['of Luxon', DateTime.fromISO('2026-04-01T09:00:00+02:00'), '2026-04-01T07:00:00.000Z'],
		['of JavaScript', new Date('2026-04-01T09:00:00Z'), '2026-04-01T09:00:00.000Z'],
	])('takes a time %s', (_, from, sent) => {
		expect(query({ from })).toMatchObject({ from: sent });
	});

	it.each([
		[{ from: 'tomorrow' }, 'Filters > From'],
		[{ from: '01.04.2026' }, 'Filters > From'],
		[{ from: '1/4/2026' }, 'Filters > From'],
		[{ from: '2026/04/01' }, 'Filters > From'],
		[{ to: 'Apr 1, 2026 9:00' }, 'Filters > To'],
		[{ to: 'Wed, 01 Apr 2026 09:00:00 GMT' }, 'Filters > To'],
		[{ to: '2026-02-30' }, 'Filters > To'],
		[{ to: '2026-04-01T25:00' }, 'Filters > To'],
		[{ to: '2026-4-1' }, 'Filters > To'],
		[{ to: '2026' }, 'Filters > To'],
		[{ to: '1775030400000' }, 'Filters > To'],
		[{ to: ['2026-04-01'] }, 'Filters > To'],
		[{ to: new Date(NaN) }, 'Filters > To'],
		[{ to: true }, 'Filters > To'],
		[{ to: 20260401 }, 'Filters > To'],
		[{ to: {} }, 'Filters > To'],
		[{ from: '2026-04-02', to: '2026-04-01' }, 'Filters > From'],
		[{ callType: 'outgoing' }, 'Filters > Call Type'],
	])('refuses %j by name', (filters, field) => {
		expect(query(filters)).toEqual([{ field, message: expect.any(String) as string }]);
	});

	it('refuses everything that is wrong at once', () => {
		const result = readChecked({
			organizationId: '',
			filters: { from: 'x', to: 'y' },
			sort: 'newest',
		});
		expect(result.ok ? [] : result.issues.map(({ field }) => field)).toEqual([
			'Organization',
			'Filters > From',
			'Filters > To',
			'Sort',
		]);
	});
});
