import { outputsOf, type WorkflowNode } from '../../scripts/lib/workflows';
import { ids } from '../simulator';
import { activeWorkflow, triggered, useBench } from './support/bench';
import { alloMia } from './support/nodes';
import { aTrigger, event, executionsOf } from './support/triggers';
import { post } from '../webhooks';
import { since } from './support/version';

const bench = useBench();

/** What expressions may give for a switch. */
const on = ['={{ true }}', '={{ "true" }}', '={{ " TRUE " }}', 'true'];
const wrong = ['={{ "yes" }}', '={{ 1 }}', '={{ $json.missing }}', '={{ "" }}'];

const organizationId = ids.organizationId;
const going = { onError: 'continueRegularOutput' } as const;

const run = async (node: WorkflowNode) => await (await activeWorkflow(bench, [node])).run([{}]);

describe('a switch that an expression gives', () => {
	it.each(on)('brings all calls where Return All is %s', async (returnAll) => {
		const parameters = { resource: 'call', operation: 'getAll', organizationId, returnAll };
		const execution = await run(alloMia(bench.credential, parameters));
		expect(outputsOf(execution, 'AlloMia')[0]).toHaveLength(120);
	});

	it.each(on)('splits the outcomes where Output per Status is %s', async (outputPerStatus) => {
		bench.simulator.setPace(50);
		const execution = await run(
			alloMia(bench.credential, {
				operation: 'createAndWait',
				waitFor: 'polling',
				phoneNumber: '+15145550002',
				options: { outputPerStatus, pollInterval: 1 },
			}),
		);
		const outputs = outputsOf(execution, 'AlloMia').map((items) => items?.length ?? 0);
		expect(outputs).toEqual([0, 0, 1, 0, 0]);
	});

	it.each(on)('splits what the trigger gets where Output per Status is %s', async (value) => {
		const { id, url } = await aTrigger(bench, {
			verification: 'none',
			options: { outputPerStatus: value },
		});
		expect((await post(url, event('busy'))).status).toBe(200);
		const [execution] = await triggered(bench, id, 1);
		const outputs = execution && outputsOf(execution, 'AlloMia Trigger');
		expect(outputs?.map((items) => items?.length ?? 0)).toEqual([0, 0, 1, 0]);
	});

	it('lets duplicates in where Ignore Duplicates is the text false', async () => {
		const { id, url } = await aTrigger(bench, {
			verification: 'none',
			options: { ignoreDuplicates: '={{ "false" }}' },
		});
		const twice = event();
		expect((await post(url, twice)).body).toEqual({ received: true });
		expect((await post(url, twice)).body).toEqual({ received: true });
		expect(await triggered(bench, id, 2)).toHaveLength(2);
	});

	it.each([
		['Return All', { resource: 'call', operation: 'getAll', organizationId }, 'returnAll'],
		['Simplify', { resource: 'call', operation: 'getAll', organizationId }, 'simplify'],
		['Return All', { resource: 'organization', operation: 'getAll' }, 'returnAll'],
	])('is refused by name where it is none: %s', async (name, parameters, field) => {
		for (const value of wrong) {
			const node = alloMia(bench.credential, { ...parameters, [field]: value }, going);
			const [item] = outputsOf(await run(node), 'AlloMia')[0] ?? [];
			expect(String(item?.error)).toMatch(`${name}: It is`);
		}
		expect(bench.simulator.requests).toEqual([]);
	});

	it.each([
		['Output per Status', 'outputPerStatus', { operation: 'createAndWait' }],
		['Retry Unconfirmed Calls', 'redialOnUncertain', {}],
		['Dry Run', 'dryRun', {}],
		['Sign Webhook URL', 'signCallbackUrl', { callback: 'url', callbackUrl: 'https://a.test' }],
	])('calls nobody where it is none: %s', async (name, option, parameters) => {
		for (const value of wrong) {
			const execution = await run(
				alloMia(bench.credential, {
					phoneNumber: '+15145550099',
					...parameters,
					options: { [option]: value },
				}),
			);
			expect(execution.data.resultData.error?.message).toMatch(`${name}: It is`);
		}
		expect(bench.simulator.dials).toEqual([]);
	});

	async function says503(parameters: object, problem: string) {
		const { id, url } = await aTrigger(bench, { verification: 'none', ...parameters });
		expect(await post(url, event())).toMatchObject({
			status: 503,
			body: { error: expect.stringContaining(problem) as string },
		});
		expect(await executionsOf(bench, id)).toBe(0);
	}

	it.each<[object, string]>([
		[{ verification: '={{ "Always" }}' }, 'Verification: It is "Always"'],
		[{ statuses: '={{ "answered" }}' }, 'Trigger On: It is "answered"'],
	])('makes the trigger say 503 where it is none by then: %j', says503);

	// An older n8n does not get as far with it, and answers with an error of its own.
	since('2.39.0').it(
		'makes the trigger say 503 where Output per Status is none by then',
		async () => {
			const options = { outputPerStatus: '={{ $json.no }}' };
			await says503({ options }, 'Output per Status: It is undefined');
		},
	);
});
