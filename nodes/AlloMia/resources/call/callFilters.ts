import { tryToParseDateTime } from 'n8n-workflow';
import { show } from '../../../shared/values/readParameter';
import type { ValidationIssue } from '../../../shared/values/validation';
import { toText } from '../../../shared/values/strings';
import { readOrganizationId } from '../organizationLocator';

/** The unvalidated parameters of Get Many. */
export interface CallFilterParameters {
	organizationId: unknown;
	filters: Record<string, unknown>;
	sort: unknown;
}

/** The query of GET /calls without the page. It contains only what was set. */
export type CallQuery = Record<string, string>;

export const callTypes = ['Inbound', 'Outbound', 'Web'] as const;
export const callSorts = ['asc', 'desc', 'duration_asc', 'duration_desc'] as const;

/**
 * Converts an item's parameters to the query. What is wrong with them is added to `issues`.
 * @param timezone of the workflow, for times without a zone
 */
export function readCallQuery(
	{ organizationId, filters, sort }: CallFilterParameters,
	timezone: string,
	issues: ValidationIssue[],
): CallQuery {
	const query: Record<string, string | undefined> = {
		organizationId: readOrganizationId(organizationId, issues),
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
		issues.push({ field, message: `${show(text)} is not one of ${choices.join(', ')}.` });
	}
	return text;
}

/**
 * An ISO 8601 calendar date, with or without a time, in the extended or basic format; databases write a space
 * in place of the T.
 */
const isoTime =
	/^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}(?::?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?(?: ?(?:Z|[+-]\d{2}(?::?\d{2})?))?)?$/i;

/** Reads a time, and converts it to UTC. Ambiguous formats are invalid: 1/4/2026 may be in January or in April. */
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
		const message = `${show(value)} is ambiguous or not a date. Use a format such as 2026-04-01 or 2026-04-01T09:00:00 (ISO 8601).`;
		issues.push({ field, message });
		return '';
	}
}

/** A value that n8n parses unambiguously: a date object from an expression, or ISO 8601 text. */
function toTime(value: unknown): unknown {
	if (typeof value === 'object' && !Array.isArray(value)) return value;
	const text = typeof value === 'string' ? value.trim() : '';
	const [, year, month, day] = isoTime.exec(text) ?? [];
	// JavaScript reads 30 February as 2 March.
	if (
		new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)
	) {
		throw new Error('not a time');
	}
	return text.replace(/ (?=\d)/, 'T').replace(' ', '');
}
