import type { SimulatorIds, SimulatorKeys } from './types';

/** The simulator's API keys. */
export const keys: SimulatorKeys = {
	tenant: 'sim-tenant-key',
	organization: 'sim-organization-key',
	inactive: 'sim-inactive-organization-key',
	otherOrganization: 'sim-other-organization-key',
};

/** The fixed ids. The main assistant and number are those of the documentation's example. */
export const ids: SimulatorIds = {
	tenantId: '10000000-0000-4000-8000-000000000001',
	organizationId: '20000000-0000-4000-8000-000000000001',
	assistantId: 'a1b2c3d4-e5f6-7890-abcd-123456789012',
	phoneNumberId: 'b2c3d4e5-f6a7-8901-bcde-234567890123',
	otherOrganizationId: '20000000-0000-4000-8000-000000000002',
	otherAssistantId: 'a1b2c3d4-e5f6-7890-abcd-000000000002',
	otherPhoneNumberId: 'b2c3d4e5-f6a7-8901-bcde-000000000002',
	inactiveOrganizationId: '20000000-0000-4000-8000-000000000003',
	inactiveAssistantId: 'a1b2c3d4-e5f6-7890-abcd-000000000003',
	inactivePhoneNumberId: 'b2c3d4e5-f6a7-8901-bcde-000000000003',
	foreignOrganizationId: '20000000-0000-4000-8000-0000000000ff',
};

/** The tenant to which `ids.foreignOrganizationId` belongs. */
export const foreignTenantId = '10000000-0000-4000-8000-0000000000ff';

/** The time zones an organization may have. */
export const timezones = [
	'America/New_York',
	'America/Chicago',
	'America/Denver',
	'America/Los_Angeles',
	'America/Anchorage',
	'Pacific/Honolulu',
	'America/Phoenix',
	'America/Toronto',
	'America/Vancouver',
	'America/Edmonton',
	'America/Winnipeg',
	'America/Halifax',
	'America/St_Johns',
	'Europe/London',
	'Europe/Paris',
	'Europe/Helsinki',
	'Asia/Dubai',
	'Asia/Shanghai',
	'Asia/Tokyo',
	'Australia/Sydney',
	'Pacific/Auckland',
] as const;

/** The maximum size of a request body, in bytes. */
export const bodyLimit = 1024 * 1024;

/** The minimum number of requests to remember. */
export const rememberedRequests = 20_000;

/** The lifetime of a signed link. */
export const linkLifetimeMs = 60 * 60 * 1000;
