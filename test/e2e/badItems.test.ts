import { createCredential, type CredentialReference } from '../../scripts/lib/workflows';
import {
	cases,
	describeOneBadItem,
	errorOf,
	phoneNumbers,
	runThree,
	value,
	type Run,
} from '../badItems';
import { keys } from '../simulator';
import { runNode, useBench } from './support/bench';
import { alloMia } from './support/nodes';
import { since } from './support/version';

const bench = useBench();
let tenant: CredentialReference;

beforeAll(async () => {
	const { n8n, simulator } = bench;
	tenant = await createCredential(n8n.session, { apiKey: keys.tenant, baseUrl: simulator.baseUrl });
});

const run: Run = async (parameters, onError, items) => {
	const credential = parameters.resource === 'organization' ? tenant : bench.credential;
	const { execution, error } = await runNode(
		bench,
		alloMia(credential, parameters, { onError }),
		items,
	);
	const outputs = execution.data.resultData.runData.AlloMia?.[0]?.data?.main ?? [];
	return { error, outputs: outputs.map((it) => it ?? []) };
};

describeOneBadItem(bench, run, Object.keys(cases));

describe.each([
	['Create and Wait', 'callback', since('2.39.0').it],
	['Create and Wait, by polling', 'polling', it],
])('%s with an output for each status', (_, waitFor, itOrSkip) => {
	const split = {
		parameters: {
			operation: 'createAndWait',
			phoneNumber: value,
			waitFor,
			options: { outputPerStatus: true, ...(waitFor === 'polling' ? { pollInterval: 1 } : {}) },
		},
		...phoneNumbers,
	};
	const completed = { json: { status: 'completed' } };
	const busy = { json: { status: 'busy' } };
	// Which item it is tied to after a parking, n8n decides.
	const failed = { json: errorOf('Phone Number').json };

	itOrSkip('sends the bad one to Failed where the node is set to continue', async () => {
		const { outputs } = await runThree(bench.simulator, run, split, 'continueRegularOutput');
		expect(outputs).toMatchObject([[completed], [], [busy], [failed], []]);
	});

	itOrSkip('sends it to the output for errors where there is one', async () => {
		const { outputs } = await runThree(bench.simulator, run, split, 'continueErrorOutput');
		expect(outputs).toMatchObject([[completed], [], [busy], [], [], [failed]]);
	});
});
