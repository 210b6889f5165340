const http = require('node:http');
const { createCredential } = require('../scripts/lib/workflows');
const { httpRequest } = require('./httpRequest');
const { alloMia, item, measure, publish } = require('./lists');
const { median, round } = require('./measure');

const rounds = 5;
const many = 1000;
const most = 10_000;

/** How many requests are on their way at the same time: the node's default, and the size of the peer's batches. */
const concurrency = 10;

/**
 * The same requests by a client that does nothing else, over connections that are kept: what no node in n8n can be quicker
 * than. In ms.
 */
async function bareClient({ simulator: { apiKey, baseUrl, assistantId, phoneNumberId } }, count) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
	const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
	const call = async (index) => {
		const { phone, name, slot } = item(undefined, index);
		const dynamicVariables = { slot };
		const body = { phoneNumber: phone, assistantId, phoneNumberId, customerName: name };
		await new Promise((resolve, reject) => {
			const request = http.request(`${baseUrl}/outbound`, { method: 'POST', agent, headers });
			request.on('error', reject);
			request.setTimeout(30_000, () => request.destroy(new Error('No response within 30 s')));
			request.on('response', (response) => {
				response.resume().on('end', resolve);
				if (response.statusCode >= 300) reject(new Error(`AlloMia: ${response.statusCode}`));
			});
			request.end(JSON.stringify({ ...body, dynamicVariables }));
		});
	};
	const begun = performance.now();
	let next = 0;
	const sender = async () => {
		while (next < count) await call(next++);
	};
	await Promise.all(Array.from({ length: concurrency }, sender));
	agent.destroy();
	return performance.now() - begun;
}

/** 1,000 calls against n8n's HTTP Request node in batches of 10, turn by turn in the same n8n. */
async function dispatch({ start }) {
	const bench = await start();
	const credential = await createCredential(bench.session, bench.simulator);
	const lists = {
		ours: await publish(bench, alloMia(credential, bench.simulator)),
		peer: await publish(bench, await httpRequest(bench)),
		cheapest: await publish(bench, await httpRequest(bench, { hasCredential: false })),
	};
	const results = { ours: [], peer: [], cheapest: [], bare: [] };
	// The first run of each loads code that the others find.
	for (const list of Object.values(lists)) await measure(bench, list, 100);
	await bareClient(bench, 100);
	for (let turn = 0; turn < rounds; turn += 1) {
		for (const [name, list] of Object.entries(lists)) {
			results[name].push(await measure(bench, list, many));
		}
		results.bare.push({ time: await bareClient(bench, many) });
	}
	const large = await measure(bench, lists.ours, most);

	const middle = (name, what) => median(results[name].map((it) => it[what]));
	const against = (name, what) => {
		const [mine, theirs] = [middle('ours', what), middle(name, what)];
		if (!mine) return { detail: 'only Linux tells the CPU time of a process' };
		return {
			value: mine / theirs,
			detail: `medians of ${rounds} runs: ${round(mine)} ms against ${round(theirs)} ms`,
		};
	};
	return [
		{ name: `${many} calls against HTTP Request: time`, limit: 0.8, ...against('peer', 'time') },
		{
			name: `${many} calls against HTTP Request: CPU of n8n`,
			limit: 0.8,
			...against('peer', 'cpu'),
		},
		{
			name: `${many} calls against HTTP Request without a credential: time`,
			limit: 1,
			...against('cheapest', 'time'),
		},
		{ name: `${many} calls against a bare client: time`, ...against('bare', 'time') },
		{
			name: `Time per call at ${most} calls against ${many}`,
			value: large.time / most / (middle('ours', 'time') / many),
			limit: 1.2,
			detail: `${round(large.time)} ms for ${most}`,
		},
	];
}

module.exports = { dispatch };
