import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { projectRoot } from '../../scripts/lib/paths';
import { until } from '../../scripts/lib/workflows';
import { Instance, withEditor } from '../e2e/support/instance';
import { describeIfComplete } from '../e2e/support/missing';
import { since } from '../e2e/support/version';
import { ids, startSimulator, type Simulator } from '../simulator';
import { openBrowser, openEditor } from './support/browser';

/** In ms, from the empty workflow to the last result. */
const patience = 120_000;

/** Where the pictures of all steps are kept. */
const folder = path.join(projectRoot, 'test-results', 'newcomer');

/**
 * From an empty n8n to the first results, as somebody who knows nothing but what n8n's editor shows. Older versions
 * have other buttons.
 */
describeIfComplete('editor')('a newcomer', () => {
	let n8n: Instance;
	let simulator: Simulator;
	let browser: Browser;
	let page: Page;
	let steps = 0;

	beforeAll(async () => {
		rmSync(folder, { recursive: true, force: true });
		mkdirSync(folder, { recursive: true });
		simulator = await startSimulator({ pace: 500 });
		n8n = await Instance.start(withEditor);
		browser = await openBrowser();
		page = await openEditor(browser, n8n.baseUrl);
		page.setDefaultTimeout(60_000);
	});

	afterAll(async () => {
		await browser?.close();
		await n8n?.stop();
		await simulator?.stop();
	});

	/** Keeps a picture of what is to be seen after a step. */
	async function keep(step: string) {
		steps += 1;
		const name = `${String(steps).padStart(2, '0')} ${step}.png`;
		await page.screenshot({ path: path.join(folder, name) });
	}

	const panel = () => page.getByTestId('ndv');
	const output = () => page.getByTestId('output-panel');
	const creator = () => page.getByTestId('node-creator');
	const close = async () => await page.getByTestId('ndv-close-button').click();
	const execute = async () =>
		await panel().getByRole('button', { name: 'Execute step' }).first().click();

	async function search(words: string, node: string) {
		await page.getByPlaceholder('Search nodes...').fill(words);
		await creator().getByText(node, { exact: true }).first().click();
	}

	/** Opens a node of the canvas. */
	const openNode = async (name: string) =>
		await page
			.getByTestId('canvas-node')
			.filter({ hasText: name })
			.dblclick({ position: { x: 40, y: 40 } });

	async function addOption(name: string) {
		await panel().getByPlaceholder('Add option').last().click();
		await page.getByText(name, { exact: true }).last().click();
		await panel().getByText(name, { exact: true }).first().waitFor();
	}

	async function removeOption(name: string) {
		await panel().getByText(name, { exact: true }).first().hover();
		await panel().getByTitle('Delete').last().click();
	}

	/** Fills in n8n's form in a page of its own. */
	async function sendForm(form: Page, phone: string) {
		form.setDefaultTimeout(20_000);
		await form.getByLabel('Phone').fill(phone);
		await form.getByRole('button', { name: 'Submit' }).click();
		await form.getByText('Your response has been recorded').waitFor();
		await form.close();
	}

	since('2.39.0').it(
		'gets from an empty workflow to results, without reading anything else',
		async () => {
			await page.goto(`${n8n.baseUrl}/workflow/new`);
			const begun = Date.now();

			await page.getByTestId('canvas-plus-button').click();
			await search('form', 'n8n Form');
			await page.getByText('On new n8n Form event').click();
			await panel().getByPlaceholder('e.g. Contact us').fill('Call me');
			await panel().getByText('Add Form Element').click();
			await panel().getByPlaceholder('e.g. What is your name?').fill('Phone');
			const [form] = await Promise.all([page.waitForEvent('popup'), execute()]);
			await sendForm(form, '+1 514 555 1000');
			await output().getByText('+1 514 555 1000').first().waitFor();
			await keep('the form');
			await close();

			await page.getByTestId('canvas-handle-plus').first().click();
			await search('phone call', 'AlloMia');
			await keep('the actions');
			await page.getByText('Place a call and wait for the result', { exact: true }).click();
			await panel().getByText('Executing this step calls the people in your items').waitFor();
			await keep('the panel');

			await panel().getByText('Connect to AlloMia').click();
			const dialog = page.getByTestId('editCredential-modal');
			await dialog.locator('input[type=password]').fill('wrong-key');
			await dialog.getByPlaceholder('e.g. https://allomia.com/api').fill(simulator.baseUrl);
			await dialog.getByText('Save', { exact: true }).click();
			await dialog.getByText('More details').click();
			await dialog.getByText('Invalid or missing API key').waitFor();
			await keep('the wrong key');
			await dialog.locator('input[type=password]').fill(simulator.keys.organization);
			await dialog.getByText('Save', { exact: true }).click();
			await dialog.waitFor({ state: 'hidden' });

			if (!(await panel().isVisible())) await openNode('Place a call');
			await panel()
				.getByText('Phone', { exact: true })
				.first()
				.dragTo(panel().getByPlaceholder('e.g. +15145551234'));
			await panel().getByText('{{ $json.Phone }}').waitFor();
			await panel()
				.getByPlaceholder(/^e.g. a1b2c3d4/)
				.fill(ids.assistantId);
			await panel()
				.getByPlaceholder(/^e.g. b2c3d4e5/)
				.fill(ids.phoneNumberId);

			await addOption('Dry Run');
			await execute();
			await output().getByText('Dry Run: nobody was called').waitFor();
			await keep('the dry run');
			expect(simulator.dials).toEqual([]);
			await removeOption('Dry Run');

			await addOption('Test Number');
			await panel().getByPlaceholder('e.g. +15145551234').last().fill('+15145550002');
			await execute();
			await output().getByText('customer-busy').first().waitFor();
			await keep('the call to the test number');
			await removeOption('Test Number');

			await execute();
			await output().getByText('customer-ended-call').first().waitFor();
			await keep('the result');
			expect(simulator.dials.map(({ body }) => body.phoneNumber)).toEqual([
				'+15145550002',
				'+15145551000',
			]);

			await panel().getByTestId('parameter-input-operation').click();
			await page.getByText('Start a phone call without waiting for the result').click();
			await panel().getByText('Send Result To', { exact: true }).waitFor();
			await panel().getByTestId('parameter-input-callback').click();
			await page.getByText('AlloMia Trigger in This Workflow', { exact: true }).last().click();
			await close();
			await page.getByRole('button', { name: 'Open nodes panel' }).click();
			await search('phone call', 'AlloMia');
			await creator()
				.getByText(/^Triggers \(/)
				.click();
			await creator().getByText('On call not answered', { exact: true }).waitFor();
			await keep('the triggers');
			await creator().getByText('On call completed', { exact: true }).click();
			await panel().getByText('To receive results of calls from this workflow').waitFor();
			await keep('the trigger');
			await close();

			await page.getByRole('button', { name: 'Publish', exact: true }).first().click();
			await page.getByText('Version name').waitFor();
			await page.getByRole('button', { name: 'Publish', exact: true }).last().click();
			await page.getByText('Got it').click();
			await openNode('On form submission');
			await panel().getByText('Production URL', { exact: true }).click();
			const url = await panel()
				.getByText(/\/form\//)
				.first()
				.innerText();
			const published = await page.context().newPage();
			await published.goto(url.trim());
			await sendForm(published, '+1 514 555 1001');
			await close();
			await page.getByText('Executions', { exact: true }).first().click();
			// The form's in the editor, three of the panel, the published form's and the result's; one more is shown beside the list.
			await until('the executions', async () => {
				const text = await page.locator('body').innerText();
				return (text.match(/Succeeded in/g) ?? []).length === 7;
			});
			await page.getByText('Succeeded in').first().click();
			// In the newest one, only the trigger ran.
			await until('the result', async () => {
				const marks = page.locator('[data-test-id="canvas-node-status-success"]:visible');
				return (await marks.count()) === 1;
			});
			await keep('the executions');
			expect(simulator.callbacks.at(-1)?.status).toBe(200);
			// Build servers run other tests beside this one.
			if (!process.env.CI) expect(Date.now() - begun).toBeLessThan(patience);
		},
		480_000,
	);

	since('2.39.0').it('gives an AI agent the node as its tool', async () => {
		await page.goto(`${n8n.baseUrl}/workflow/new`);
		await page.getByTestId('canvas-plus-button').click();
		await search('AI Agent', 'AI Agent');
		await close();
		// The last port is the one for tools.
		await page.getByTestId('canvas-handle-plus').last().click();
		await search('phone call', 'AlloMia Tool');
		await panel().getByText('Tool Description').waitFor();
		await keep('the tool');
		expect(await panel().innerText()).toContain('Phone Number to Call');
	});

	since('2.39.0').it('finds the nodes by what people type', async () => {
		await page.goto(`${n8n.baseUrl}/workflow/new`);
		await page.getByTestId('canvas-plus-button').click();
		for (const words of [
			'phone',
			'call',
			'phone call',
			'make a call',
			'voice',
			'reminder',
			'appointment',
			'dial',
		]) {
			await page.getByPlaceholder('Search nodes...').fill(words);
			await creator().getByText('AlloMia', { exact: true }).first().waitFor();
			expect(await creator().getByText('Place AI phone calls').count()).toBe(1);
			await page.getByPlaceholder('Search nodes...').fill('');
			await creator().getByText('AlloMia', { exact: true }).first().waitFor({ state: 'hidden' });
		}
	});
});
