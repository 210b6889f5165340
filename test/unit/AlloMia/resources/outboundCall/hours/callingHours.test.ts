import fc from 'fast-check';
import { DateTime } from 'luxon';
import table from 'time-zones';
import {
	isWithinHours,
	legalHours,
	nextWithinHours,
	type CallingHours,
	type CallingWindow,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/hours/callingHours';

const everyDay = [0, 1, 2, 3, 4, 5, 6];
const minute = 60_000;

const hours = (windows: readonly CallingWindow[] = [], ...zones: [string, ...string[]]) =>
	({ windows, zones }) satisfies CallingHours;

const window = (from: string, to: string, days = everyDay): CallingWindow => ({
	days,
	from: minutes(from),
	to: minutes(to),
});

function minutes(time: string): number {
	const [hour = 0, rest = 0] = time.split(':').map(Number);
	return hour * 60 + rest;
}

const instant = (text: string) => DateTime.fromISO(text, { setZone: true }).toMillis();

/** When somebody may be called next, as ISO 8601 in the first zone. */
function next(of: CallingHours, now: string): string | undefined {
	const found = nextWithinHours(of, instant(now));
	return found === undefined
		? undefined
		: (DateTime.fromMillis(found, { zone: of.zones[0] }).toISO({ suppressMilliseconds: true }) ??
				'');
}

const canada = hours(legalHours.canada, 'America/Toronto');
const unitedStates = hours(legalHours.unitedStates, 'America/New_York');

describe('the law’s hours', () => {
	it.each([
		['Monday before nine', '2026-11-30T08:59:59.999-05:00', '2026-11-30T09:00:00-05:00'],
		['Monday at nine', '2026-11-30T09:00:00-05:00', '2026-11-30T09:00:00-05:00'],
		['Friday in the evening', '2026-11-27T21:29:59-05:00', '2026-11-27T21:29:59-05:00'],
		['Friday at half past nine', '2026-11-27T21:30:00-05:00', '2026-11-28T10:00:00-05:00'],
		['Saturday before ten', '2026-11-28T09:59:00-05:00', '2026-11-28T10:00:00-05:00'],
		['Saturday at six', '2026-11-28T18:00:00-05:00', '2026-11-29T10:00:00-05:00'],
		['Sunday at six', '2026-11-29T18:00:00-05:00', '2026-11-30T09:00:00-05:00'],
		['Sunday at six, told by another clock', '2026-11-29T23:00:00Z', '2026-11-30T09:00:00-05:00'],
	])('of Canada: %s', (_, now, expected) => {
		expect(next(canada, now)).toBe(expected);
	});

	it.each([
		['before eight', '2026-11-29T07:59:00-05:00', '2026-11-29T08:00:00-05:00'],
		['in the evening', '2026-11-29T20:59:59-05:00', '2026-11-29T20:59:59-05:00'],
		['at nine', '2026-11-29T21:00:00-05:00', '2026-11-30T08:00:00-05:00'],
	])('of the United States: %s', (_, now, expected) => {
		expect(next(unitedStates, now)).toBe(expected);
	});

	it('hold where the person is, not the clinic', () => {
		const losAngeles = hours(legalHours.canada, 'America/Los_Angeles');
		expect(next(losAngeles, '2026-11-30T09:00:00-05:00')).toBe('2026-11-30T09:00:00-08:00');
	});
});

describe('windows', () => {
	it.each([
		['past midnight, in the evening', '2026-11-27T23:00:00-05:00', '2026-11-27T23:00:00-05:00'],
		['past midnight, after it', '2026-11-28T01:59:00-05:00', '2026-11-28T01:59:00-05:00'],
		['past midnight, at its end', '2026-11-28T02:00:00-05:00', '2026-12-04T22:00:00-05:00'],
		['past midnight, the night before', '2026-11-27T01:00:00-05:00', '2026-11-27T22:00:00-05:00'],
	])('%s', (_, now, expected) => {
		expect(next(hours([window('22:00', '02:00', [4])], 'America/Toronto'), now)).toBe(expected);
	});

	it('may be several a day, and touch', () => {
		const several = hours(
			[window('09:00', '12:00'), window('14:00', '17:00'), window('17:00', '18:00')],
			'Europe/Paris',
		);
		expect(next(several, '2026-11-30T12:00:00+01:00')).toBe('2026-11-30T14:00:00+01:00');
		expect(next(several, '2026-11-30T17:00:00+01:00')).toBe('2026-11-30T17:00:00+01:00');
		expect(next(several, '2026-11-30T18:00:00+01:00')).toBe('2026-12-01T09:00:00+01:00');
	});

	it('may last the whole day', () => {
		const sunday = hours([window('00:00', '24:00', [6])], 'Asia/Tokyo');
		expect(next(sunday, '2026-11-29T23:59:59+09:00')).toBe('2026-11-29T23:59:59+09:00');
		expect(next(sunday, '2026-11-30T00:00:00+09:00')).toBe('2026-12-06T00:00:00+09:00');
	});
});

describe('on the days on which the clocks are changed', () => {
	it('an hour that does not exist is passed over', () => {
		const night = hours([window('02:30', '04:00')], 'America/Toronto');
		// 2:00 is 3:00.
		expect(next(night, '2026-03-08T01:59:59-05:00')).toBe('2026-03-08T03:00:00-04:00');
		const lost = hours([window('02:15', '02:45', [6])], 'America/Toronto');
		expect(next(lost, '2026-03-07T12:00:00-05:00')).toBe('2026-03-15T02:15:00-04:00');
		expect(next(lost, '2026-03-08T12:00:00-04:00')).toBe('2026-03-15T02:15:00-04:00');
	});

	it('an hour that comes twice is within twice', () => {
		const night = hours([window('01:00', '01:30')], 'America/Toronto');
		expect(next(night, '2026-11-01T01:15:00-04:00')).toBe('2026-11-01T01:15:00-04:00');
		expect(next(night, '2026-11-01T01:30:00-04:00')).toBe('2026-11-01T01:00:00-05:00');
		expect(next(night, '2026-11-01T01:30:00-05:00')).toBe('2026-11-02T01:00:00-05:00');
	});

	it('a weekly window comes again, though the week has an hour more', () => {
		const short = hours([window('09:00', '09:30', [0])], 'America/Toronto');
		expect(next(short, '2026-10-26T09:31:00-04:00')).toBe('2026-11-02T09:00:00-05:00');
	});

	it('nine is nine by the new time', () => {
		expect(next(canada, '2026-03-06T21:30:00-05:00')).toBe('2026-03-07T10:00:00-05:00');
		expect(next(canada, '2026-03-07T18:00:00-05:00')).toBe('2026-03-08T10:00:00-04:00');
		expect(next(canada, '2026-10-31T18:00:00-04:00')).toBe('2026-11-01T10:00:00-05:00');
	});
});

it('a zone that there is not is an error, at once', () => {
	const nowhere = hours(legalHours.canada, 'Nowhere/Land');
	expect(() => nextWithinHours(nowhere, instant('2026-11-30T09:00Z'))).toThrow('Nowhere/Land');
});

describe('somebody who may be in several zones', () => {
	it('is called when it is late enough in the west and early enough in the east', () => {
		const both = hours(legalHours.canada, 'America/St_Johns', 'America/Los_Angeles');
		expect(next(both, '2026-11-30T09:00:00-03:30')).toBe('2026-11-30T13:30:00-03:30');
		expect(isWithinHours(both, instant('2026-11-30T21:30:00-03:30'))).toBe(false);
		expect(next(both, '2026-11-30T21:30:00-03:30')).toBe('2026-12-01T13:30:00-03:30');
	});

	it('may never be called where the hours of the zones have nothing in common', () => {
		const never = hours([window('09:00', '12:00')], 'Europe/Paris', 'America/Los_Angeles');
		expect(next(never, '2026-11-30T10:00:00+01:00')).toBeUndefined();
	});
});

describe('at any time, in any zone', () => {
	const zones = table.zones.split(' ') as [string, ...string[]];
	const time = fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15);
	const windows = fc.array(
		fc
			.record({
				days: fc.uniqueArray(fc.constantFrom(...everyDay), { minLength: 1, maxLength: 7 }),
				from: time,
				to: time.map((it) => it + 15),
			})
			.filter(({ from, to }) => from !== to),
		{ minLength: 1, maxLength: 3 },
	);
	const some = fc
		.uniqueArray(fc.constantFrom(...zones), { minLength: 1, maxLength: 3 })
		.map((it) => it as [string, ...string[]]);
	const now = fc.integer({ min: instant('2026-01-01T00:00Z'), max: instant('2029-01-01T00:00Z') });

	/** The same with luxon's calendar, where it is said for one zone and one window. */
	const isOpen = ({ windows, zones }: CallingHours, at: number) =>
		zones.every((zone) => {
			const local = DateTime.fromMillis(at, { zone });
			const time = local.hour * 60 + local.minute;
			return windows.some(({ days, from, to }) => {
				const today = days.includes(local.weekday - 1);
				const yesterday = days.includes(local.minus({ days: 1 }).weekday - 1);
				return from < to
					? today && from <= time && time < to
					: (today && from <= time) || (yesterday && time < to);
			});
		});

	it('the hours are those on the wall', () => {
		fc.assert(
			fc.property(windows, some, now, (windows, zones, at) => {
				expect(isWithinHours({ windows, zones }, at)).toBe(isOpen({ windows, zones }, at));
			}),
			{ numRuns: 2_000 },
		);
	});

	it('the next call is the first instant within them, of eight days', () => {
		fc.assert(
			fc.property(windows, some, now, (windows, zones, at) => {
				const found = nextWithinHours({ windows, zones }, at);
				const end = found ?? at + 8 * 24 * 60 * minute;
				// Windows begin at whole minutes, by every clock.
				const grid = [at];
				for (let it = Math.ceil(at / minute) * minute; it < end; it += 5 * minute) grid.push(it);
				for (const it of [...grid, end - 1]) {
					if (it >= at && it < end) expect(isOpen({ windows, zones }, it)).toBe(false);
				}
				if (found !== undefined) expect(isOpen({ windows, zones }, found)).toBe(true);
			}),
			{ numRuns: 60 },
		);
	});

	it('wherever a number may be, the law leaves a time to call it, a day at most ahead', () => {
		const tuesday = instant('2026-12-01T00:00Z');
		for (const list of table.lists.split(',')) {
			const of = list.split(' ').map((it) => zones[parseInt(it, 36)] ?? '') as [string];
			for (const windows of Object.values(legalHours)) {
				const opening = nextWithinHours({ windows, zones: of }, tuesday) ?? Infinity;
				expect([of, opening - tuesday < 24 * 60 * minute]).toEqual([of, true]);
			}
		}
	});

	it('every zone that a number may have is known', () => {
		for (const zone of zones) {
			expect({ zone, isValid: DateTime.now().setZone(zone).isValid }).toEqual({
				zone,
				isValid: true,
			});
		}
	});
});
