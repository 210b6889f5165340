import fs from 'node:fs';
import path from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';
import { documentedFields } from '../documented';
import { schemaOf } from '../outputSchema';
import { ids, keys } from '../simulator';
import { call, credential, ending, simulator, until } from './bench';
import { execute, outputJson } from './engine';
import { listenTo } from './webhooks';

const nodes = path.join(__dirname, '../../nodes');

/** What n8n's editor shows of a node's output before its first run. ALLOMIA_WRITE_SCHEMAS=1 writes the files anew. */
const folders = ['AlloMia', 'AlloMiaTrigger'].map((name) => path.join(nodes, name, '__schema__'));

const clinic = {
	name: 'Zone 1',
	email: 'desk@example.com',
	address: '1 Main Street',
	city: 'Montreal',
	stateProvince: 'Quebec',
	postalCode: 'H2X 1Y4',
	country: 'Canada',
	phoneNumber: '+15145551234',
	timezone: 'America/Toronto',
};

/** Places a call that ends at once; its ID. */
async function endedCall(): Promise<string> {
	const run = await execute({
		parameters: call({ phoneNumber: ending('1000'), ...documentedFields }),
		credential,
	});
	return String(outputJson(run)[0]?.outboundCallId);
}

const outputOf = async (parameters: INodeParameters, apiKey = keys.organization) =>
	outputJson(await execute({ parameters, credential: { ...credential, apiKey } }))[0];

const outbound = (operation: string) => call({ operation, phoneNumber: ending('1000') });
const log = async (operation: string, more: INodeParameters = {}) =>
	await outputOf({
		resource: 'call',
		operation,
		organizationId: ids.organizationId,
		...more,
	});
const organization = async (operation: string, more: INodeParameters = {}) =>
	await outputOf(
		{ resource: 'organization', operation, organizationId: ids.organizationId, ...more },
		keys.tenant,
	);

async function triggered(): Promise<IDataObject | undefined> {
	const { url, outputs } = listenTo({ parameters: {}, credential });
	const options = { signCallbackUrl: true };
	await outputOf({ ...outbound('create'), callback: 'url', callbackUrl: url, options });
	await until(() => outputs.length > 0);
	return outputs[0]?.[0]?.[0];
}

/** A first item of each operation, by the file of its schema. */
const samples: Record<string, () => Promise<IDataObject | undefined>> = {
	'AlloMia/__schema__/v1.0.0/outboundCall/create.json': async () =>
		await outputOf(outbound('create')),
	'AlloMia/__schema__/v1.0.0/outboundCall/createAndWait.json': async () => {
		const waiting = { ...outbound('createAndWait'), waitFor: 'polling' };
		const open = { phoneNumber: ending('0004'), maxWait: 0.01, maxWaitUnit: 'minutes' };
		const { timedOut } = (await outputOf({ ...waiting, ...open })) ?? {};
		return { ...(await outputOf(waiting)), timedOut };
	},
	'AlloMia/__schema__/v1.0.0/outboundCall/getStatus.json': async () => {
		const id = await endedCall();
		await new Promise((resolve) => setTimeout(resolve, 500));
		return await outputOf({ resource: 'outboundCall', operation: 'getStatus', outboundCallId: id });
	},
	'AlloMia/__schema__/v1.0.0/call/get.json': async () =>
		await log('get', { callId: simulator.addCall() }),
	'AlloMia/__schema__/v1.0.0/call/getAll.json': async () => await log('getAll'),
	'AlloMia/__schema__/v1.0.0/call/getByOutboundCall.json': async () =>
		await log('getByOutboundCall', {
			outboundCallId: await endedCall(),
			options: { phoneNumber: ending('1000') },
		}),
	'AlloMia/__schema__/v1.0.0/organization/create.json': async () =>
		await organization('create', { ...clinic, additionalFields: { externalId: 'clinic-42' } }),
	'AlloMia/__schema__/v1.0.0/organization/get.json': async () => await organization('get'),
	'AlloMia/__schema__/v1.0.0/organization/getAll.json': async () => await organization('getAll'),
	'AlloMia/__schema__/v1.0.0/organization/update.json': async () =>
		await organization('update', { name: clinic.name, email: clinic.email }),
	'AlloMia/__schema__/v1.0.0/organization/updateMetadata.json': async () =>
		await organization('updateMetadata', { metadata: '{"clinicCode":"MTL-01"}' }),
	'AlloMiaTrigger/__schema__/v1.0.0.json': triggered,
};

describe('the schema of what a node puts out', () => {
	it.each(Object.entries(samples))('is that of an item: %s', async (file, sample) => {
		const item = await sample();
		expect(item).toBeDefined();
		const schema = { ...schemaOf(item), version: 1 };
		const target = path.join(nodes, file);
		if (process.env.ALLOMIA_WRITE_SCHEMAS) {
			fs.mkdirSync(path.dirname(target), { recursive: true });
			fs.writeFileSync(target, `${JSON.stringify(schema, null, '\t')}\n`);
		}
		expect(JSON.parse(fs.readFileSync(target, 'utf8'))).toEqual(schema);
	});

	it('is there for every operation, and for nothing else', () => {
		const files = folders.flatMap((folder) =>
			fs
				.readdirSync(folder, { recursive: true, withFileTypes: true })
				.filter((entry) => entry.isFile())
				.map((entry) => path.relative(nodes, path.join(entry.parentPath, entry.name))),
		);
		expect(files.sort()).toEqual(Object.keys(samples).sort());
	});
});
