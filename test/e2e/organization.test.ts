import {
	createCredential,
	type CredentialReference,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { ids, keys, type Simulator } from '../simulator';
import { runNode, useBench } from './support/bench';
import { addClinics, clinic } from '../clinics';
import { describeOneBadItem } from '../badItems';
import { inN8n } from './support/badItems';
import { alloMia } from './support/nodes';

const bench = useBench();
let simulator: Simulator;
let tenant: CredentialReference;

beforeAll(async () => {
	({ simulator } = bench);
	tenant = await createCredential(bench.n8n.session, {
		name: 'Tenant',
		apiKey: keys.tenant,
		baseUrl: simulator.baseUrl,
	});
});

async function run(
	parameters: Record<string, unknown>,
	items: unknown[] = [{}],
	extras: Partial<WorkflowNode> = {},
) {
	const node = alloMia(tenant, { resource: 'organization', ...parameters }, extras);
	return await runNode(bench, node, items);
}

describeOneBadItem(
	bench,
	inN8n(bench, () => tenant),
	[
		'Organization: Create',
		'Organization: Get',
		'Organization: Get Many',
		'Organization: Update',
		'Organization: Update Metadata',
	],
);

const sent = () => simulator.requests.map(({ rawBody }) => JSON.parse(rawBody) as unknown);

describe('organization: create', () => {
	it('sends what was set and nothing else, and gives out the answer untouched', async () => {
		const { items } = await run({ operation: 'create', ...clinic });
		expect(sent()).toEqual([clinic]);
		expect(items).toEqual([
			{
				id: expect.any(String) as string,
				...clinic,
				tenantId: ids.tenantId,
				createdAt: expect.any(String) as string,
				createdBy: expect.any(String) as string,
			},
		]);
		await run({ operation: 'create', ...clinic, additionalFields: { externalId: 'crm-1' } });
		expect(sent()[1]).toEqual({ ...clinic, externalId: 'crm-1' });
	});

	it('creates nothing where one of the items is incomplete', async () => {
		const { error } = await run(
			{ operation: 'create', ...clinic, city: '={{ $json.city }}', email: '={{ $json.email }}' },
			[
				{ city: 'Laval', email: 'a@b.example' },
				{ city: '', email: 'nobody' },
			],
		);
		expect(error?.description).toContain('Item 1: City');
		expect(error?.description).toContain('Item 1: Email');
		expect(simulator.requests).toHaveLength(0);
	});

	it('shows what AlloMia refuses by the names of the fields', async () => {
		simulator.fault({
			kind: 'status',
			status: 400,
			body: {
				error: 'Invalid request data',
				details: [{ field: 'stateProvince', message: 'Unknown', code: 'custom' }],
			},
		});
		const { error } = await run({ operation: 'create', ...clinic });
		expect(error?.message).toBe('Invalid request data');
		expect(error?.description).toContain('State or Province: Unknown');
	});

	it('says that it may have been created where the answer is lost', async () => {
		simulator.fault({ kind: 'reset-after', match: { method: 'POST' } });
		const { error } = await run({ operation: 'create', ...clinic });
		expect(error?.description).toContain('may have been made');
		expect(simulator.requests).toHaveLength(1);
	});
});

describe('organization: get, update, updateMetadata', () => {
	it.each([
		['plain text', ids.organizationId],
		['a choice from the list', { __rl: true, mode: 'list', value: ids.organizationId }],
	])('gets one, given as %s', async (_, organizationId) => {
		const { items } = await run({ operation: 'get', organizationId });
		expect(items).toHaveLength(1);
		expect(items[0]).toMatchObject({
			currentOrg: { id: ids.organizationId, name: 'Main Street Clinic' },
			userOrgs: expect.any(Array) as unknown[],
		});
	});

	it('simplifies one and its neighbours unless told otherwise', async () => {
		const one = { operation: 'get', organizationId: ids.organizationId };
		const [simplified] = (await run(one)).items;
		const [raw] = (await run({ ...one, simplify: false })).items;
		expect(simplified?.currentOrg).not.toHaveProperty('createdBy');
		expect(raw?.currentOrg).toMatchObject({ createdBy: expect.any(String) as string });
		expect((simplified?.userOrgs as object[])[1]).toEqual({
			id: ids.otherOrganizationId,
			name: 'Other Clinic',
		});
		expect((raw?.userOrgs as object[])[1]).toHaveProperty('createdBy');
	});

	it('changes only what is named', async () => {
		const { items } = await run({
			operation: 'update',
			organizationId: ids.organizationId,
			name: 'New Name',
			email: 'new@clinic.example',
			updateFields: { city: 'Gatineau', country: '', timezone: 'America/Halifax' },
		});
		const changes = {
			name: 'New Name',
			email: 'new@clinic.example',
			city: 'Gatineau',
			timezone: 'America/Halifax',
		};
		expect(sent()).toEqual([changes]);
		expect(items[0]).toMatchObject({ ...changes, country: 'Canada' });
	});

	it.each([
		['text', '{ "clinicCode": "MTL-01", "bedCount": 4 }'],
		['an object', '={{ { clinicCode: "MTL-01", bedCount: 4 } }}'],
	])('sets metadata given as %s', async (_, metadata) => {
		const { items } = await run({
			operation: 'updateMetadata',
			organizationId: ids.organizationId,
			metadata,
		});
		expect(sent()).toEqual([{ metadata: { clinicCode: 'MTL-01', bedCount: 4 } }]);
		expect(items[0]).toMatchObject({
			organizationId: ids.organizationId,
			version: 1,
			metadata: { clinicCode: 'MTL-01', bedCount: 4 },
		});
	});

	it('shows which metadata AlloMia refuses', async () => {
		const { error } = await run({
			operation: 'updateMetadata',
			organizationId: ids.organizationId,
			metadata: '{ "bedCount": "four" }',
		});
		expect(error?.message).toBe('Invalid metadata');
		expect(error?.description).toContain('Metadata > clinicCode');
	});

	it.each(['..', '../outbound', 'a/b'])('asks nobody about the ID %s', async (organizationId) => {
		const { error } = await run({ operation: 'get', organizationId });
		expect(error?.message).toContain('Organization');
		expect(simulator.requests).toHaveLength(0);
	});

	it('says what to do about one that is another tenant’s', async () => {
		const { error } = await run({
			operation: 'get',
			organizationId: ids.foreignOrganizationId,
		});
		expect(error?.message).toBe('Organization not found');
		expect(error?.description).toContain('Check Organization');
	});
});

describe('organization: getAll', () => {
	it('gives out every organization of the tenant, or as many as wanted', async () => {
		const { items } = await run({ operation: 'getAll', returnAll: true });
		expect(items).toHaveLength(25);
		expect((await run({ operation: 'getAll', limit: 2 })).items).toHaveLength(2);
	});

	it('simplifies them unless told otherwise', async () => {
		const all = { operation: 'getAll', limit: 1 };
		const [simplified] = (await run(all)).items;
		const [raw] = (await run({ ...all, simplify: false })).items;
		expect(Object.keys(simplified ?? {})).toEqual([
			'id',
			'name',
			'email',
			'phoneNumber',
			'city',
			'country',
			'timezone',
			'tenantId',
		]);
		expect(raw).toMatchObject({ ...simplified, createdBy: expect.any(String) as string });
	});

	it('follows the pages', async () => {
		await addClinics(simulator, 90);
		const { items } = await run({ operation: 'getAll', returnAll: true });
		expect(new Set(items.map(({ id }) => id)).size).toBe(115);
	});

	it('searches and sorts', async () => {
		const { items } = await run({
			operation: 'getAll',
			filters: { search: ' clinic ', sort: 'desc' },
		});
		const names = items.map(({ name }) => String(name));
		expect(names.length).toBeGreaterThan(1);
		expect(names.every((name) => /clinic/i.test(name))).toBe(true);
		expect(names).toEqual([...names].sort((a, b) => b.localeCompare(a, 'en')));
	});
});

describe('with an organization’s key', () => {
	it.each([
		['create', clinic],
		['get', { organizationId: ids.organizationId }],
		['getAll', {}],
		['update', { organizationId: ids.organizationId, name: 'A', email: 'a@b' }],
		['updateMetadata', { organizationId: ids.organizationId, metadata: '{}' }],
	])('%s says that it takes a tenant’s', async (operation, parameters) => {
		const { error } = await run({ operation, ...parameters }, [{}], {
			credentials: { alloMiaApi: bench.credential },
		});
		expect(error?.message).toBe('Insufficient permissions');
		expect(error?.description).toMatch(/tenant/);
	});
});

describe('the list of organizations in the editor', () => {
	async function search(
		credential: CredentialReference,
		extra: Record<string, unknown> = {},
	): Promise<{
		status: number;
		text: string;
		results: Array<{ name: string; value: string }>;
		paginationToken?: string;
	}> {
		const { status, text, json } = await bench.n8n.session.send(
			'POST',
			'/rest/dynamic-node-parameters/resource-locator-results',
			{
				path: 'parameters.organizationId',
				methodName: 'searchOrganizations',
				nodeTypeAndVersion: { name: 'n8n-nodes-allomia.alloMia', version: 1 },
				currentNodeParameters: { resource: 'call', operation: 'getAll' },
				credentials: { alloMiaApi: credential },
				...extra,
			},
		);
		const data = (json as { data?: { results?: []; paginationToken?: string } })?.data;
		return {
			status,
			text,
			results: data?.results ?? [],
			paginationToken: data?.paginationToken,
		};
	}

	it('shows all of them by name, page by page', async () => {
		await addClinics(simulator, 90);
		const first = await search(tenant);
		expect(first.results).toHaveLength(100);
		expect(first.paginationToken).toBe('2');
		const second = await search(tenant, { paginationToken: '2' });
		expect(second.results).toHaveLength(15);
		expect(second.paginationToken).toBeUndefined();
		expect([...first.results, ...second.results]).toContainEqual({
			name: 'Main Street Clinic',
			value: ids.organizationId,
		});
	});

	it('finds those that are typed', async () => {
		const { results } = await search(tenant, { filter: 'main street' });
		expect(results).toEqual([{ name: 'Main Street Clinic', value: ids.organizationId }]);
	});

	it('tells the holder of an organization’s key to enter the ID by hand', async () => {
		const { status, text } = await search(bench.credential);
		expect(status).toBeGreaterThanOrEqual(400);
		expect(text).toMatch(/tenant/);
		expect(text).toContain('By ID');
		expect(text).not.toContain(keys.organization);
	});
});
