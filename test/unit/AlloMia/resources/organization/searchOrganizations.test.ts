import type { ILoadOptionsFunctions } from 'n8n-workflow';
import { searchOrganizations } from '../../../../../nodes/AlloMia/resources/organization/searchOrganizations';

/** The editor's list, where AlloMia answers so. */
function list(
	answer: { status?: number; body?: object },
	credentials: () => object = () => ({ apiKey: 'k', baseUrl: 'https://allomia.com/api' }),
) {
	const asked: Array<Record<string, unknown>> = [];
	const context = {
		getNode: () => ({ name: 'AlloMia' }),
		getCredentials: async () => credentials(),
		helpers: {
			httpRequestWithAuthentication: async (_: string, { qs }: { qs: Record<string, unknown> }) => {
				asked.push(qs);
				const { status = 200, body = {} } = answer;
				return { statusCode: status, headers: {}, body: JSON.stringify(body) };
			},
		},
	} as unknown as ILoadOptionsFunctions;
	const search = async (filter?: string, token?: string) =>
		await searchOrganizations.call(context, filter, token);
	return { search, asked };
}

const page = (hasNextPage: boolean, ...organizations: object[]) => ({
	body: { organizations, pagination: { hasNextPage } },
});

const [east, west] = [
	{ id: 'e', name: 'East' },
	{ id: 'w', name: '' },
];

it('shows each organization by its name, or its ID where it has none', async () => {
	const { search, asked } = list(page(false, east, west));
	expect(await search()).toEqual({
		results: [
			{ name: 'East', value: 'e' },
			{ name: 'w', value: 'w' },
		],
	});
	expect(asked).toMatchObject([{ page: 1 }]);
	expect(asked[0]).not.toHaveProperty('search');
});

it('searches for what was typed, page by page', async () => {
	const { search, asked } = list(page(true, east));
	expect(await search(' ea ', '3')).toMatchObject({ paginationToken: '4' });
	expect(asked).toMatchObject([{ page: 3, search: 'ea' }]);
});

it('ends at an empty page, whatever that announces', async () => {
	expect(await list(page(true)).search()).toEqual({ results: [] });
});

const problem = async (search: () => Promise<unknown>) =>
	await search().then(
		() => undefined,
		({ name, message, description }: Error & { description?: string }) => ({
			name,
			message,
			description,
		}),
	);

it('tells whose key may not list them what to do', async () => {
	const { search } = list({ status: 403, body: { error: 'Insufficient permissions' } });
	expect(await problem(search)).toEqual({
		name: 'NodeOperationError',
		message:
			'The list of organizations needs a tenant key (AlloMia says: Insufficient permissions). Choose By ID and enter the ID of the organization.',
		description: 'Choose By ID and enter the ID of the organization.',
	});
});

it('says what else is wrong, and the way around it', async () => {
	const { search } = list({ status: 401, body: { error: 'Invalid or missing API key' } });
	expect(await problem(search)).toMatchObject({
		message: 'Invalid or missing API key',
		description: expect.stringMatching(/credential[^]* Choose By ID/) as string,
	});
});

it('says what is wrong with the credential', async () => {
	const { search, asked } = list(page(false), () => ({ apiKey: '', baseUrl: '' }));
	expect(await problem(search)).toMatchObject({
		name: 'NodeOperationError',
		message: expect.stringMatching(/^(API Key|Base URL): /) as string,
	});
	expect(asked).toEqual([]);
});
