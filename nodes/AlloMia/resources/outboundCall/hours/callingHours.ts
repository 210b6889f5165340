import { IANAZone } from 'luxon';

/** A time of every week in which people may be called, by the clock on their wall. */
export interface CallingWindow {
	/** The days on which it begins, from 0 for Monday. */
	days: readonly number[];
	/** When it begins, in minutes after midnight. */
	from: number;
	/** When it is over, in minutes after midnight. If that is not after `from`, it is on the next day. */
	to: number;
}

/** When somebody may be called. Must not be modified. */
export interface CallingHours {
	windows: readonly CallingWindow[];
	/** The time zones (IANA) that the person may be in: all of them must be within the windows. */
	zones: readonly [string, ...string[]];
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** How far ahead to look: a week, and a day for clocks that are changed. */
const horizon = 8 * day;

/** The names of the days, in the order of `CallingWindow.days`. */
export const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const [weekdays, weekend, everyDay] = [
	[0, 1, 2, 3, 4],
	[5, 6],
	[0, 1, 2, 3, 4, 5, 6],
];

const at = (hours: number, minutes = 0) => 60 * hours + minutes;

/** Hours that the law of a country sets for calls. */
export const legalHours: Record<string, readonly CallingWindow[]> = {
	/** CRTC, Unsolicited Telecommunications Rules, part III, sections 23 and 24, for telemarketing. */
	canada: [
		{ days: weekdays, from: at(9), to: at(21, 30) },
		{ days: weekend, from: at(10), to: at(18) },
	],
	/** FTC, Telemarketing Sales Rule, 16 CFR 310.4(c); FCC for the TCPA, 47 CFR 64.1200(c)(1). */
	unitedStates: [{ days: everyDay, from: at(8), to: at(21) }],
};

/** Whether the person may be called at an instant, in ms since 1970. */
export function isWithinHours({ windows, zones }: CallingHours, instant: number): boolean {
	return zones.every((zone) => isOpen(windows, instant + offsetOf(zone, instant)));
}

/**
 * The first instant from `now` on at which the person may be called, in ms since 1970: `now` itself if that is
 * within the hours; undefined if there is none within a week.
 */
export function nextWithinHours(hours: CallingHours, now: number): number | undefined {
	const known = latest.get(hours);
	if (known && now >= known.from && now < known.opening) return known.opening;
	if (isWithinHours(hours, now)) return now;
	const opening = findOpening(hours, now);
	if (opening !== undefined) latest.set(hours, { from: now, opening });
	return opening;
}

/** The latest results: many items have the same hours. */
const latest = new WeakMap<CallingHours, { from: number; opening: number }>();

function findOpening(hours: CallingHours, now: number): number | undefined {
	const openings = hours.zones.flatMap((zone) => openingsOf(hours.windows, zone, now));
	return openings.sort((a, b) => a - b).find((instant) => isWithinHours(hours, instant));
}

/** @param wall what the clock on the wall shows, as ms since 1970 there */
function isOpen(windows: readonly CallingWindow[], wall: number): boolean {
	const today = weekdayOf(wall);
	const yesterday = weekdayOf(wall - day);
	const time = Math.floor(wall / minute) % (24 * 60);
	return windows.some(({ days, from, to }) =>
		from < to
			? days.includes(today) && time >= from && time < to
			: (days.includes(today) && time >= from) || (days.includes(yesterday) && time < to),
	);
}

/**
 * The instants from `now` on at which the windows may begin in a zone: where its clock shows their
 * beginning, and where its clock is changed.
 */
function openingsOf(windows: readonly CallingWindow[], zone: string, now: number): number[] {
	return offsetsOf(zone, now, now + horizon).flatMap(({ offset, start, end }) => {
		const openings = [start];
		const midnight = Math.floor((start + offset) / day) * day;
		for (let date = midnight; date < end + offset; date += day) {
			for (const { from } of windows) openings.push(date + from * minute - offset);
		}
		return openings.filter((instant) => instant >= start && instant < end);
	});
}

/** The offsets of a zone from UTC in a time, in ms, and from when to when each holds. */
function offsetsOf(zone: string, from: number, to: number) {
	const offsets: Array<{ offset: number; start: number; end: number }> = [];
	for (let start = from; start <= to; ) {
		const offset = offsetOf(zone, start);
		let before = start;
		while (before <= to && offsetOf(zone, before + day) === offset) before += day;
		const end = before > to ? to + 1 : Math.min(to + 1, changeOf(zone, before, before + day));
		offsets.push({ offset, start, end });
		start = end;
	}
	return offsets;
}

/** The instant at which the clock of a zone is changed, by bisection. */
function changeOf(zone: string, before: number, after: number): number {
	const offset = offsetOf(zone, before);
	while (after - before > 1) {
		const middle = Math.floor((before + after) / 2);
		if (offsetOf(zone, middle) === offset) before = middle;
		else after = middle;
	}
	return after;
}

const weekdayOf = (wall: number) => (Math.floor(wall / day) + 3) % 7;

/** The offset of a zone from UTC, in ms. */
function offsetOf(zone: string, instant: number): number {
	const offset = IANAZone.create(zone).offset(instant);
	if (Number.isNaN(offset)) throw new Error(`${zone} is not a time zone`);
	return offset * minute;
}

/** Whether Node.js knows a time zone. */
export function isTimeZone(name: string): boolean {
	// Offsets such as +05:00 are valid too where Node.js is new: they know no daylight saving time.
	return /^[a-z]/i.test(name) && IANAZone.isValidZone(name);
}
