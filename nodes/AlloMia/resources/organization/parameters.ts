import type { OrganizationQuery } from './organizations';
import { checked, type Checked, type Refusal } from '../../../shared/values/validation';
import { toText } from '../../../shared/values/strings';
import { readWanted } from '../../../shared/api/wanted';

/** Turns an item's parameters into a search for organizations. */
export function readOrganizationSearch(parameters: {
	filters: Record<string, unknown>;
	returnAll: unknown;
	limit: unknown;
}): Checked<{ query: OrganizationQuery; wanted: number }> {
	const refusals: Refusal[] = [];
	const wanted = readWanted(parameters.returnAll, parameters.limit, refusals);
	const search = toText(parameters.filters.search);
	// AlloMia does not say which orders it knows: what it does not know, it refuses by itself.
	const sort = toText(parameters.filters.sort);
	const query = { ...(search === '' ? {} : { search }), ...(sort === '' ? {} : { sort }) };
	return checked({ query, wanted }, refusals);
}
