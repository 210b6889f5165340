import * as workflow from 'n8n-workflow';
import { NodeHelpers, type INode, type INodeProperties, type INodeType } from 'n8n-workflow';
import { AlloMiaApi } from '../../credentials/AlloMiaApi.credentials';
import { AlloMia } from '../../nodes/AlloMia/AlloMia.node';
import { AlloMiaTrigger } from '../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';

const node = new AlloMia();
const trigger = new AlloMiaTrigger();
const credential = new AlloMiaApi();

/** The properties that the editor shows for these parameters. */
function shown(type: INodeType, parameters: INode['parameters']): INodeProperties[] {
	const { description } = type;
	const all = NodeHelpers.getNodeParameters(
		description.properties,
		parameters,
		true,
		false,
		null,
		description,
	);
	return description.properties.filter((property) =>
		NodeHelpers.displayParameter({ ...all }, property, null, description),
	);
}

function named(properties: INodeProperties[], name: string): INodeProperties {
	const found = properties.filter((property) => property.name === name);
	if (found.length !== 1) throw new Error(`${found.length} fields are called ${name}`);
	return found[0] as INodeProperties;
}

function children(property: INodeProperties): INodeProperties[] {
	return (property.options ?? []).flatMap((option) => {
		if ('values' in option) return option.values;
		return 'type' in option ? [option] : [];
	});
}

function values(property: INodeProperties): unknown[] {
	return (property.options ?? []).map((option) => ('value' in option ? option.value : undefined));
}

const operation = (name: string, more: INode['parameters'] = {}) =>
	shown(node, { resource: 'outboundCall', operation: name, ...more });

it('workflows find the node types under their names and version', () => {
	expect([node.description.name, node.description.version]).toEqual(['alloMia', 1]);
	expect([trigger.description.name, trigger.description.version]).toEqual(['alloMiaTrigger', 1]);
	expect([credential.name, credential.displayName]).toEqual(['alloMiaApi', 'AlloMia API']);
	for (const { description } of [node, trigger]) {
		expect(description.credentials?.map(({ name }) => name)).toEqual(['alloMiaApi']);
	}
});

describe('the node', () => {
	it('starts with placing a call', () => {
		expect(named(shown(node, {}), 'resource').default).toBe('outboundCall');
		expect(named(shown(node, {}), 'operation').default).toBe('create');
		expect(values(named(shown(node, {}), 'operation'))).toEqual(
			expect.arrayContaining(['create', 'getStatus']),
		);
	});

	it.each<[string, Partial<INodeProperties>]>([
		['phoneNumber', { type: 'string', required: true, default: '' }],
		['assistantId', { type: 'string', required: true, default: '' }],
		['phoneNumberId', { type: 'string', required: true, default: '' }],
		['customerName', { type: 'string', default: '' }],
		['specifyDynamicVariables', { type: 'options', default: 'keyValue' }],
		['dynamicVariables', { type: 'fixedCollection', default: {} }],
		['callback', { type: 'options', default: 'none' }],
		['options', { type: 'collection', default: {} }],
	])('asks for %s to place a call', (name, expected) => {
		expect(named(operation('create'), name)).toMatchObject(expected);
	});

	it.each(['create', 'createAndWait'])('has Options last, after the other fields of %s', (name) => {
		const names = operation(name, { callback: 'url' }).map((property) => property.name);
		expect(names.at(-1)).toBe('options');
		expect(names.slice(0, 4)).toEqual(['resource', 'operation', 'callsNotice', 'phoneNumber']);
	});

	it.each<[string, INode['parameters'], boolean]>([
		['create', {}, true],
		['createAndWait', { options: { dryRun: false } }, true],
		['create', { options: { dryRun: true } }, false],
		['createAndWait', { options: { testNumber: '+15145551234' } }, false],
		['getStatus', {}, false],
	])('says that executing %s calls people, unless it is a test (%j: %s)', (name, more, isSaid) => {
		const names = operation(name, more).map((property) => property.name);
		expect(names.includes('callsNotice')).toBe(isSaid);
	});

	it('takes variables as pairs or as JSON, never both', () => {
		const pairs = operation('create');
		const json = operation('create', { specifyDynamicVariables: 'json' });
		expect(values(named(pairs, 'specifyDynamicVariables'))).toEqual(['keyValue', 'json']);
		expect(pairs.some(({ name }) => name === 'dynamicVariablesJson')).toBe(false);
		expect(json.some(({ name }) => name === 'dynamicVariables')).toBe(false);
		expect(named(json, 'dynamicVariablesJson').type).toBe('json');
		const list = named(pairs, 'dynamicVariables');
		expect(list.typeOptions?.multipleValues).toBe(true);
		expect(list.options?.map(({ name }) => name)).toEqual(['variable']);
		expect(children(list).map(({ name }) => name)).toEqual(['name', 'value']);
	});

	it('asks for a callback URL where one is wanted, and only there', () => {
		expect(values(named(operation('create'), 'callback'))).toEqual(['none', 'trigger', 'url']);
		const withUrl = operation('create', { callback: 'url' });
		expect(named(withUrl, 'callbackUrl')).toMatchObject({ type: 'string', default: '' });
		expect(operation('create').some(({ name }) => name === 'callbackUrl')).toBe(false);
	});

	it.each<[string, Partial<INodeProperties>]>([
		['defaultCountry', { type: 'options', default: 'CA' }],
		['signCallbackUrl', { type: 'boolean', default: false }],
		['metadata', { type: 'fixedCollection', default: {} }],
		['maxConcurrency', { type: 'number', default: 10 }],
		['timeout', { type: 'number', default: 30_000 }],
		['dryRun', { type: 'boolean', default: true }],
		['redialOnUncertain', { type: 'boolean', default: false }],
	])('has the option %s', (name, expected) => {
		const options = children(named(operation('create'), 'options'));
		expect(named(options, name)).toMatchObject(expected);
	});

	it('takes metadata as pairs', () => {
		const metadata = named(children(named(operation('create'), 'options')), 'metadata');
		expect(metadata.typeOptions?.multipleValues).toBe(true);
		expect(metadata.options?.map(({ name }) => name)).toEqual(['entry']);
		expect(children(metadata).map(({ name }) => name)).toEqual(['name', 'value']);
	});

	it('asks for one thing to see how a call stands', () => {
		const fields = operation('getStatus').map(({ name }) => name);
		expect(fields).toEqual(['resource', 'operation', 'outboundCallId']);
		expect(named(operation('getStatus'), 'outboundCallId')).toMatchObject({
			type: 'string',
			required: true,
			default: '',
		});
	});

	it('has no two fields of one name that show at the same time', () => {
		for (const resource of values(named(node.description.properties, 'resource'))) {
			const choices = shown(node, { resource: String(resource) });
			for (const value of values(named(choices, 'operation'))) {
				const names = shown(node, { resource: String(resource), operation: String(value) }).map(
					({ name }) => name,
				);
				expect(names).toEqual([...new Set(names)]);
			}
		}
	});

	it('can be given to an AI agent as a tool', () => {
		expect(node.description.usableAsTool).toBe(true);
	});
});

describe('the trigger', () => {
	const fields = () => shown(trigger, {});

	it('starts with every outcome', () => {
		const all = ['completed', 'no-answer', 'busy', 'failed'];
		expect(named(fields(), 'statuses')).toMatchObject({ type: 'multiOptions', default: all });
		expect(values(named(fields(), 'statuses'))).toEqual(all);
	});

	it('checks what arrives unless told otherwise', () => {
		const verification = named(fields(), 'verification');
		expect(verification.default).toBe('auto');
		expect(new Set(values(verification))).toEqual(new Set(['auto', 'signature', 'always', 'none']));
	});

	it.each([
		['outputPerStatus', false],
		['ignoreDuplicates', true],
	])('has the option %s', (name, expected) => {
		expect(named(children(named(fields(), 'options')), name)).toMatchObject({
			type: 'boolean',
			default: expected,
		});
	});

	it('listens for what AlloMia posts, under one URL', () => {
		expect(trigger.description.inputs).toEqual([]);
		expect(trigger.description.webhooks).toEqual([
			expect.objectContaining({ name: 'default', httpMethod: 'POST' }),
		]);
	});
});

describe('the credential', () => {
	it('hides the key, and knows AlloMia’s address', () => {
		expect(named(credential.properties, 'apiKey')).toMatchObject({
			type: 'string',
			required: true,
			typeOptions: { password: true },
		});
		expect(named(credential.properties, 'baseUrl').default).toBe('https://allomia.com/api');
	});

	it('sends the key as a bearer token, without what was pasted around it', async () => {
		const request = { url: 'https://allomia.com/api/calls', headers: { accept: 'text/plain' } };
		const sent = await credential.authenticate({ apiKey: ' key-1\n', baseUrl: '' }, request);
		expect(sent.headers).toEqual({ accept: 'text/plain', authorization: 'Bearer key-1' });
		expect(request.headers).toEqual({ accept: 'text/plain' });
		expect(sent.url).toBe(request.url);
	});

	it('sends the key to no other host, not even where AlloMia leads there', async () => {
		const data = { apiKey: 'key-1', baseUrl: '' };
		const elsewhere = { url: 'https://example.com/api/calls' };
		await expect(credential.authenticate(data, elsewhere)).rejects.toThrow(
			/may only be sent to https:\/\/allomia\.com,/,
		);
		const sent = await credential.authenticate(data, { url: 'https://allomia.com/api/calls' });
		expect(sent.maxRedirects).toBe(0);
	});

	it('does not send the key in the open', async () => {
		const open = { apiKey: 'key-1', baseUrl: 'http://allomia.com/api' };
		await expect(credential.authenticate(open, { url: 'x' })).rejects.toThrow(/https:\/\//);
	});
});

describe('n8n’s start', () => {
	const onlyForRuns = [
		'zod',
		'luxon',
		'p-limit',
		'ipaddr.js',
		'lossless-json',
		'libphonenumber-js/core',
		'time-zones',
	];

	afterEach(() => {
		for (const name of [...onlyForRuns, 'n8n-workflow']) jest.dontMock(name);
	});

	it.each(['AlloMia/AlloMia', 'AlloMiaTrigger/AlloMiaTrigger'])(
		'loads nothing with %s that only its runs need',
		(name) => {
			jest.isolateModules(() => {
				// It has loaded zod already.
				jest.doMock('n8n-workflow', () => workflow);
				for (const name of onlyForRuns) {
					jest.doMock(name, () => {
						throw new Error(`${name} is loaded`);
					});
				}
				expect(Object.keys(jest.requireActual(`../../nodes/${name}.node`))).toHaveLength(1);
			});
		},
	);
});
