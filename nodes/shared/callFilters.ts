import { tryToParseDateTime } from 'n8n-workflow';
import { readPathId } from './pathId';
import type { Refusal } from './refusal';
import { toText } from './text';

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
 * Turns an item's parameters into the query; what is wrong with them is added to `refusals`.
 * @param timezone of the workflow: what a time without a zone is meant in
 */
export function readCallQuery(
	{ organizationId, filters, sort }: CallFilterParameters,
	timezone: string,
	refusals: Refusal[],
): CallQuery {
	const query: Record<string, string | undefined> = {
		organizationId: readPathId('Organization', organizationId, refusals),
		callType: readChoice('Filters > Call Type', filters.callType, callTypes, refusals),
		agentName: toText(filters.agentName),
		from: readTime('Filters > From', filters.from, timezone, refusals),
		to: readTime('Filters > To', filters.to, timezone, refusals),
		userPrimaryIntent: toText(filters.userPrimaryIntent),
		sort: readChoice('Sort', sort, callSorts, refusals),
	};
	if (query.from && query.to && Date.parse(query.from) > Date.parse(query.to)) {
		refusals.push({ field: 'Filters > From', message: 'It is after To. Swap the two.' });
	}
	const set = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []));
	return Object.fromEntries(set) as CallQuery;
}

function readChoice(
	field: string,
	value: unknown,
	choices: readonly string[],
	refusals: Refusal[],
): string {
	const text = toText(value);
	if (text !== '' && !choices.includes(text)) {
		refusals.push({ field, message: `"${text}" is not one of ${choices.join(', ')}.` });
	}
	return text;
}

/** A time as ISO 8601 in UTC. */
function readTime(field: string, value: unknown, timezone: string, refusals: Refusal[]): string {
	if (value === undefined || value === null || value === '') return '';
	try {
		// A bare number is a year to some and a time stamp to others.
		if (typeof value === 'number' || typeof value === 'boolean') throw new Error('not a time');
		return tryToParseDateTime(value, timezone).toUTC().toISO() ?? '';
	} catch {
		refusals.push({
			field,
			message: `${JSON.stringify(value)} is not a date. Use one such as 2026-04-01T09:00:00 (ISO 8601).`,
		});
		return '';
	}
}
