import { loggedCalls } from '../../../../../nodes/shared/api/schemas';
import {
	queryAround,
	matchCall,
	readCalledNumber,
	sameNumber,
	callTimeOf,
} from '../../../../../nodes/AlloMia/resources/call/matchCall';
import type { ValidationIssue } from '../../../../../nodes/shared/values/validation';
import type { StatusResponse } from '../../../../../nodes/shared/api/schemas';

const start = Date.parse('2026-04-01T10:00:05Z');
const time = { start, end: start + 120_000 };
const later = time.end + 60_000;
const number = '+15145551234';

const call = (id: string, seconds = 0, userPhoneNumber: string | null = number) => ({
	id,
	callStartedAt: new Date(start + seconds * 1000).toISOString(),
	userPhoneNumber,
});

describe('the call behind an outbound call', () => {
	it.each([
		['its own start', 0, 'found'],
		['5 s', 5, 'found'],
		['-5 s', -5, 'found'],
		['more than 5 s', 5.001, 'missing'],
		['less than -5 s', -5.001, 'missing'],
	])('is one that began at %s', (_, seconds, kind) => {
		expect(matchCall([call('a', seconds)], time, undefined, later)).toMatchObject({ kind });
	});

	it('is found among others by its number', () => {
		const calls = [call('a', 0, '+14385551234'), call('b'), call('c', 0, null)];
		expect(matchCall(calls, time, number, later)).toEqual({ kind: 'found', callId: 'b' });
	});

	it('is never one of several', () => {
		const finding = matchCall([call('a'), call('b', 3)], time, number, later);
		expect(finding).toMatchObject({
			kind: 'ambiguous',
			failure: {
				message: expect.stringContaining('2 entries') as string,
				description: expect.stringMatching(/a \(.*b \(/) as string,
			},
		});
	});

	it('is not another that is there alone: it ended at another time, or came in', () => {
		const ended = (seconds: number) => ({
			...call('a'),
			callEndedAt: new Date(time.end + seconds * 1000).toISOString(),
		});
		const kindOf = (entry: object, phone?: string) =>
			matchCall([{ ...call('a'), ...entry }], time, phone, later).kind;
		expect(kindOf(ended(60))).toBe('found');
		expect(kindOf(ended(-61))).toBe('missing');
		expect(kindOf(ended(61))).toBe('missing');
		expect(kindOf(ended(61), number)).toBe('found');
		expect(kindOf({ callEndedAt: null })).toBe('found');
		expect(kindOf({ callType: 'Inbound' }, number)).toBe('missing');
	});

	it('is not sure without a number until others of its moment would be in the log', () => {
		const kindAt = (now: number, phone?: string) => matchCall([call('a')], time, phone, now).kind;
		expect(kindAt(time.end + 9_999)).toBe('early');
		expect(kindAt(time.end + 10_000)).toBe('found');
		expect(kindAt(time.end, number)).toBe('found');
	});

	it('hides no other where an entry is not as documented', () => {
		const odd = [
			{ callStartedAt: undefined },
			{ callStartedAt: null },
			{ callStartedAt: 1775037600 },
			{ callStartedAt: 'soon' },
			{ callStartedAt: '', callEndedAt: {}, callType: 7, userPhoneNumber: ['x'] },
		].map((entry, index) => ({ ...call(`odd${index}`), ...entry }));
		const calls = loggedCalls.parse([...odd, call('b')]);
		expect(matchCall(calls, time, number, later)).toEqual({ kind: 'found', callId: 'b' });
		expect(matchCall(loggedCalls.parse(odd), time, number, later)).toMatchObject({
			kind: 'missing',
			failure: { description: expect.stringContaining('odd0 (an unknown time to') as string },
		});
	});

	it('lists what else there is where it is missing', () => {
		const { failure } = matchCall([call('a', 60)], time, number, later) as {
			failure: { description: string };
		};
		expect(failure.description).toContain(
			'a (2026-04-01T10:01:05.000Z to an unknown time, +15145551234)',
		);
	});

	it('is looked for among the outbound calls of its time', () => {
		expect(queryAround('o', time)).toEqual({
			organizationId: 'o',
			callType: 'Outbound',
			from: '2026-04-01T10:00:00.000Z',
			to: '2026-04-01T10:02:10.000Z',
			sort: 'asc',
		});
	});
});

describe('when a call took place', () => {
	const status = (status: string, callDetails?: object) =>
		callTimeOf({ outboundCallId: 'i', contactId: 'c', status, callDetails } as StatusResponse);

	it('is known once it has ended', () => {
		const details = { startedAt: '2026-04-01T10:00:05Z', endedAt: '2026-04-01T10:02:05Z' };
		expect(status('completed', details)).toEqual({ ok: true, value: time });
		expect(status('calling', details)).toMatchObject({ ok: false });
	});

	it.each([
		['no end', { startedAt: '2026-04-01T10:00:05' }],
		['an end before its start', { startedAt: '2026-04-01T10:00:05Z', endedAt: '2020-01-01' }],
		['an end that is none', { startedAt: '2026-04-01T10:00:05Z', endedAt: 12 }],
	])('is its start where it has %s', (_, details) => {
		expect(status('failed', details)).toEqual({ ok: true, value: { start, end: start } });
	});

	it.each([[undefined], [{}], [{ startedAt: null }], [{ startedAt: 'soon' }]])(
		'is not known from %j',
		(details) => {
			expect(status('failed', details)).toMatchObject({
				ok: false,
				failure: { message: 'This call has no start time' },
			});
		},
	);
});

describe('two ways to write a number', () => {
	it.each([
		['+1 (514) 555-1234', '+15145551234', true],
		['5145551234', '+15145551234', true],
		['+15145551234', '514-555-1234', true],
		['06 12 34 56 78', '+33612345678', true],
		['+33 06 12 34 56 78', '+33612345678', true],
		['(+33) 6 12 34 56 78', '+33612345678', true],
		['+44 (0)20 7946 0958', '+442079460958', true],
		['8 (912) 345-67-89', '+79123456789', true],
		['011 15-2345-6789', '+5491123456789', true],
		['+33 6 12 34 56 79', '+33612345678', false],
		['0033612345678', '+33612345678', true],
		['+15145551234', '+445145551234', false],
		['+5145551234', '+15145551234', false],
		['5145551235', '+15145551234', false],
		['1234', '+15145551234', false],
		['+15145551234', '', false],
	])('%s and %s: the same? %s', (first, second, same) => {
		expect(sameNumber(first, second)).toBe(same);
		expect(sameNumber(second, first)).toBe(same);
	});

	it('is read as it is written, or refused by name', () => {
		const read = (options: Record<string, unknown>) => {
			const issues: ValidationIssue[] = [];
			const number = readCalledNumber(options, issues);
			return issues.length > 0 ? issues.map(({ field }) => field) : number;
		};
		expect(read({})).toBeUndefined();
		expect(read({ phoneNumber: ' (514) 555‑1234 ' })).toBe('(514) 555‑1234');
		expect(read({ phoneNumber: 15145551234 })).toBe('15145551234');
		for (const phoneNumber of ['', null, undefined, '555', 'Ada', 'x5145551234', {}]) {
			expect(read({ phoneNumber })).toEqual(['Options > Phone Number']);
		}
	});
});
