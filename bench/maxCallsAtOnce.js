const { createCredential } = require('../scripts/lib/workflows');
const { alloMia, item, publish, run } = require('./lists');
const { round } = require('./measure');

const calls = 300;
const lines = 5;
/** In seconds. */
const [shortest, longest, pollInterval] = [2, 20, 1];

/** 300 calls of 2 to 20 s on five lines, as the simulator counts them: eleven minutes. */
async function maxCallsAtOnce({ start }) {
	const bench = await start();
	const { session, simulator } = bench;
	const control = async (method, path, body) => {
		const response = await fetch(simulator.baseUrl.replace(/api$/, `_simulator/${path}`), {
			method,
			headers: { 'content-type': 'application/json' },
			body: body && JSON.stringify(body),
			signal: AbortSignal.timeout(60_000),
		});
		return await response.json();
	};
	await control('POST', 'pace', { ms: { from: shortest * 1000, to: longest * 1000 } });
	const credential = await createCredential(session, simulator);
	const options = { maxInProgress: lines, pollInterval };
	const list = await publish(bench, alloMia(credential, simulator, { options }));
	const items = Array.from({ length: calls }, item);
	const tested = await run(bench, list, items, 3_600_000);

	// Until the last calls have ended.
	const deadline = Date.now() + 2 * longest * 1000;
	let state = await control('GET', 'state');
	while (state.calls.calling > 0 && Date.now() < deadline) {
		await new Promise((resolve) => setTimeout(resolve, 500));
		state = await control('GET', 'state');
	}
	const { dials } = await control('GET', 'dials');
	const looks = state.requests - dials.length;
	// What five lines take that are never idle: the sum of all durations, shared by them.
	const durations = dials.map(({ pace }) => pace);
	const talked = durations.reduce((sum, it) => sum + it, 0);
	const took = tested.executionTime;
	// The run ends when the last call is placed: what is still talked then is not part of it.
	const left = dials
		.map(({ at, pace }) => at + pace - dials.at(-1).at)
		.reduce((sum, it) => sum + Math.max(0, it), 0);
	const ideal = (talked - left) / lines;
	const intervals = durations.reduce((sum, it) => sum + Math.max(1, it / 1000 / pollInterval), 0);
	return [
		{
			name: `Most calls in progress, of ${lines}`,
			value: state.mostInProgress,
			limit: lines,
			detail: `${dials.length} calls of ${shortest} to ${longest} s`,
		},
		{
			name: 'Throughput against lines that are never idle',
			value: ideal / took,
			atLeast: 0.9,
			detail: `${round(took / 1000)} s, of which ${round(ideal / 1000)} s on each of ${lines} lines`,
		},
		{
			name: 'Status requests per call and Poll Interval',
			value: looks / intervals,
			limit: 1.5,
			detail: `${looks} requests, with a Poll Interval of ${pollInterval} s`,
		},
	];
}

module.exports = { maxCallsAtOnce };
