import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { toText } from '../../../shared/values/strings';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { readLimit } from '../returnAll';
import { withSimplify } from '../simplify';
import type { OrganizationQuery } from './organizations';

/** Reads the parameters of Get Many. */
export function readListParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Validated<{ query: OrganizationQuery; limit: number; simplify: boolean }> {
	const issues: ValidationIssue[] = [];
	// With a default of undefined, n8n throws for fields that are not shown, such as Limit.
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, '');
	const filters = context.getNodeParameter('filters', itemIndex, {}) as IDataObject;
	const search = toText(filters.search);
	// AlloMia does not document the sort orders: it rejects unknown ones itself.
	const sort = toText(filters.sort);
	const query = { ...(search === '' ? {} : { search }), ...(sort === '' ? {} : { sort }) };
	const limit = readLimit(parameter('returnAll'), parameter('limit'), issues);
	return withSimplify(context, itemIndex, validated({ query, limit }, issues));
}
