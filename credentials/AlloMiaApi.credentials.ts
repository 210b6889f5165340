import type {
	ICredentialDataDecryptedObject,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';
import {
	defaultBaseUrl,
	readApiKey,
	readBaseUrl,
	refuseOtherHosts,
} from '../nodes/shared/credential';

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
				'You find your keys in AlloMia under Settings &gt; API Keys. An organization’s key places calls; organizations themselves need a tenant’s key.',
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

	/**
	 * Adds the key to a request, which may be one of n8n's HTTP Request node. It refuses to send it in
	 * the open, or to another host than AlloMia's, not even where AlloMia leads there.
	 */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		refuseOtherHosts(requestOptions, readBaseUrl(credentials.baseUrl));
		const authorization = `Bearer ${readApiKey(credentials.apiKey)}`;
		return {
			...requestOptions,
			headers: { ...requestOptions.headers, authorization },
			maxRedirects: 0,
		};
	};
}
