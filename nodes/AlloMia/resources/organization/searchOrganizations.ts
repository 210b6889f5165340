import {
	NodeOperationError,
	type ILoadOptionsFunctions,
	type INodeListSearchResult,
} from 'n8n-workflow';
import type { Failure } from '../../../shared/api/failure';

/** A page of organizations for the editor's list. The token is the number of the next page. */
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
		// An empty page that announces another one would be asked for without end.
		...(hasNextPage && entries.length > 0 ? { paginationToken: String(page + 1) } : {}),
	};
}

/** Most users have an organization's key, to which AlloMia gives no list: they are told what to do. */
function explain(failure: Failure): { message: string; description: string } {
	const description = 'Choose By ID and enter the ID of the organization.';
	return failure.httpCode === 403
		? {
				message: `The list of organizations needs a tenant’s API key (AlloMia says: ${failure.message}). ${description}`,
				description,
			}
		: { message: failure.message, description: `${failure.description} ${description}` };
}
