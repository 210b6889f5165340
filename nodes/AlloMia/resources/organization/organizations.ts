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

/** The maximum page size of GET /organization. */
export const organizationPageSize = 100;

/** The query of GET /organization without the page. It contains only what was set. */
export interface OrganizationQuery {
	search?: string;
	sort?: string;
}

/** Lists the tenant's organizations (GET /organization), at most `limit`, unchanged. */
export async function listOrganizations(
	context: IExecuteFunctions,
	connection: Connection,
	query: OrganizationQuery,
	limit: number,
	signal: AbortSignal,
): Promise<ApiResult<ListedOrganization[]>> {
	const pageSize = Math.min(organizationPageSize, limit);
	return await collectPages(
		async (page) =>
			toPage(
				await sendWithRetries(
					context,
					connection,
					listRequest({ ...query, page, limit: pageSize }),
				),
			),
		limit,
		signal,
	);
}

/** Reads one page of the tenant's organizations, for the list in the editor. */
export async function readOrganizationPage(
	context: RequestContext,
	connection: Connection,
	query: OrganizationQuery,
	page: number,
): Promise<ApiResult<Page<ListedOrganization>>> {
	const request = listRequest({ ...query, page, limit: organizationPageSize });
	return toPage(await send(context, connection, request));
}

/** Reads an organization (GET /organization/{id}), unchanged. The response also names the user's other ones. */
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

/** Creates an organization (POST /organization). */
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

/** Updates an organization (PUT /organization/{id}). */
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
