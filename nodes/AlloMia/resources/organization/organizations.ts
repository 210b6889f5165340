import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import {
	defaultTimeout,
	send,
	type ApiResult,
	type Connection,
	type RequestContext,
} from '../../../shared/api/client';
import type { OrganizationBody } from './organizationBody';
import { collectPages, type Page } from '../../../shared/api/pagination';
import { sendWithRetries } from '../../../shared/api/sendWithRetries';
import {
	metadataResponse,
	organizationResponse,
	organizationDetailsResponse,
	organizationsResponse,
	organizationsIn,
	type ListedOrganization,
} from '../../../shared/api/schemas';

/** The most organizations that AlloMia gives at once. */
export const organizationPageSize = 100;

/** What to look for among the tenant's organizations. It holds only what was set. */
export interface OrganizationQuery {
	search?: string;
	sort?: string;
}

/** Organizations of the tenant (GET /organization), as many as wanted, each untouched. */
export async function listOrganizations(
	context: IExecuteFunctions,
	connection: Connection,
	query: OrganizationQuery,
	wanted: number,
	signal: AbortSignal,
): Promise<ApiResult<ListedOrganization[]>> {
	const limit = Math.min(organizationPageSize, wanted);
	return await collectPages(
		async (page) =>
			toPage(await sendWithRetries(context, connection, listRequest({ ...query, page, limit }))),
		wanted,
		signal,
	);
}

/** One page of the tenant's organizations, for a list in the editor. */
export async function readOrganizationPage(
	context: RequestContext,
	connection: Connection,
	query: OrganizationQuery,
	page: number,
): Promise<ApiResult<Page<ListedOrganization>>> {
	const request = listRequest({ ...query, page, limit: organizationPageSize });
	return toPage(await send(context, connection, request));
}

/** One organization and its neighbours (GET /organization/{id}), untouched. */
export async function readOrganizationDetails(
	context: IExecuteFunctions,
	connection: Connection,
	organizationId: string,
): Promise<ApiResult<IDataObject>> {
	return await sendWithRetries(context, connection, {
		method: 'GET',
		path: pathOf(organizationId),
		timeout: defaultTimeout,
		purpose: 'read',
		schema: organizationDetailsResponse,
	});
}

/** Makes an organization (POST /organization). */
export async function createOrganization(
	context: IExecuteFunctions,
	connection: Connection,
	body: OrganizationBody,
): Promise<ApiResult<IDataObject>> {
	return await sendWithRetries(context, connection, {
		method: 'POST',
		path: '/organization',
		body,
		timeout: defaultTimeout,
		purpose: 'write',
		schema: organizationResponse,
	});
}

/** Changes an organization (PUT /organization/{id}). */
export async function updateOrganization(
	context: IExecuteFunctions,
	connection: Connection,
	organizationId: string,
	body: OrganizationBody,
): Promise<ApiResult<IDataObject>> {
	return await sendWithRetries(context, connection, {
		method: 'PUT',
		path: pathOf(organizationId),
		body,
		timeout: defaultTimeout,
		purpose: 'write',
		schema: organizationResponse,
	});
}

/** Sets an organization's metadata (PUT /organization/{id}/metadata). */
export async function updateOrganizationMetadata(
	context: IExecuteFunctions,
	connection: Connection,
	organizationId: string,
	metadata: object,
): Promise<ApiResult<IDataObject>> {
	return await sendWithRetries(context, connection, {
		method: 'PUT',
		path: `${pathOf(organizationId)}/metadata`,
		body: { metadata },
		timeout: defaultTimeout,
		purpose: 'write',
		schema: metadataResponse,
	});
}

function pathOf(organizationId: string): string {
	return `/organization/${encodeURIComponent(organizationId)}`;
}

function listRequest(query: OrganizationQuery & { page: number; limit: number }) {
	return {
		method: 'GET' as const,
		path: '/organization',
		query: { ...query },
		timeout: defaultTimeout,
		purpose: 'read' as const,
		schema: organizationsResponse,
	};
}

function toPage(
	result: ApiResult<{ pagination: { hasNextPage: boolean } } & IDataObject>,
): ApiResult<Page<ListedOrganization>> {
	if (!result.ok) return result;
	const entries = organizationsIn(result.value);
	return { ok: true, value: { entries, hasNextPage: result.value.pagination.hasNextPage } };
}
