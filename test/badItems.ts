import type { IDataObject, NodeParameterValueType } from 'n8n-workflow';
import { ids, keys, type Simulator } from './simulator';
import { clinic } from './clinics';

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
	/** One of them is what the item brings. */
	parameters: Record<string, NodeParameterValueType>;
	/** What the first and the last of three items bring. */
	good: (simulator: Simulator) => Array<string | number> | Promise<string[]>;
	/** What the item that comes out for one of these holds, among other things. */
	gives: (value: string | number, simulator: Simulator) => object;
	/** What the second item brings. */
	bad: string | number;
	/** The field that cannot be used then. */
	field: string;
	/** What else the bad item says then, if anything. */
	message?: string;
	/** Whether AlloMia is told to do something, once for each item. */
	changes?: true;
}

/** The field of the items that brings what is good or bad. */
const value = '={{ $json.value }}';

const idOf = ({ dials }: Simulator, phoneNumber: string | number) =>
	dials.find(({ body }) => body.phoneNumber === phoneNumber)?.outboundCallId;

const calls = {
	good: () => ['+15145551001', '+15145550002'],
	gives: (phoneNumber: string | number, simulator: Simulator) => ({
		outboundCallId: idOf(simulator, phoneNumber),
		status: phoneNumber === '+15145550002' ? 'busy' : 'completed',
	}),
	bad: 'none',
	field: 'Phone Number to Call',
	message: 'Nobody was called',
	changes: true,
} as const;

const amounts = {
	good: () => [1, 2],
	gives: () => ({ id: expect.any(String) as string }),
	bad: 'many',
	field: 'Limit',
};

const organizations = {
	good: () => [ids.organizationId, ids.otherOrganizationId],
	gives: (id: string | number) => ({ id }),
	bad: '../x',
	field: 'Organization',
};

/** Whom the calls that were placed for a case have called, by the calls' IDs. */
const called = new Map<string | number, string>();

async function place({ baseUrl }: Simulator, phoneNumber: string): Promise<string> {
	const { assistantId, phoneNumberId } = ids;
	const response = await fetch(`${baseUrl}/outbound`, {
		method: 'POST',
		headers: { authorization: `Bearer ${keys.organization}`, 'content-type': 'application/json' },
		body: JSON.stringify({ phoneNumber, assistantId, phoneNumberId }),
		signal: AbortSignal.timeout(60_000),
	});
	const { outboundCallId } = (await response.json()) as { outboundCallId: string };
	called.set(outboundCallId, phoneNumber);
	return outboundCallId;
}

const placedCalls = {
	good: async (simulator: Simulator) => [
		await place(simulator, '+15145551001'),
		await place(simulator, '+15145551003'),
	],
	gives: (outboundCallId: string | number) => ({ outboundCallId }),
	bad: 'nonsense',
	field: 'Outbound Call ID',
};

const waiting = { operation: 'createAndWait', phoneNumber: value };
const ofOrganization = { organizationId: ids.organizationId };

export const cases = {
	'Outbound Call: Create': {
		...calls,
		parameters: { phoneNumber: value },
		gives: (phoneNumber, simulator) => ({
			outboundCallId: idOf(simulator, phoneNumber),
			status: 'calling',
		}),
	},
	'Outbound Call: Create and Wait for Result': { ...calls, parameters: waiting },
	'Outbound Call: Create and Wait for Result, by polling': {
		...calls,
		parameters: { ...waiting, waitFor: 'polling', options: { pollInterval: 1 } },
	},
	'Outbound Call: Get Status': {
		...placedCalls,
		parameters: { operation: 'getStatus', outboundCallId: value },
	},
	'Call Log: Get': {
		parameters: { resource: 'call', operation: 'get', callId: value },
		good: (simulator) => [simulator.addCall(), simulator.addCall()],
		gives: (id) => ({ id }),
		bad: '../outbound',
		field: 'Call ID',
	},
	'Call Log: Get by Outbound Call': {
		...placedCalls,
		parameters: {
			...ofOrganization,
			resource: 'call',
			operation: 'getByOutboundCall',
			outboundCallId: value,
			// Two calls that begin in the same moment are told apart by it.
			options: { phoneNumber: "={{ $itemIndex ? '+15145551003' : '+15145551001' }}" },
		},
		gives: (id) => ({ userPhoneNumber: called.get(id) }),
	},
	'Call Log: Get Many': {
		...amounts,
		parameters: { ...ofOrganization, resource: 'call', operation: 'getAll', limit: value },
	},
	'Organization: Create': {
		parameters: { resource: 'organization', operation: 'create', ...clinic, city: value },
		good: () => ['Laval', 'Québec'],
		gives: (city) => ({ city }),
		bad: '',
		field: 'City',
		changes: true,
	},
	'Organization: Get': {
		...organizations,
		parameters: { resource: 'organization', operation: 'get', organizationId: value },
		gives: (id) => ({ currentOrg: expect.objectContaining({ id }) as unknown }),
	},
	'Organization: Get Many': {
		...amounts,
		parameters: { resource: 'organization', operation: 'getAll', limit: value },
	},
	'Organization: Update': {
		...organizations,
		parameters: {
			resource: 'organization',
			operation: 'update',
			organizationId: value,
			name: 'Clinique',
			email: 'a@b.example',
			updateFields: { city: 'Laval' },
		},
		gives: (id) => ({ id, city: 'Laval' }),
		changes: true,
	},
	'Organization: Update Metadata': {
		parameters: {
			...ofOrganization,
			resource: 'organization',
			operation: 'updateMetadata',
			metadata: value,
		},
		good: () => ['{ "clinicCode": "A" }', '{ "clinicCode": "B" }'],
		gives: (metadata) => ({ metadata: JSON.parse(String(metadata)) as object }),
		bad: '[1]',
		field: 'Metadata',
		changes: true,
	},
} satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** Runs three items, of which the second is bad. */
async function runThree(
	simulator: Simulator,
	run: Run,
	{ parameters, good, bad }: Omit<Case, 'gives'>,
	onError: OnError,
) {
	const values = await good(simulator);
	simulator.requests.length = 0;
	simulator.dials.length = 0;
	const [first = '', last = ''] = values;
	const { error, outputs } = await run(
		parameters,
		onError,
		[first, bad, last].map((it) => ({ value: it })),
	);
	const changes = simulator.requests.filter(({ method }) => method !== 'GET');
	return { error, outputs, values, changes: changes.length };
}

/** What becomes of the bad item. */
const badItem = ({ field, message }: Pick<Case, 'field' | 'message'>, more: object = {}) => ({
	json: {
		...more,
		error: expect.stringContaining(field) as string,
		...(message ? { message: expect.stringContaining(message) as string } : {}),
	},
	pairedItem: { item: 1 },
});

/** What one bad item of three does, for these operations and each setting of On Error. */
export function describeOneBadItem(
	bench: { simulator: Simulator },
	run: Run,
	names: readonly CaseName[],
) {
	describe.each(names)('%s, where the second of three items is bad', (name) => {
		const tested: Case = cases[name];
		const { field, gives, bad, changes } = tested;
		const on = async (onError: OnError) => await runThree(bench.simulator, run, tested, onError);

		/** What is to come out for a good item: as many items as it wants, or one. */
		const goodItems = (it: string | number = '', item = 0) =>
			Array.from({ length: typeof it === 'number' ? it : 1 }, () => ({
				json: expect.objectContaining(gives(it, bench.simulator)) as unknown,
				pairedItem: { item },
			}));

		it('does nothing at all where the node is set to stop, and names the item and the field', async () => {
			const { error } = await on('stopWorkflow');
			expect(error?.message).toContain(field);
			expect(error?.message).toContain('Item 1');
			expect(error?.description).toMatch(
				changes
					? /^(Nobody was called|Nothing was changed|No organization was created)\./
					: /^Nothing was looked up\./,
			);
			expect(bench.simulator.requests).toEqual([]);
		});

		it('does the others where it is set to continue, in their order, each tied to its item', async () => {
			const { error, outputs, values, ...ran } = await on('continueRegularOutput');
			expect(error).toBeUndefined();
			const [first, last] = values;
			expect(outputs).toEqual([[...goodItems(first, 0), badItem(tested), ...goodItems(last, 2)]]);
			expect(outputs[0]?.filter(({ json }) => 'error' in json)).toHaveLength(1);
			expect(ran.changes).toBe(changes ? 2 : 0);
		});

		it('does the others where it has an output for errors, and hands on there what came in', async () => {
			const { error, outputs, values, ...ran } = await on('continueErrorOutput');
			expect(error).toBeUndefined();
			const [first, last] = values;
			expect(outputs).toEqual([
				[...goodItems(first, 0), ...goodItems(last, 2)],
				[badItem(tested, { value: bad })],
			]);
			expect(outputs[0]?.filter(({ json }) => 'error' in json)).toEqual([]);
			expect(ran.changes).toBe(changes ? 2 : 0);
		});
	});
}

/** The same, where each status has an output of its own. */
export function describeOneBadItemPerStatus(
	bench: { simulator: Simulator },
	run: Run,
	waitFor: 'callback' | 'polling',
) {
	const tested = {
		...calls,
		parameters: {
			...waiting,
			...(waitFor === 'polling' ? { waitFor } : {}),
			options: { outputPerStatus: true, ...(waitFor === 'polling' ? { pollInterval: 1 } : {}) },
		},
		good: () => ['+15145550002', '+15145550001'],
	};
	// Which item it is tied to after a parking, n8n decides.
	const ofStatus = (status: string) => ({ json: { status } });
	const bad = { json: badItem(calls).json };
	const [busy, failed] = [ofStatus('busy'), ofStatus('failed')];

	it('sends it to Failed where the node is set to continue', async () => {
		const { outputs } = await runThree(bench.simulator, run, tested, 'continueRegularOutput');
		expect(outputs).toMatchObject([[], [], [busy], [bad, failed], []]);
	});

	it('sends it to the output for errors where there is one', async () => {
		const { outputs } = await runThree(bench.simulator, run, tested, 'continueErrorOutput');
		expect(outputs).toMatchObject([[], [], [busy], [failed], [], [bad]]);
	});
}

/** Whether what was not called says whom it is about, by its metadata. */
export function describeMetadata(bench: { simulator: Simulator }, run: Run) {
	const ways = {
		create: { callback: 'url', callbackUrl: 'http://127.0.0.1:9/result' },
		'create and wait': { operation: 'createAndWait' },
		'create and wait, by polling': { operation: 'createAndWait', waitFor: 'polling' },
	};
	const people = [
		{ id: 'A', phone: '+15145551001', key: 'a' },
		{ id: 'B', phone: 'none', key: 'b' },
		{ id: 'C', phone: '+15145550005', key: 'c' },
		{ id: 'D', phone: '+15145551004', key: 'a' },
	];
	const options = {
		metadata: { entry: [{ name: 'id', value: '={{ $json.id }}' }] },
		onceKey: '={{ $json.key }}',
	};
	// Keys are remembered from test to test.
	const itemsOf = (test: string) => people.map((it) => ({ ...it, key: `${it.key} ${test}` }));
	const whose = (items: ReadonlyArray<{ json: object }> = []) =>
		items.map(({ json }) => (json as { metadata?: object }).metadata);

	describe.each(Object.entries(ways))('metadata of what was not called: %s', (name, way) => {
		const on = async (onError: OnError) => {
			const { outputs } = await run(
				{ ...way, phoneNumber: '={{ $json.phone }}', options },
				onError,
				itemsOf(`${name} ${onError}`),
			);
			expect(bench.simulator.dials).toHaveLength(1);
			return outputs;
		};
		// AlloMia's answer to Create goes out as it came.
		const called = name === 'create' ? undefined : { id: 'A' };

		it('is on invalid, refused and already called items', async () => {
			const [main] = await on('continueRegularOutput');
			expect(whose(main)).toEqual([called, { id: 'B' }, { id: 'C' }, { id: 'D' }]);
		});

		it('is that which can be read, if a part cannot', async () => {
			const value = "={{ $('Nowhere').item.json.name }}";
			const entry = [...options.metadata.entry, { name: 'doctor', value }];
			const { outputs } = await run(
				{ ...way, phoneNumber: '={{ $json.phone }}', options: { metadata: { entry } } },
				'continueRegularOutput',
				people.slice(0, 2),
			);
			expect(whose(outputs[0])).toEqual([{ id: 'A' }, { id: 'B' }]);
			expect(bench.simulator.dials).toEqual([]);
		});

		it('goes with the word that it was a dry run', async () => {
			const { outputs } = await run(
				{ ...way, phoneNumber: '={{ $json.phone }}', options: { ...options, dryRun: true } },
				'continueRegularOutput',
				itemsOf(`${name} dry`),
			);
			const json = outputs[0]?.map((item) => item.json);
			expect(json).toMatchObject(people.map(() => ({ dryRun: true })));
			expect(json?.[1]).toMatchObject({
				error: expect.any(String) as string,
				metadata: { id: 'B' },
			});
			expect(bench.simulator.dials).toEqual([]);
		});

		it('does not keep failed items from the error output', async () => {
			const [main, failed] = await on('continueErrorOutput');
			expect(whose(main)).toEqual([called, { id: 'D' }]);
			const isError = { json: { error: expect.any(String) as string } };
			expect(failed).toMatchObject([isError, isError]);
		});
	});
}
