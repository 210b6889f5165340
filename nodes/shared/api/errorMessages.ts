/** What a request does. The advice in a failure depends on it. */
export type Purpose = 'dial' | 'read' | 'write';

/** The display names of the API's fields in the editor. */
const displayNames: Record<string, string> = {
	phoneNumber: 'Phone Number',
	assistantId: 'Assistant ID',
	phoneNumberId: 'Call From (Phone Number ID)',
	customerName: 'Customer Name',
	dynamicVariables: 'Dynamic Variables',
	callbackUrl: 'Webhook URL',
	organizationId: 'Organization',
	callType: 'Call Type',
	agentName: 'Agent Name',
	from: 'From',
	to: 'To',
	userPrimaryIntent: 'User Primary Intent',
	sort: 'Sort',
	search: 'Search',
	name: 'Name',
	email: 'Email',
	address: 'Address',
	city: 'City',
	stateProvince: 'State or Province',
	postalCode: 'Postal Code',
	country: 'Country',
	timezone: 'Timezone',
	externalId: 'External ID',
	metadata: 'Metadata',
};

/** What to do about an error response, by HTTP status. */
const adviceByStatus: Record<number, string> = {
	400: 'Correct the fields named here and run the node again.',
	401: 'Check the API key in the AlloMia credential. You find your keys in AlloMia under Settings > API Keys.',
	403: 'Check the permissions of this API key in AlloMia.',
	404: 'Check the ID. It must belong to the organization of your API key.',
	429: 'Too many requests: wait a moment, or send fewer at a time (Options > Max Parallel Requests, if available).',
	503: 'AlloMia is temporarily unavailable: try again in some minutes.',
};

/** What to do about an error response, by AlloMia's error message. */
const adviceByMessage: Record<string, string> = {
	'Organization is inactive': 'Nobody was called. Ask AlloMia to activate your organization.',
	'Insufficient permissions':
		'This API key may not do this. Operations of organizations need a tenant’s key in the AlloMia credential.',
	'Assistant or phone number not found':
		'Nobody was called. Check Assistant ID and Call From (Phone Number ID): both must belong to the organization of your API key.',
	'Organization not found':
		'Check Organization: your API key must have access to it. An organization key only has access to its own.',
	'Metadata not found':
		'Check Organization: it must be one of your tenant’s, and its metadata must be set up in AlloMia.',
	'Outbound call not found':
		'Check the Outbound Call ID. Calls of other organizations are not found.',
};

/** What to do about a key that may not place calls, such as a tenant's. */
const organizationKeyNeeded =
	'Nobody was called: this API key may not place calls. Use an organization’s key in the AlloMia credential, not a tenant’s. You find it in AlloMia under Settings > API Keys, in the organization.';

/** The messages of failures without one from AlloMia. */
export const messages = {
	redirected: 'The Base URL redirects to another address',
	unexpectedResponse: 'Unexpected response from AlloMia',
	unreachable: 'AlloMia cannot be reached',
	notConnected: 'AlloMia cannot be reached: no connection could be established',
	timedOut: 'AlloMia did not respond in time',
	connectionLost: 'The connection to AlloMia was lost before its response',
};

/** What to check if AlloMia cannot be reached. */
export const checkConnection =
	'Check Base URL in the AlloMia credential and n8n’s connection to the internet.';

/** What to do if it is uncertain whether a call was placed. */
export const lookItUp =
	'The call may have been placed. Before you call this person again, look for the call in AlloMia’s call log (or with Call Log > Get Many).';

/** What to do if AlloMia accepts no more calls. */
export const atCapacity =
	'Nobody was called. AlloMia accepted no more calls for a minute, perhaps because too many are in progress. Run the node again for this item later, or place fewer calls at a time: with Loop Over Items and a Wait node, or with Create and Wait for Result in the loop.';

/** The display name of an API field, which may be nested: `dynamicVariables.time`. */
export function displayName(field: string, purpose?: Purpose): string {
	const [first = '', ...rest] = field.split('.');
	const isCalled = purpose === 'dial' && first === 'phoneNumber';
	const name = isCalled ? 'Phone Number to Call' : (displayNames[first] ?? first);
	return rest.length > 0 ? `${name} > ${rest.join('.')}` : name;
}

/** What to do about an error response. */
export function advice(
	statusCode: number,
	apiMessage: string | undefined,
	purpose: Purpose,
): string {
	if (purpose === 'dial' && apiMessage === 'Insufficient permissions') return organizationKeyNeeded;
	return (
		(apiMessage === undefined ? undefined : adviceByMessage[apiMessage]) ??
		`${nothingHappened(purpose)}${adviceByStatus[statusCode] ?? 'Check the values of this node.'}`
	);
}

/** Says that no call was placed, at the start of a description. */
export function nothingHappened(purpose: Purpose): string {
	return purpose === 'dial' ? 'Nobody was called. ' : '';
}

/** What to do if it is uncertain whether a request took effect. */
export function uncertainAdvice(purpose: Purpose): string {
	switch (purpose) {
		case 'dial':
			return lookItUp;
		case 'write':
			return 'The change may have been made: check it in AlloMia before you try again.';
		case 'read':
			return 'Nothing was changed: try again in some minutes.';
	}
}
