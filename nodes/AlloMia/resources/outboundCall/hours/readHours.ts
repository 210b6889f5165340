import { z } from 'zod';
import { readText, show, toJson } from '../../../../shared/values/readParameter';
import { toText } from '../../../../shared/values/strings';
import type { ValidationIssue } from '../../../../shared/values/validation';
import {
	dayNames,
	isTimeZone,
	legalHours,
	nextWithinHours,
	type CallingHours,
	type CallingWindow,
} from './callingHours';
import { neverWithinHours } from './outsideHours';
import { timeZonesOf } from './phoneTimeZones';

/** Reads the hours of an item; undefined if there are issues. */
export type HoursReader = (
	options: Record<string, unknown>,
	phoneNumber: string,
	issues: ValidationIssue[],
) => CallingHours | undefined;

/**
 * Creates the reader for the items of a run. Items with the same hours share one object.
 * @param workflowZone the time zone of numbers that are in none
 */
export function hoursReader(workflowZone: string): HoursReader {
	const windowsOf = cached((text: string) => readWindows(JSON.parse(text) as unknown));
	const alone = cached((zone: string): [string] => [zone]);
	const unknownIn = cached((zones: readonly string[]) => zones.find((zone) => !isTimeZone(zone)));
	const hoursOf = cached((windows: readonly CallingWindow[]) =>
		cached((zones: CallingHours['zones']): CallingHours => ({ windows, zones })),
	);
	return (options, phoneNumber, issues) => {
		const before = issues.length;
		const windows = readCallingHours(options, windowsOf, issues);
		const zone = readTimeZone(options.timeZone, issues);
		if (!windows || issues.length > before || phoneNumber === '') return undefined;
		const [first, ...others] = zone === '' ? timeZonesOf(phoneNumber) : [zone];
		const isOne = others.length === 0;
		const zones = isOne ? alone(first ?? workflowZone) : timeZonesOf(phoneNumber);
		const unknown = unknownIn(zones);
		if (unknown !== undefined) {
			const message = `${phoneNumber} may be in ${unknown}, a time zone that this n8n does not know. Set it.`;
			issues.push({ field: 'Time Zone', message });
			return undefined;
		}
		const hours = hoursOf(windows)(zones as CallingHours['zones']);
		if (nextWithinHours(hours, Date.now()) === undefined) {
			issues.push({ field: 'Calling Hours', message: neverWithinHours(phoneNumber, hours) });
		}
		return hours;
	};
}

function readCallingHours(
	{ callingHours, callingWindows }: Record<string, unknown>,
	windowsOf: (text: string) => Windows,
	issues: ValidationIssue[],
): readonly CallingWindow[] | undefined {
	if (callingHours !== 'custom') {
		const windows = typeof callingHours === 'string' ? legalHours[callingHours] : undefined;
		if (windows && Object.hasOwn(legalHours, String(callingHours))) return windows;
		const message = `It is ${show(callingHours)}. Choose Canada (canada), United States (unitedStates) or Custom (custom).`;
		issues.push({ field: 'Calling Hours', message });
		return undefined;
	}
	const read = windowsOf(toJson(callingWindows) ?? '{}');
	if (read.ok) return read.windows;
	issues.push({ field: 'Calling Windows', message: read.message });
	return undefined;
}

type Windows = { ok: true; windows: readonly CallingWindow[] } | { ok: false; message: string };

const windowsSchema = z.object({
	window: z.array(z.object({ days: z.unknown(), from: z.unknown(), to: z.unknown() })).nonempty(),
});

function readWindows(collection: unknown): Windows {
	const shape = windowsSchema.safeParse(collection);
	if (!shape.success) {
		return { ok: false, message: 'There are none. Add at least one, with its days, From and To.' };
	}
	const windows: CallingWindow[] = [];
	for (const [index, { days, from, to }] of shape.data.window.entries()) {
		const [begin, end, on] = [readTime(from), readTime(to), readDays(days)];
		const fail = (what: string) =>
			({ ok: false, message: `Window ${index + 1}: ${what}` }) as const;
		if (on === undefined) return fail('Choose at least one day (mon to sun).');
		if (begin === undefined || begin === wholeDay) return fail(`From ${wrongTime(from)}`);
		if (end === undefined) return fail(`To ${wrongTime(to)}`);
		if (begin === end) {
			return fail('From and To are the same. For the whole day, use 00:00 and 24:00.');
		}
		windows.push({ days: on, from: begin, to: end });
	}
	return { ok: true, windows };
}

const wholeDay = 24 * 60;

/** Minutes after midnight. */
function readTime(value: unknown): number | undefined {
	const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(toText(value)) ?? [];
	const time = Number(hour) * 60 + Number(minute);
	return Number(minute) < 60 && time <= wholeDay ? time : undefined;
}

function wrongTime(value: unknown): string {
	const is = value === undefined || value === '' ? 'is empty' : `is ${show(value)}`;
	return `${is}. Use a time of the 24-hour clock, such as 09:00 or 21:30.`;
}

function readDays(value: unknown): number[] | undefined {
	if (!Array.isArray(value) || value.length === 0) return undefined;
	const days = value.map((day) => (dayNames as readonly unknown[]).indexOf(day));
	return days.includes(-1) ? undefined : days;
}

/** An IANA name; empty if it is not set. */
function readTimeZone(value: unknown, issues: ValidationIssue[]): string {
	const field = 'Time Zone';
	const zone = readText(field, value, issues) ?? '';
	if (zone === '' || isTimeZone(zone)) return zone;
	const message = `${show(zone)} is not a time zone. Use an IANA name, such as America/Toronto.`;
	issues.push({ field, message });
	return '';
}

function cached<K, V>(create: (key: K) => V): (key: K) => V {
	const known = new Map<K, V>();
	return (key) => {
		if (!known.has(key)) known.set(key, create(key));
		return known.get(key) as V;
	};
}
