import type { INodeParameters } from 'n8n-workflow';
import { ids, keys } from '../simulator';
import { credential, simulator } from './bench';
import { errorOf, execute } from './engine';

const operations: Array<[string, string, INodeParameters, string]> = [
	['call', 'getAll', {}, '/calls'],
	['call', 'getByOutboundCall', { outboundCallId: '={{ $json.id }}' }, '/calls'],
	['organization', 'get', {}, `/organization/${ids.organizationId}`],
	[
		'organization',
		'update',
		{ name: 'Clinic', email: 'desk@example.com' },
		`/organization/${ids.organizationId}`,
	],
	[
		'organization',
		'updateMetadata',
		{ metadata: '{"clinicCode":"MTL-01"}' },
		`/organization/${ids.organizationId}/metadata`,
	],
];

describe.each(operations)('the organization of %s: %s', (resource, operation, more, path) => {
	const run = async (organizationId: INodeParameters, own = '') => {
		const items = [{ id: simulator.dials[0]?.outboundCallId ?? ids.assistantId }];
		return await execute({
			parameters: { resource, operation, ...more, ...organizationId },
			credential: { ...credential, apiKey: keys.tenant, organizationId: own },
			items,
		});
	};
	/** What AlloMia was asked about the organization. */
	const asked = () =>
		simulator.requests
			.map((request) => new URL(request.path, simulator.baseUrl))
			.filter((url) => url.href.includes(ids.organizationId))
			.map(({ pathname }) => pathname);
	const chosen = (value: string) => ({ organizationId: { __rl: true, mode: 'id', value } });

	beforeEach(async () => {
		await fetch(`${simulator.baseUrl}/outbound`, {
			method: 'POST',
			headers: { authorization: `Bearer ${keys.organization}`, 'content-type': 'application/json' },
			body: JSON.stringify({
				assistantId: ids.assistantId,
				phoneNumberId: ids.phoneNumberId,
				phoneNumber: '+15145551234',
			}),
		});
		simulator.requests.length = 0;
	});

	it.each([
		['left empty', chosen('')],
		['never touched', {}],
		['emptied as plain text', { organizationId: ' ' }],
	])('is the credential’s, where it is %s', async (_, left) => {
		await run(left, ` ${ids.organizationId}\n`);
		expect(asked()).toContain(`/api${path}`);
	});

	it('is its own, where both are set', async () => {
		await run(chosen(ids.organizationId), ids.otherOrganizationId);
		expect(asked()).toContain(`/api${path}`);
	});

	it.each([
		['both are empty', chosen(''), ''],
		['its expression gives nothing', chosen('={{ $json.nothing }}'), ids.organizationId],
		['the credential’s is no ID', chosen(''), 'a/b'],
	])('is an error, where %s', async (_, left, own) => {
		expect(errorOf(await run(left, own)).message).toContain('Organization');
		expect(simulator.requests).toEqual([]);
	});
});
