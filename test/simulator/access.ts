import { ApiError } from './responses';
import { ids, keys } from './constants';
import type { StoredOrganization } from './types';
import type { World } from './world';

/** The owner of a key. */
export type Caller =
	| { level: 'tenant'; tenantId: string }
	| { level: 'organization'; organizationId: string };

const callers = new Map<string, Caller>([
	[keys.tenant, { level: 'tenant', tenantId: ids.tenantId }],
	[keys.organization, { level: 'organization', organizationId: ids.organizationId }],
	[keys.otherOrganization, { level: 'organization', organizationId: ids.otherOrganizationId }],
	[keys.inactive, { level: 'organization', organizationId: ids.inactiveOrganizationId }],
]);

/** Authenticates a request by its Authorization header. Throws a 401 if it is invalid. */
export function authenticate(authorization: string | undefined): Caller {
	const key = /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
	const caller = callers.get(key);
	if (!caller) throw new ApiError(401, { error: 'Invalid or missing API key' });
	return caller;
}

/** The organization, if it exists and the caller may see it. */
export function visibleOrganization(
	world: World,
	caller: Caller,
	organizationId: string,
): StoredOrganization | undefined {
	const found = world.memory.organizations.get(organizationId);
	if (!found) return undefined;
	const visible =
		caller.level === 'tenant'
			? found.shown.tenantId === caller.tenantId
			: organizationId === caller.organizationId;
	return visible ? found : undefined;
}

/** The caller's tenant. Throws if the caller is an organization, which may not use these endpoints. */
export function requireTenant(caller: Caller): string {
	if (caller.level === 'tenant') return caller.tenantId;
	throw new ApiError(403, { error: 'Insufficient permissions' });
}
