import type {
	ICredentialDataDecryptedObject,
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

/** An outbound call that cannot exist: asking for it dials nobody, and both levels of key may ask. */
const nobody = '00000000-0000-0000-0000-000000000000';

const timeout = 10_000;

/**
 * Whether the key works. AlloMia's API has no request that does nothing; asking for the status of a
 * call that does not exist comes nearest: a valid key is answered "Outbound call not found".
 */
export async function testCredential(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted<ICredentialDataDecryptedObject>,
): Promise<INodeCredentialTestResult> {
	const { readConnection } = await import('./api');
	const { judgeCredential, unreachable } = await import('./credentialVerdict');
	let connection;
	try {
		connection = readConnection(credential.data ?? {});
	} catch (error) {
		return { status: 'Error', message: error instanceof Error ? error.message : String(error) };
	}
	try {
		// eslint-disable-next-line @n8n/community-nodes/no-deprecated-workflow-functions -- the only request helper that n8n gives to credential tests
		const answer: unknown = await this.helpers.request({
			method: 'GET',
			uri: `${connection.baseUrl}/outbound/${nobody}/status`,
			headers: { accept: 'application/json', authorization: `Bearer ${connection.apiKey}` },
			timeout,
			simple: false,
			followRedirect: false,
			resolveWithFullResponse: true,
		});
		return judgeCredential(answer, connection.baseUrl);
	} catch (error) {
		return unreachable(error, connection);
	}
}
