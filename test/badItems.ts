import type { IDataObject, NodeParameterValueType } from 'n8n-workflow';
import { ids, keys, type Simulator } from './simulator';
import { clinic } from './e2e/support/clinics';

export type OnError = 'stopWorkflow' | 'continueRegularOutput' | 'continueErrorOutput';

/** Runs the AlloMia node with these items. */
export type Run = (
	parameters: Record<string, NodeParameterValueType>,
	onError: OnError,
	items: IDataObject[],
) => Promise<{
	error?: { message: string; description?: string | null };
	outputs: ReadonlyArray<ReadonlyArray<{ json: object; pairedItem?: unknown }>>;
}>;

export interface Case {
	parameters: Record<string, NodeParameterValueType>;
	/** What the first and the last of three items bring. */
	good: (simulator: Simulator) => Array<string | number> | Promise<string[]>;
	/** What comes out for one of these, among the rest. */
	gives: (value: string | number) => object;
	/** What the one between them brings. */
	bad: string | number;
	/** The field that cannot be used then. */
	field: string;
}

export const phoneNumbers = {
	good: () => ['+15145551001', '+15145550002'],
	gives: (phoneNumber: string | number) => ({
		status: phoneNumber === '+15145550002' ? 'busy' : 'completed',
	}),
	bad: 'none',
	field: 'Phone Number',
};
const amounts = {
	good: () => [1, 1],
	gives: () => ({ id: expect.any(String) as string }),
	bad: 'many',
	field: 'Limit',
};
const organizations = {
	good: () => [ids.organizationId, ids.otherOrganizationId],
	bad: '../x',
	field: 'Organization',
};
export const value = '={{ $json.value }}';

/** The ID of a call that has been placed. */
async function placed({ baseUrl }: Simulator, phoneNumber: string): Promise<string> {
	const { assistantId, phoneNumberId } = ids;
	const response = await fetch(`${baseUrl}/outbound`, {
		method: 'POST',
		headers: { authorization: `Bearer ${keys.organization}`, 'content-type': 'application/json' },
		body: JSON.stringify({ phoneNumber, assistantId, phoneNumberId }),
	});
	return ((await response.json()) as { outboundCallId: string }).outboundCallId;
}
const placedCalls = {
	good: async (simulator: Simulator) => [
		await placed(simulator, '+15145551001'),
		await placed(simulator, '+15145551003'),
	],
	gives: (id: string | number) => ({ outboundCallId: id }),
	bad: 'nonsense',
	field: 'Outbound Call ID',
};

export const cases: Record<string, Case> = {
	'Outbound Call: Create': {
		parameters: { phoneNumber: value },
		...phoneNumbers,
		gives: () => ({ status: 'calling' }),
	},
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
		good: (simulator) => [simulator.addCall(), simulator.addCall()],
		gives: (id) => ({ id }),
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
		gives: () => ({ id: expect.any(String) as string }),
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
		gives: (city) => ({ city }),
		bad: '',
		field: 'City',
	},
	'Organization: Get': {
		parameters: { resource: 'organization', operation: 'get', organizationId: value },
		...organizations,
		gives: (id) => ({ currentOrg: expect.objectContaining({ id }) as unknown }),
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
		gives: (id) => ({ id, city: 'Laval' }),
	},
	'Organization: Update Metadata': {
		parameters: {
			resource: 'organization',
			operation: 'updateMetadata',
			organizationId: ids.organizationId,
			metadata: value,
		},
		good: () => ['{ "clinicCode": "A" }', '{ "clinicCode": "B" }'],
		gives: (metadata) => ({ metadata: JSON.parse(String(metadata)) as object }),
		bad: '[1]',
		field: 'Metadata',
	},
};

/** Runs three items, of which the second is bad. */
export async function runThree(
	simulator: Simulator,
	run: Run,
	{ parameters, good, bad }: Omit<Case, 'gives'>,
	onError: OnError,
) {
	const [first = '', last = ''] = await good(simulator);
	simulator.requests.length = 0;
	simulator.dials.length = 0;
	const items = [first, bad, last].map((it) => ({ value: it }));
	return { first, last, ...(await run(parameters, onError, items)) };
}

export const errorOf = (field: string) => ({
	json: expect.objectContaining({ error: expect.stringContaining(field) as string }) as unknown,
	pairedItem: { item: 1 },
});

/** What one bad item of three does, for each operation and each setting of On Error. */
export function describeOneBadItem(bench: { simulator: Simulator }, run: Run, names: string[]) {
	describe.each(names)('%s, where the second of three items is bad', (name) => {
		const tested = cases[name] as Case;
		const { field, gives, bad } = tested;
		const bads = errorOf(field);
		async function on(onError: OnError) {
			const { first, last, ...ran } = await runThree(bench.simulator, run, tested, onError);
			const goods = [first, last].map((it, index) => ({
				json: expect.objectContaining(gives(it)) as unknown,
				pairedItem: { item: 2 * index },
			}));
			const dialled = bench.simulator.dials.map(({ body }) => body.phoneNumber);
			return { ...ran, goods, dialled, good: [first, last] };
		}

		it('does nothing at all where the node is set to stop, and names the item and the field', async () => {
			const { error } = await on('stopWorkflow');
			expect(`${error?.message} ${error?.description}`).toContain(field);
			expect(`${error?.message} ${error?.description}`).toContain('Item 1');
			expect(bench.simulator.requests).toEqual([]);
		});

		it('does the others where it is set to continue, in their order, each tied to its item', async () => {
			const { error, outputs, goods, dialled, good } = await on('continueRegularOutput');
			expect(error).toBeUndefined();
			expect(outputs).toMatchObject([[goods[0], bads, goods[1]]]);
			expect(dialled.sort()).toEqual(field === 'Phone Number' ? good.sort() : []);
		});

		it('does the others where it has an output for errors, and hands on there what came in', async () => {
			const { error, outputs, goods, dialled, good } = await on('continueErrorOutput');
			expect(error).toBeUndefined();
			expect(outputs).toMatchObject([goods, [bads]]);
			expect(outputs[1]?.[0]?.json).toMatchObject({ value: bad });
			expect(dialled.sort()).toEqual(field === 'Phone Number' ? good.sort() : []);
		});
	});
}
