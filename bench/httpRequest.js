/**
 * The request as a builder writes it without this package: n8n's HTTP Request node, in batches of 10.
 * @param hasCredential whether the key is in a credential, as it should be, or in the node, which n8n is quicker with
 */
async function httpRequest({ session, simulator }, { hasCredential = true } = {}) {
	const { apiKey, baseUrl, assistantId, phoneNumberId } = simulator;
	const header = { name: 'Authorization', value: `Bearer ${apiKey}` };
	return {
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		...(hasCredential
			? { credentials: { httpHeaderAuth: await credentialOf(session, header) } }
			: {}),
		parameters: {
			method: 'POST',
			url: `${baseUrl}/outbound`,
			...(hasCredential
				? { authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth' }
				: { sendHeaders: true, headerParameters: { parameters: [header] } }),
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ JSON.stringify({ phoneNumber: $json.phone, assistantId: "${assistantId}", phoneNumberId: "${phoneNumberId}", customerName: $json.name, dynamicVariables: { slot: $json.slot } }) }}`,
			options: { batching: { batch: { batchSize: 10, batchInterval: 1 } } },
		},
	};
}

async function credentialOf(session, data) {
	const { id, name } = await session.call('POST', '/rest/credentials', {
		name: 'Header',
		type: 'httpHeaderAuth',
		data,
	});
	return { id, name };
}

module.exports = { httpRequest };
