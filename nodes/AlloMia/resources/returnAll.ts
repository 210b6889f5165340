import type { INodeProperties } from 'n8n-workflow';
import { readBoolean, readInteger } from '../../shared/values/readParameter';
import type { ValidationIssue } from '../../shared/values/validation';

/** The fields Return All and Limit, worded as in n8n's own nodes. */
export function returnAllFields(show: Record<string, string[]>): INodeProperties[] {
	return [
		{
			displayName: 'Return All',
			name: 'returnAll',
			type: 'boolean',
			default: false,
			description: 'Whether to return all results or only up to a given limit',
			displayOptions: { show },
		},
		{
			displayName: 'Limit',
			name: 'limit',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 50,
			description: 'Max number of results to return',
			displayOptions: { show: { ...show, returnAll: [false] } },
		},
	];
}

/** The maximum number of results: `Infinity` with Return All. */
export function readLimit(returnAll: unknown, limit: unknown, issues: ValidationIssue[]): number {
	if (readBoolean('Return All', { returnAll }, 'returnAll', issues)) return Infinity;
	return readInteger('Limit', limit, { fallback: 50, min: 1, max: 1_000_000 }, issues);
}
