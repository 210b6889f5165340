import { tryToParseDateTime } from 'n8n-workflow';
import { readPathId } from '../../../shared/api/ids';
import type { ValidationIssue } from '../../../shared/values/validation';
import { toText } from '../../../shared/values/strings';

/** The parameters as they come from the editor or an expression: anything at all. */
export interface CallFilterParameters {
	organizationId: unknown;
	filters: Record<string, unknown>;
	sort: unknown;
}

/** GET /calls' query without the page. It holds only what was set. */
export type CallQuery = Record<string, string>;

export const callTypes = ['Inbound', 'Outbound', 'Web'] as const;
export const callSorts = ['asc', 'desc', 'duration_asc', 'duration_desc'] as const;

/**
 * Turns an item's parameters into the query; what is wrong with them is added to `issues`.
 * @param timezone of the workflow: what a time without a zone is meant in
 */
export function readCallQuery(
	{ organizationId, filters, sort }: CallFilterParameters,
	timezone: string,
	issues: ValidationIssue[],
): CallQuery {
	const query: Record<string, string | undefined> = {
		organizationId: readPathId('Organization', organizationId, issues),
		callType: readChoice('Filters > Call Type', filters.callType, callTypes, issues),
		agentName: toText(filters.agentName),
		from: readTime('Filters > From', filters.from, timezone, issues),
		to: readTime('Filters > To', filters.to, timezone, issues),
		userPrimaryIntent: toText(filters.userPrimaryIntent),
		sort: readChoice('Sort', sort, callSorts, issues),
	};
	if (query.from && query.to && Date.parse(query.from) > Date.parse(query.to)) {
		issues.push({ field: 'Filters > From', message: 'It is after To. Swap the two.' });
	}
	const set = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []));
	return Object.fromEntries(set) as CallQuery;
}

function readChoice(
	field: string,
	value: unknown,
	choices: readonly string[],
	issues: ValidationIssue[],
): string {
	const text = toText(value);
	if (text !== '' && !choices.includes(text)) {
		issues.push({ field, message: `"${text}" is not one of ${choices.join(', ')}.` });
	}
	return text;
}

/**
 * A calendar date of ISO 8601, alone or with a time, in the long or the short form; databases write a
 * blank in place of the T.
 */
const isoTime =
	/^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$/i;

/** A time as ISO 8601 in UTC. Others are refused: 1/4/2026 is in January to some and in April to others. */
function readTime(
	field: string,
	value: unknown,
	timezone: string,
	issues: ValidationIssue[],
): string {
	if (value === undefined || value === null || value === '') return '';
	try {
		return tryToParseDateTime(toTime(value), timezone).toUTC().toISO() ?? '';
	} catch {
		const message = `${JSON.stringify(value)} cannot be read in one way only. Write it like 2026-04-01 or 2026-04-01T09:00:00 (ISO 8601).`;
		issues.push({ field, message });
		return '';
	}
}

/** What n8n reads in one way only: a date object of an expression, or the text of one. */
function toTime(value: unknown): unknown {
	if (typeof value === 'object' && !Array.isArray(value)) return value;
	const text = typeof value === 'string' ? value.trim() : '';
	const [, year, month, day] = isoTime.exec(text) ?? [];
	// JavaScript takes 30 February for 2 March.
	if (
		new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)
	) {
		throw new Error('not a time');
	}
	return text.replace(/ (?=\d)/, 'T').replace(' ', '');
}
