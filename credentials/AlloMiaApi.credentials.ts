import type {
	IAuthenticateRuleResponseCode,
	IAuthenticateRuleResponseSuccessBody,
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import {
	defaultBaseUrl,
	readApiKey,
	readBaseUrl,
	assertAllowedHost,
} from '../nodes/shared/api/credential';

/**
 * A call that cannot exist: asking for its status dials nobody, and both levels of key may ask. The API
 * has no request that does nothing, and a valid key gets "Outbound call not found" here.
 */
const testPath = '/outbound/00000000-0000-0000-0000-000000000000/status';

/** How long the test of a credential may take, in ms. n8n itself would wait for five minutes. */
const testTimeout = 10_000;

const notAlloMia =
	'The server at Base URL is not AlloMia’s API. Correct Base URL, or remove what is in between.';

/** The statuses that are no pass, whatever else the answer says. */
const refusedStatuses: IAuthenticateRuleResponseCode[] = [
	{ value: 401, message: 'Invalid or missing API key' },
	...[429, 500, 502, 503, 504].map((value) => ({
		value,
		message: `AlloMia cannot answer now (HTTP ${value}). Test again in some minutes.`,
	})),
].map((properties) => ({ type: 'responseCode', properties }));

/** The answers that are no pass. n8n can only refuse answers that are known. */
const refusedAnswers: IAuthenticateRuleResponseSuccessBody[] = [
	// A web page says nothing here.
	{ value: undefined, message: notAlloMia },
	{ value: 'Invalid or missing API key', message: 'Invalid or missing API key' },
	...['Organization is inactive', 'Insufficient permissions', 'Internal server error occurred'].map(
		(value) => ({ value, message: `AlloMia said: ${value}` }),
	),
	// Other APIs.
	...['Not Found', 'Not found', 'Unauthorized', 'Forbidden'].map((value) => ({
		value,
		message: notAlloMia,
	})),
].map((answer) => ({ type: 'responseSuccessBody', properties: { key: 'error', ...answer } }));

export class AlloMiaApi implements ICredentialType {
	name = 'alloMiaApi';

	displayName = 'AlloMia API';

	icon = { light: 'file:../icons/allomia.svg', dark: 'file:../icons/allomia.dark.svg' } as const;

	documentationUrl = 'https://github.com/allomia/n8n-nodes-allomia#credential';

	properties: INodeProperties[] = [
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			required: true,
			default: '',
			description:
				'Create it in AlloMia under Settings &gt; API Keys. Use an organization key to place calls; organization operations need a tenant key.',
		},
		{
			displayName: 'Organization ID',
			name: 'organizationId',
			type: 'string',
			default: '',
			placeholder: 'e.g. 20000000-0000-4000-8000-000000000001',
			description: 'Used by operations whose own Organization is empty, such as Get Many',
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: defaultBaseUrl,
			placeholder: `e.g. ${defaultBaseUrl}`,
			description: 'Leave it as it is, unless AlloMia gave you another address',
		},
	];

	test: ICredentialTestRequest = {
		request: {
			// `authenticate` cleans it.
			baseURL: '={{ $credentials.baseUrl }}',
			url: testPath,
			headers: { accept: 'application/json' },
			// The pass is a 404. An n8n that does not know exceptions ignores them, and goes by the answer.
			ignoreHttpStatusErrors: {
				ignore: true,
				except: refusedStatuses.map(({ properties }) => properties.value),
			},
		},
		// n8n goes by both, though its type has room for one kind.
		rules: [...refusedStatuses, ...refusedAnswers] as ICredentialTestRequest['rules'],
	};

	/**
	 * Adds the key to a request, which may be one of n8n's HTTP Request node. It refuses to send it in
	 * the open, or to another host than AlloMia's, not even where AlloMia leads there.
	 */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		const baseURL = readBaseUrl(credentials.baseUrl);
		const isTest = requestOptions.url === testPath;
		const request = isTest ? { ...requestOptions, baseURL, timeout: testTimeout } : requestOptions;
		assertAllowedHost(request, baseURL);
		const authorization = `Bearer ${readApiKey(credentials.apiKey)}`;
		return {
			...request,
			headers: { ...request.headers, authorization },
			maxRedirects: 0,
		};
	};
}
