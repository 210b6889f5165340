import { readBoolean, readInteger } from '../values/parameters';
import type { ValidationIssue } from '../values/validation';

/** How many entries of a list the user wants; `Infinity` for all of them. */
export function readLimit(returnAll: unknown, limit: unknown, issues: ValidationIssue[]): number {
	if (readBoolean('Return All', { returnAll }, 'returnAll', issues)) return Infinity;
	return readInteger('Limit', limit, { fallback: 50, min: 1, max: 1_000_000 }, issues);
}
