import { randomUUID } from 'node:crypto';

import { requireTenant, visibleOrganization } from './access';
import { ApiError, json, type ApiResponse } from './responses';
import { paginate } from './paging';
import type { Context } from './request';
import {
	changedOrganization,
	metadataBody,
	newOrganization,
	organizationsQuery,
	tenantMetadata,
} from './schemas';
import { timestamp } from './timers';
import type { Organization, StoredOrganization } from './types';
import { check, parseJson, queryObject } from './validation';
import type { World } from './world';

/** The user on whose behalf the tenant key acts. */
const keyUser = '40000000-0000-4000-8000-000000000002';

/** GET /organization */
export function listOrganizations({ world, caller, request }: Context): ApiResponse {
	const tenantId = requireTenant(caller);
	const query = check(organizationsQuery, queryObject(request.query));
	const search = query.search?.toLowerCase() ?? '';
	const found = organizationsOf(world, tenantId)
		.filter(({ name }) => name.toLowerCase().includes(search))
		.sort((a, b) => a.name.localeCompare(b.name, 'en'));
	if (query.sort === 'desc') found.reverse();
	const { items, pagination } = paginate(found, query);
	return json(200, { organizations: items, pagination });
}

/** POST /organization */
export function createOrganization({ world, caller, request }: Context): ApiResponse {
	const tenantId = requireTenant(caller);
	const raw = parseJson(request.body, request.headers['content-type']);
	const { externalId, ...fields } = check(newOrganization, raw);
	const shown: Organization = {
		id: randomUUID(),
		...fields,
		tenantId,
		createdAt: timestamp(Date.now()),
		createdBy: keyUser,
	};
	const made: StoredOrganization = { shown, externalId, active: true, metadataVersion: 0 };
	world.memory.organizations.set(shown.id, made);
	return json(200, shown);
}

/** GET /organization/{id} */
export function getOrganization(context: Context): ApiResponse {
	const tenantId = requireTenant(context.caller);
	const { shown } = find(context, 'Organization not found');
	return json(200, { currentOrg: shown, userOrgs: organizationsOf(context.world, tenantId) });
}

/** PUT /organization/{id} */
export function updateOrganization(context: Context): ApiResponse {
	requireTenant(context.caller);
	const { body, headers } = context.request;
	const { externalId, ...fields } = check(
		changedOrganization,
		parseJson(body, headers['content-type']),
	);
	const found = find(context, 'Organization not found');
	found.shown = { ...found.shown, ...fields };
	found.externalId = externalId ?? found.externalId;
	return json(200, found.shown);
}

/** PUT /organization/{id}/metadata */
export function updateMetadata(context: Context): ApiResponse {
	requireTenant(context.caller);
	const { body, headers } = context.request;
	const { metadata } = check(metadataBody, parseJson(body, headers['content-type']));
	const found = find(context, 'Metadata not found');
	check(tenantMetadata, metadata, 'Invalid metadata', ['metadata']);
	found.metadataVersion += 1;
	return json(200, {
		id: randomUUID(),
		organizationId: found.shown.id,
		version: found.metadataVersion,
		metadata,
		createdAt: timestamp(Date.now()),
		createdBy: keyUser,
	});
}

function organizationsOf(world: World, tenantId: string): Organization[] {
	return [...world.memory.organizations.values()]
		.map(({ shown }) => shown)
		.filter((shown) => shown.tenantId === tenantId);
}

function find({ world, caller, params }: Context, error: string): StoredOrganization {
	const found = visibleOrganization(world, caller, params[0] ?? '');
	if (!found) throw new ApiError(404, { error });
	return found;
}
