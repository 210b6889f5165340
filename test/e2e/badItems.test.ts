import { createCredential, type CredentialReference } from '../../scripts/lib/workflows';
import { ids, keys } from '../simulator';
import { runNode, useBench } from './support/bench';
import { clinic } from './support/clinics';
import { alloMia } from './support/nodes';
import { since } from './support/version';

const bench = useBench();
let tenant: CredentialReference;

beforeAll(async () => {
	const { n8n, simulator } = bench;
	tenant = await createCredential(n8n.session, { apiKey: keys.tenant, baseUrl: simulator.baseUrl });
});

interface Case {
	parameters: Record<string, unknown>;
	/** What the first and the last of three items bring. */
	good: () => Array<string | number> | Promise<string[]>;
	/** What the one between them brings. */
	bad: string | number;
	/** The field that cannot be used then. */
	field: string;
}

const phoneNumbers = {
	good: () => ['+15145551001', '+15145551003'],
	bad: 'none',
	field: 'Phone Number',
};
const amounts = { good: () => [1, 1], bad: 'many', field: 'Limit' };
const organizations = { good: () => Array<string>(2).fill(ids.organizationId), bad: '../x' };
const value = '={{ $json.value }}';

/** The ID of a call that has been placed. */
async function placed(phoneNumber: string): Promise<string> {
	const { assistantId, phoneNumberId } = ids;
	const response = await fetch(`${bench.simulator.baseUrl}/outbound`, {
		method: 'POST',
		headers: { authorization: `Bearer ${keys.organization}`, 'content-type': 'application/json' },
		body: JSON.stringify({ phoneNumber, assistantId, phoneNumberId }),
	});
	return ((await response.json()) as { outboundCallId: string }).outboundCallId;
}
const placedCalls = {
	good: async () => [await placed('+15145551001'), await placed('+15145551003')],
	bad: 'nonsense',
	field: 'Outbound Call ID',
};

const cases: Record<string, Case> = {
	'Outbound Call: Create': { parameters: { phoneNumber: value }, ...phoneNumbers },
	'Outbound Call: Create and Wait': {
		parameters: { operation: 'createAndWait', phoneNumber: value },
		...phoneNumbers,
	},
	'Outbound Call: Create and Wait, by polling': {
		parameters: {
			operation: 'createAndWait',
			waitFor: 'polling',
			phoneNumber: value,
			options: { pollInterval: 1 },
		},
		...phoneNumbers,
	},
	'Outbound Call: Get Status': {
		parameters: { operation: 'getStatus', outboundCallId: value },
		...placedCalls,
	},
	'Call: Get': {
		parameters: { resource: 'call', operation: 'get', callId: value },
		good: () => [bench.simulator.addCall(), bench.simulator.addCall()],
		bad: '../outbound',
		field: 'Call ID',
	},
	'Call: Get by Outbound Call': {
		parameters: {
			resource: 'call',
			operation: 'getByOutboundCall',
			organizationId: ids.organizationId,
			outboundCallId: value,
			// Two calls that begin in the same moment are told apart by it.
			options: { phoneNumber: "={{ $itemIndex ? '+15145551003' : '+15145551001' }}" },
		},
		...placedCalls,
	},
	'Call: Get Many': {
		parameters: {
			resource: 'call',
			operation: 'getAll',
			organizationId: ids.organizationId,
			limit: value,
		},
		...amounts,
	},
	'Organization: Create': {
		parameters: { resource: 'organization', operation: 'create', ...clinic, city: value },
		good: () => ['Laval', 'Québec'],
		bad: '',
		field: 'City',
	},
	'Organization: Get': {
		parameters: { resource: 'organization', operation: 'get', organizationId: value },
		...organizations,
		field: 'Organization',
	},
	'Organization: Get Many': {
		parameters: { resource: 'organization', operation: 'getAll', limit: value },
		...amounts,
	},
	'Organization: Update': {
		parameters: {
			resource: 'organization',
			operation: 'update',
			organizationId: value,
			name: 'Clinique',
			email: 'a@b.example',
			updateFields: { city: 'Laval' },
		},
		...organizations,
		field: 'Organization',
	},
	'Organization: Update Metadata': {
		parameters: {
			resource: 'organization',
			operation: 'updateMetadata',
			organizationId: ids.organizationId,
			metadata: value,
		},
		good: () => ['{ "clinicCode": "A" }', '{ "clinicCode": "B" }'],
		bad: '[1]',
		field: 'Metadata',
	},
};

/** Runs three items, of which the second is bad. */
async function runThree(
	{ parameters, good, bad }: Case,
	onError: 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput',
) {
	const [first, last] = await good();
	bench.simulator.requests.length = 0;
	bench.simulator.dials.length = 0;
	const isTenants = parameters.resource === 'organization';
	const node = alloMia(isTenants ? tenant : bench.credential, parameters, { onError });
	const { execution, error } = await runNode(
		bench,
		node,
		[first, bad, last].map((it) => ({ value: it })),
	);
	const outputs = execution.data.resultData.runData.AlloMia?.[0]?.data?.main ?? [];
	return { error, outputs: outputs.map((items) => items ?? []) };
}

const errorOf = (field: string) => ({
	json: expect.objectContaining({ error: expect.stringContaining(field) as string }) as unknown,
	pairedItem: { item: 1 },
});

/** A good one, whatever came of it. */
const goodOf = (item: number) => ({
	json: expect.not.objectContaining({ error: expect.anything() as unknown }) as unknown,
	pairedItem: { item },
});

describe.each(Object.entries(cases))('%s, where the second of three items is bad', (_, tested) => {
	it('does nothing at all where the node is set to stop, and names the item and the field', async () => {
		const { error } = await runThree(tested, 'stopWorkflow');
		expect(`${error?.message} ${error?.description}`).toContain(tested.field);
		expect(`${error?.message} ${error?.description}`).toContain('Item 1');
		expect(bench.simulator.requests).toEqual([]);
	});

	it('does the others where it is set to continue, in their order, each tied to its item', async () => {
		const { error, outputs } = await runThree(tested, 'continueRegularOutput');
		expect(error).toBeUndefined();
		expect(outputs).toMatchObject([[goodOf(0), errorOf(tested.field), goodOf(2)]]);
	});

	it('does the others where it has an output for errors, and hands on there what came in', async () => {
		const { error, outputs } = await runThree(tested, 'continueErrorOutput');
		expect(error).toBeUndefined();
		expect(outputs).toMatchObject([[goodOf(0), goodOf(2)], [errorOf(tested.field)]]);
		expect(outputs[1]?.[0]?.json).toMatchObject({ value: tested.bad });
	});
});

describe.each([
	['Create and Wait', 'callback', since('2.39.0').it],
	['Create and Wait, by polling', 'polling', it],
])('%s with an output for each status', (_, waitFor, run) => {
	const split: Case = {
		parameters: {
			operation: 'createAndWait',
			phoneNumber: value,
			waitFor,
			options: { outputPerStatus: true, ...(waitFor === 'polling' ? { pollInterval: 1 } : {}) },
		},
		...phoneNumbers,
		good: () => ['+15145551001', '+15145550002'],
	};
	const completed = { json: { status: 'completed' } };
	const busy = { json: { status: 'busy' } };
	// Which item it is tied to after a parking, n8n decides.
	const failed = { json: errorOf('Phone Number').json };

	run('sends the bad one to Failed where the node is set to continue', async () => {
		const { outputs } = await runThree(split, 'continueRegularOutput');
		expect(outputs).toMatchObject([[completed], [], [busy], [failed], []]);
	});

	run('sends it to the output for errors where there is one', async () => {
		const { outputs } = await runThree(split, 'continueErrorOutput');
		expect(outputs).toMatchObject([[completed], [], [busy], [], [], [failed]]);
	});
});
