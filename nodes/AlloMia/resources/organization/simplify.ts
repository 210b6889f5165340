import type { IDataObject } from 'n8n-workflow';
import { pickSimplified, type Simplified } from '../simplify';

const organization: Simplified = {
	first: ['id', 'name', 'email', 'phoneNumber', 'city', 'country', 'timezone'],
	without: ['address', 'stateProvince', 'postalCode', 'createdAt', 'createdBy'],
};

/** Simplifies an organization of GET /organization. */
export function simplifyOrganization(raw: IDataObject): IDataObject {
	return pickSimplified(raw, organization);
}

/** Simplifies the response of GET /organization/{id}: of the other organizations, only ID and name stay. */
export function simplifyOrganizationDetails(raw: IDataObject): IDataObject {
	const { currentOrg, userOrgs } = raw;
	return {
		...raw,
		...(isObject(currentOrg) ? { currentOrg: simplifyOrganization(currentOrg) } : {}),
		...(Array.isArray(userOrgs)
			? { userOrgs: userOrgs.map((each: unknown) => (isObject(each) ? nameOf(each) : each)) }
			: {}),
	} as IDataObject;
}

function nameOf({ id, name }: IDataObject): IDataObject {
	return { id, name };
}

function isObject(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
