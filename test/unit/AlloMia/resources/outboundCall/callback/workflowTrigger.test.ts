import { randomUUID } from 'node:crypto';
import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { resolveTriggers } from '../../../../../../nodes/AlloMia/resources/outboundCall/callback/workflowTrigger';

const triggerType = 'n8n-nodes-allomia.alloMiaTrigger';

interface Settings {
	/** Of the node's parameters; what the items give, where it is an expression. */
	triggerName?: string;
	names?: string[];
	mode?: string;
	active?: boolean;
	/** What n8n tells of the trigger by its children; undefined where it has none. */
	entries?: Array<{ name: string; type: string; disabled?: boolean }>;
	/** What n8n tells of it otherwise. */
	getNode?: (name: string) => object | null;
	parameter?: IDataObject;
	answer?: object | Error;
}

const name = 'AlloMia Trigger';
const usual = { name, type: triggerType };

/** A node that calls, beside a trigger. */
function place({
	triggerName = name,
	names = [name],
	mode = 'webhook',
	active = false,
	entries = [usual],
	getNode,
	parameter = { verification: 'auto' },
	answer = { statusCode: 400, body: { error: 'Invalid callback' } },
}: Settings = {}) {
	const asked: string[] = [];
	const read: string[] = [];
	const id = randomUUID();
	const context = {
		getInputData: () => names.map(() => ({ json: {} })),
		getNode: () => ({ parameters: { callback: 'trigger', triggerName } }),
		getNodeParameter: (it: string, item: number) => {
			read.push(`${it} ${item}`);
			return it === 'callback' ? 'trigger' : names[item];
		},
		getWorkflowDataProxy: () => ({
			$node: new Proxy(
				{},
				{
					get: (_, it) => {
						if (it !== name) throw new Error(`Referenced node "${String(it)}" does not exist`);
						return { parameter };
					},
				},
			),
		}),
		getChildNodes: () => (entries.length > 0 ? [{ name: 'Next' }] : []),
		getParentNodes: () => entries,
		...(getNode ? { workflow: { getNode } } : {}),
		getWorkflow: () => ({ id, active }),
		getMode: () => mode,
		evaluateExpression: () => 'https://n8n.example.com/webhook-waiting/1',
		helpers: {
			httpRequest: async ({ url }: { url: string }) => {
				asked.push(url.replace(id, 'ID'));
				return await (answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
			},
		},
	} as unknown as IExecuteFunctions;
	const check = async () => {
		const found = await resolveTriggers(context);
		const [[, only] = []] = found;
		if (!only) throw new Error('No trigger was named');
		return only.ok
			? only.value.replace(id, 'ID')
			: only.issues.map(({ field, message }) => `${field}: ${message}`).join();
	};
	return { check, asked, read, context };
}

const address = 'https://n8n.example.com/webhook/allomia/ID';
const blocked = new Error('The request was blocked because it resolves to a restricted IP address');

describe('the trigger that a call names', () => {
	it('is found by its name among what leads to the same node', async () => {
		const entries = [{ name: 'Webhook', type: 'n8n-nodes-base.webhook', disabled: true }, usual];
		expect(await place({ entries }).check()).toBe(address);
	});

	it.each<[string, Settings, string]>([
		['n8n tells by its nodes', { getNode: () => usual }, address],
		[
			'n8n tells only that it is another node',
			{ getNode: () => ({ type: 'x' }) },
			'is not an AlloMia',
		],
		[
			'n8n tells only that it is switched off',
			{ getNode: () => ({ ...usual, disabled: true }) },
			'is deactivated',
		],
		['n8n knows nothing of it but its parameters', {}, address],
		['n8n does not find it', { getNode: () => null }, address],
		['its parameters are no trigger’s', { parameter: {} }, 'is not an AlloMia'],
	])('leads nowhere: %s', async (_, settings, says) => {
		expect(await place({ ...settings, entries: [] }).check()).toContain(says);
	});

	it('is asked for where n8n knows no such node', async () => {
		const said = await place({ names: ['Other'] }).check();
		expect(said).toMatch(
			/^Trigger Name: There is no node "Other"[^]*, or choose something else in Send Result To\.$/,
		);
	});

	it.each([undefined, null, '', ' '])('is asked for where the name is %j', async (none) => {
		const said = await place({ names: [none as unknown as string] }).check();
		expect(said).toContain('Trigger Name: It is empty. Enter the name of the AlloMia Trigger');
	});
});

describe('whether it listens', () => {
	it.each([
		['webhook', false],
		['trigger', false],
		['manual', true],
		['retry', true],
	])('is asked once of a published workflow (%s, active: %s)', async (mode, active) => {
		const { check, asked } = place({ mode, active });
		expect([await check(), await check()]).toEqual([address, address]);
		expect(asked).toEqual([address]);
	});

	it.each([
		['manual', false],
		['retry', false],
	])('is asked each time of any other (%s, active: %s)', async (mode, active) => {
		const { check, asked } = place({ mode, active });
		await check();
		await check();
		expect(asked).toEqual([address, address]);
	});

	it.each([
		['manual', false, 'Send Result To: n8n cannot check whether "AlloMia Trigger" is listening'],
		['manual', true, address],
		['retry', false, address],
		['webhook', false, address],
	])(
		'may be unknown, but not to who runs it by hand (%s, active: %s)',
		async (mode, active, says) => {
			for (const answer of [blocked, { statusCode: 502 }]) {
				expect(await place({ mode, active, answer }).check()).toContain(says);
			}
		},
	);

	it('is not known by hand: it says why, and what to set', async () => {
		const said = await place({ mode: 'manual', answer: blocked }).check();
		expect(said).toContain('N8N_SSRF_ALLOWED_HOSTNAMES');
		expect(said).toContain(
			'In Send Result To, choose Webhook URL, paste the trigger’s Production URL',
		);
	});
});

describe('what the items name', () => {
	it('is read from the first only, where it is the same for all', async () => {
		const { check, read } = place({ names: Array<string>(5).fill(name) });
		await check();
		expect(read).toEqual(['callback 0', 'triggerName 0']);
	});

	it('is read from each where it is an expression', async () => {
		const names = [name, 'Other', name];
		const { context, read } = place({ triggerName: '={{ $json.name }}', names });
		const found = await resolveTriggers(context);
		expect([...found].map(([it, { ok }]) => [it, ok])).toEqual([
			[name, true],
			['Other', false],
		]);
		expect(read).toHaveLength(6);
	});
});
