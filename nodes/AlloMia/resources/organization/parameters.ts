import type { OrganizationQuery } from './organizations';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { toText } from '../../../shared/values/strings';
import { readLimit } from '../returnAll';

/** Turns an item's parameters into a search for organizations. */
export function readListParameters(parameters: {
	filters: Record<string, unknown>;
	returnAll: unknown;
	limit: unknown;
}): Validated<{ query: OrganizationQuery; wanted: number }> {
	const issues: ValidationIssue[] = [];
	const wanted = readLimit(parameters.returnAll, parameters.limit, issues);
	const search = toText(parameters.filters.search);
	// AlloMia does not say which orders it knows: what it does not know, it refuses by itself.
	const sort = toText(parameters.filters.sort);
	const query = { ...(search === '' ? {} : { search }), ...(sort === '' ? {} : { sort }) };
	return validated({ query, wanted }, issues);
}
