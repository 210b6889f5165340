import type { IDataObject } from 'n8n-workflow';

/**
 * "Simplify", as n8n's nodes have it: at most ten of the documented fields, the most used ones first.
 * Fields that AlloMia does not document stay: the outcome that it draws from a call is one of them.
 */
interface Simplified {
	first: readonly string[];
	without: readonly string[];
}

const bookkeeping = [
	'organizationId',
	'agentId',
	'teamId',
	'teamName',
	'phoneNumber',
	'callEndedAt',
	'createdAt',
];

const listedCall: Simplified = {
	first: ['id', 'callStartedAt', 'callDurationSeconds', 'callType', 'userPhoneNumber', 'agentName'],
	without: bookkeeping,
};

const call: Simplified = {
	first: [
		'id',
		'callSummary',
		'userPrimaryIntent',
		'userSentiment',
		'userName',
		'userPhoneNumber',
		'callStartedAt',
		'callDurationSeconds',
	],
	// The links are long, and of no use after an hour: Download has the files.
	without: [
		...bookkeeping,
		'agentName',
		'callType',
		'callEndedReason',
		'transcriptUrl',
		'recordingUrl',
	],
};

const organization: Simplified = {
	first: ['id', 'name', 'email', 'phoneNumber', 'city', 'country', 'timezone'],
	without: ['address', 'stateProvince', 'postalCode', 'createdAt', 'createdBy'],
};

/** A call as GET /calls lists it. */
export function simplifyListedCall(raw: IDataObject): IDataObject {
	return pick(raw, listedCall);
}

/** A call as GET /calls/{id} answers it. */
export function simplifyCall(raw: IDataObject): IDataObject {
	return pick(raw, call);
}

/** An organization as GET /organization lists it. */
export function simplifyOrganization(raw: IDataObject): IDataObject {
	return pick(raw, organization);
}

/** GET /organization/{id}'s answer: the organization itself, and of all others the names. */
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

function pick(raw: IDataObject, { first, without }: Simplified): IDataObject {
	const rest = Object.keys(raw).filter((key) => !first.includes(key) && !without.includes(key));
	const keys = [...first.filter((key) => key in raw), ...rest];
	return Object.fromEntries(keys.map((key) => [key, raw[key]]));
}
