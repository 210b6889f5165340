const { createCredential } = require('../scripts/lib/workflows');
const { alloMia, measure, publish } = require('./lists');
const { median, round } = require('./measure');

const rounds = 5;
const many = 1000;
const most = 10_000;

/** The request as a builder writes it without this package. */
const httpRequest = (credential, { baseUrl, assistantId, phoneNumberId }) => ({
	type: 'n8n-nodes-base.httpRequest',
	typeVersion: 4.2,
	credentials: { httpHeaderAuth: credential },
	parameters: {
		method: 'POST',
		url: `${baseUrl}/outbound`,
		authentication: 'genericCredentialType',
		genericAuthType: 'httpHeaderAuth',
		sendBody: true,
		specifyBody: 'json',
		jsonBody: `={{ JSON.stringify({ phoneNumber: $json.phone, assistantId: "${assistantId}", phoneNumberId: "${phoneNumberId}", customerName: $json.name, dynamicVariables: { slot: $json.slot } }) }}`,
		options: { batching: { batch: { batchSize: 10, batchInterval: 1 } } },
	},
});

/** 1,000 calls against n8n's HTTP Request node in batches of 10, turn by turn in the same n8n. */
async function dispatch({ start }) {
	const bench = await start();
	const { session, simulator } = bench;
	const credential = await createCredential(session, simulator);
	const ours = await publish(bench, alloMia(credential, simulator));
	const data = { name: 'Authorization', value: `Bearer ${simulator.apiKey}` };
	const { id } = await session.call('POST', '/rest/credentials', {
		name: 'Header',
		type: 'httpHeaderAuth',
		data,
	});
	const peer = await publish(bench, httpRequest({ id, name: 'Header' }, simulator));

	// The first run of each loads code that the others find.
	await measure(bench, ours, 100);
	await measure(bench, peer, 100);
	const results = { ours: [], peer: [] };
	for (let round = 0; round < rounds; round += 1) {
		results.ours.push(await measure(bench, ours, many));
		results.peer.push(await measure(bench, peer, many));
	}
	const large = await measure(bench, ours, most);

	const middle = (name, what) => median(results[name].map((it) => it[what]));
	const ratio = (what) => {
		const [mine, theirs] = [middle('ours', what), middle('peer', what)];
		if (mine === undefined) return { detail: 'only Linux tells the CPU time of a process' };
		return {
			value: mine / theirs,
			detail: `medians of ${rounds} runs: ${round(mine)} ms against ${round(theirs)} ms`,
		};
	};
	return [
		{ name: `${many} calls against HTTP Request: time`, limit: 0.8, ...ratio('time') },
		{ name: `${many} calls against HTTP Request: CPU of n8n`, limit: 0.8, ...ratio('cpu') },
		{
			name: `Time per call at ${most} calls against ${many}`,
			value: large.time / most / (middle('ours', 'time') / many),
			limit: 1.2,
			detail: `${round(large.time)} ms for ${most}`,
		},
	];
}

module.exports = { dispatch };
