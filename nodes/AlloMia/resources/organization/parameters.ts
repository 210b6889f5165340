import type { OrganizationQuery } from './organizations';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { toText } from '../../../shared/values/strings';
import { readLimit } from '../returnAll';

/** Reads the parameters of Get Many. */
export function readListParameters(parameters: {
	filters: Record<string, unknown>;
	returnAll: unknown;
	limit: unknown;
}): Validated<{ query: OrganizationQuery; limit: number }> {
	const issues: ValidationIssue[] = [];
	const limit = readLimit(parameters.returnAll, parameters.limit, issues);
	const search = toText(parameters.filters.search);
	// AlloMia does not document the sort orders: it rejects unknown ones itself.
	const sort = toText(parameters.filters.sort);
	const query = { ...(search === '' ? {} : { search }), ...(sort === '' ? {} : { sort }) };
	return validated({ query, limit }, issues);
}
