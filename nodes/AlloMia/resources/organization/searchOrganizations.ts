import {
	NodeOperationError,
	type ILoadOptionsFunctions,
	type INodeListSearchResult,
} from 'n8n-workflow';
import type { Failure } from '../../../shared/api/failure';

/** Searches organizations for the list in the editor. The pagination token is the number of the next page. */
export async function searchOrganizations(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const { connect } = await import('../../../shared/api/client');
	const { readOrganizationPage } = await import('./organizations');
	const { clean } = await import('../../../shared/values/strings');

	const connection = await connect(this).catch((error: Error) => {
		throw new NodeOperationError(this.getNode(), error);
	});
	const page = Number(paginationToken ?? 1);
	const search = clean(filter ?? '');
	const result = await readOrganizationPage(this, connection, search ? { search } : {}, page);
	if (!result.ok) {
		const { message, description } = explain(result.failure);
		throw new NodeOperationError(this.getNode(), message, { description });
	}
	const { entries, hasNextPage } = result.value;
	return {
		results: entries.map(({ id, name }) => ({ name: name || id, value: id })),
		// Without entries, the editor would request the next page endlessly.
		...(hasNextPage && entries.length > 0 ? { paginationToken: String(page + 1) } : {}),
	};
}

/** The error message. Most keys are an organization's, which cannot list organizations. */
function explain(failure: Failure): { message: string; description: string } {
	const description = 'Choose By ID and enter the ID of the organization.';
	return failure.httpCode === 403
		? {
				message: `The list of organizations needs a tenant key (AlloMia says: ${failure.message}). ${description}`,
				description,
			}
		: { message: failure.message, description: `${failure.description} ${description}` };
}
