import { readSwitch, readWholeNumber } from '../values/parameters';
import type { Refusal } from '../values/validation';

/** How many entries of a list the user wants; `Infinity` for all of them. */
export function readWanted(returnAll: unknown, limit: unknown, refusals: Refusal[]): number {
	if (readSwitch('Return All', { returnAll }, 'returnAll', refusals)) return Infinity;
	return readWholeNumber('Limit', limit, { fallback: 50, min: 1, max: 1_000_000 }, refusals);
}
