import { randomUUID } from 'node:crypto';
import type { Page, Response } from 'playwright-core';
import {
	createCredential,
	createWorkflow,
	until,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, type Bench } from '../e2e/support/bench';
import { addClinics } from '../clinics';
import { describeIfComplete } from '../e2e/support/missing';
import { alloMia, alloMiaTrigger, connect, manualTrigger } from '../e2e/support/nodes';
import { isSince } from '../e2e/support/version';
import { useEditor } from './support/editorBench';

describeIfComplete('editor')('the editor in a browser', () => {
	let bench: Bench;
	let page: Page;

	useEditor((started, opened) => {
		[bench, page] = [started, opened];
	});

	/** Opens a workflow, and one of its nodes; the workflow's id. */
	async function open(nodes: WorkflowNode[], node?: WorkflowNode, connections = {}) {
		const { id } = await createWorkflow(bench.n8n.session, { name: 'Panel', nodes, connections });
		await page.goto(`${bench.n8n.baseUrl}/workflow/${id}${node ? `/${node.id}` : ''}`);
		return id;
	}

	const shows = async (text: string | RegExp) => {
		await page.getByText(text).first().waitFor();
	};

	it('shows the addresses of the trigger and how to try it out, and an outcome that arrives', async () => {
		const trigger = alloMiaTrigger(bench.credential);
		const id = await open([trigger], trigger);
		const { baseUrl } = bench.n8n;

		await shows('Receive the result of a call');
		await shows('To receive results of calls from this workflow');
		await page.getByText('When will this node trigger my flow?').click();
		await shows(/click 'Execute step', then place a call with the Test URL above/);
		await page.getByText('Webhook URLs', { exact: true }).click();
		await page.getByText('Production URL', { exact: true }).click();
		await shows(`${baseUrl}/webhook/allomia/${id}`);
		await page.getByText('Test URL', { exact: true }).click();
		const testUrl = `${baseUrl}/webhook-test/allomia/${id}`;
		await shows(testUrl);

		await page.getByTestId('trigger-execute-button').click();
		await page.getByTestId('trigger-listening').waitFor();
		await shows('To receive results of calls from this workflow');
		const calls = await activeWorkflow(bench, [
			alloMia(bench.credential, { callback: 'url', callbackUrl: testUrl }),
		]);
		await calls.run([{}]);
		const output = page.getByTestId('output-panel');
		await output.getByText('customer-ended-call').first().waitFor();
		const [dial] = bench.simulator.dials;
		expect(await output.innerText()).toContain(dial?.outboundCallId);
	});

	it('names one output per status on the canvas', async () => {
		await open([
			alloMiaTrigger(bench.credential, {
				statuses: ['completed', 'busy'],
				options: { outputPerStatus: true },
			}),
		]);
		const handles = page.getByTestId('canvas-node-output-handle');
		await handles.first().waitFor();
		expect(await handles.allInnerTexts()).toEqual(['Completed', 'Busy']);
	});

	it('names the outputs of a call that is waited for', async () => {
		const options = { outputPerStatus: true };
		await open([alloMia(bench.credential, { operation: 'createAndWait', options })]);
		const handles = page.getByTestId('canvas-node-output-handle');
		await handles.first().waitFor();
		expect(await handles.allInnerTexts()).toEqual([
			'Completed',
			'No Answer',
			'Busy',
			'Failed',
			'Timed Out',
		]);
	});

	it('shows in the panel the outcome that was waited for', async () => {
		bench.simulator.setPace(2_000);
		const call = alloMia(bench.credential, {
			operation: 'createAndWait',
			phoneNumber: '+15145550002',
		});
		const start = manualTrigger();
		await open([start, call], call, connect(start.name, call.name));
		await page.getByTestId('node-execute-button').click();
		const output = page.getByTestId('output-panel');
		await output.getByText('customer-busy').first().waitFor();
		expect(bench.simulator.callbacks.map(({ status }) => status)).toEqual([200]);
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('says in the panel that a list is too long to be waited for as a whole', async () => {
		const start = manualTrigger();
		const source: WorkflowNode = {
			id: randomUUID(),
			name: 'Patients',
			type: 'n8n-nodes-base.debugHelper',
			typeVersion: 1,
			position: [200, 0],
			parameters: { category: 'randomData', randomDataCount: 2_001 },
		};
		const call = alloMia(bench.credential, { operation: 'createAndWait', waitFor: 'callback' });
		await open([start, source, call], call, {
			...connect(start.name, source.name),
			...connect(source.name, call.name),
		});
		await page.getByTestId('execute-previous-node').first().click();
		await shows('These are more than 2,000 items.');
		expect(bench.simulator.dials).toEqual([]);
	});

	it('lists the organizations to choose from, more as one scrolls, and takes an ID by hand', async () => {
		const { simulator, n8n } = bench;
		await addClinics(simulator, 90);
		const credential = await createCredential(n8n.session, {
			name: 'Tenant',
			apiKey: simulator.keys.tenant,
			baseUrl: simulator.baseUrl,
		});
		const organizationId = { __rl: true, mode: 'list', value: '' };
		const calls = alloMia(credential, { resource: 'call', operation: 'getAll', organizationId });
		const id = await open([calls], calls);

		/** How many the node gives each time: when to ask for more is the editor's choice. */
		const given: number[] = [];
		const keep = async (response: Response) => {
			if (!response.url().includes('resource-locator-results')) return;
			const { data } = (await response.json()) as { data: { results: unknown[] } };
			given.push(data.results.length);
		};
		page.on('response', keep);
		const locator = page.getByTestId('resource-locator-organizationId');
		await locator.getByTestId('rlc-input').click();
		const items = page.getByTestId('rlc-item');
		await items.nth(99).waitFor({ state: 'attached' });
		await items.nth(99).scrollIntoViewIfNeeded();
		await items.filter({ hasText: 'Zone 89' }).waitFor({ state: 'attached' });
		expect(await items.count()).toBe(115);
		await until('both answers', () => given.length > 1);
		page.off('response', keep);
		expect(given).toEqual([100, 15]);
		await items.filter({ hasText: 'Main Street Clinic' }).click();
		await until('the chosen one to be shown', async () => {
			const shown = await locator
				.locator('input')
				.evaluateAll((inputs) =>
					inputs.map((input) => (input as unknown as { value: string }).value),
				);
			return shown.includes('Main Street Clinic');
		});

		await locator.getByTestId('rlc-mode-selector').click();
		await page.getByTestId('mode-id').click();
		await locator.locator('input').last().fill('org_by_hand');
		await page.keyboard.press('Escape');
		await until('the ID to be saved', async () => {
			// An older n8n does not save by itself, nor what it takes from the field a moment later.
			if (!isSince('2.39.0')) await page.keyboard.press('ControlOrMeta+s');
			const workflow = await n8n.session.call<{ nodes: WorkflowNode[] }>(
				'GET',
				`/rest/workflows/${id}`,
			);
			return JSON.stringify(workflow.nodes).includes('org_by_hand');
		});
	});

	it('says in the panel what to do where a call finds no trigger', async () => {
		const call = alloMia(bench.credential, { callback: 'trigger' });
		const start = manualTrigger();
		await open([start, call], call, connect(start.name, call.name));
		await page.getByTestId('node-execute-button').click();
		await shows(/^Trigger Name: There is no node "AlloMia Trigger"/);
		const panel = await page.getByTestId('output-panel').innerText();
		expect(panel).toMatch(/Add an AlloMia Trigger[^]*Nobody was called\./);
		expect(bench.simulator.dials).toHaveLength(0);
	});
});
