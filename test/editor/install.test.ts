import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createCredential, outputsOf, waitForEnd } from '../../scripts/lib/workflows';
import { startSimulator, type Simulator } from '../simulator';
import { Instance, withEditor } from '../e2e/support/instance';
import { startInternet, type Internet } from '../e2e/support/internet';
import { describeIfComplete } from '../e2e/support/missing';
import { since } from '../e2e/support/version';
import { parked, waitingWorkflow } from '../e2e/support/waiting';
import { openBrowser, openEditor } from './support/browser';
import { Registry, registryHost } from './support/registry';

describeIfComplete('editor')('n8n’s Community nodes dialog', () => {
	let folder: string;
	let simulator: Simulator;
	let registry: Registry;
	let internet: Internet;
	let n8n: Instance;
	let browser: Browser;
	let page: Page;

	beforeAll(async () => {
		folder = fs.mkdtempSync(path.join(os.tmpdir(), 'allomia-registry-'));
		simulator = await startSimulator({ pace: 200 });
		registry = await Registry.start(folder);
		internet = await startInternet({ [registryHost]: registry.site }, {});
		n8n = await Instance.start(
			{
				...withEditor,
				...internet.settings,
				// A user's own settings of npm would go before the environment's.
				npm_config_cafile: internet.settings.NODE_EXTRA_CA_CERTS ?? '',
				npm_config_cache: path.join(folder, 'cache'),
			},
			true,
		);
		browser = await openBrowser();
		page = await openEditor(browser, n8n.baseUrl);
	});

	afterAll(async () => {
		await browser?.close();
		await n8n?.stop();
		await internet?.stop();
		await registry?.stop();
		await simulator?.stop();
		fs.rmSync(folder, { recursive: true, force: true });
	});

	/** The card of the package, on n8n's page of community nodes. */
	async function openCard() {
		await page.goto(`${n8n.baseUrl}/settings/community-nodes`);
		return page.getByTestId('community-package-card');
	}

	it('installs the package by its name', async () => {
		registry.publish('0.0.1');
		await page.goto(`${n8n.baseUrl}/settings/community-nodes`);
		await page.getByText('Install a community node', { exact: true }).first().click();
		await page.getByPlaceholder('n8n-nodes-chatwork').fill('n8n-nodes-allomia');
		await page.getByText('I understand the risks').click();
		await page.getByTestId('install-community-package-button').click();
		await page.getByText('Package installed').first().waitFor();
		const card = await openCard();
		await card.getByText('0.0.1').waitFor();
	});

	// An older n8n runs npm without the proxy that leads to this registry, and sees no update.
	since('2.0.0').it('updates it while an execution waits', async () => {
		const credential = await createCredential(n8n.session, {
			apiKey: simulator.keys.organization,
			baseUrl: simulator.baseUrl,
		});
		const bench = { n8n, simulator, credential, stop: async () => undefined };
		const workflow = await waitingWorkflow(bench);
		simulator.setPace(3_600_000);
		const id = await workflow.begin([{ phone: '+15145551000' }]);
		await parked(bench, id);

		registry.publish('0.0.2');
		await (await openCard()).getByText('Update', { exact: true }).click();
		await page.getByText('Confirm update').click();
		await page.getByText('Package updated').first().waitFor();
		await (await openCard()).getByText('0.0.2').waitFor();

		const [dial] = simulator.dials;
		await simulator.endCall(dial?.outboundCallId ?? '', 'busy');
		const waited = await waitForEnd(n8n.session, id);
		expect(outputsOf(waited, 'After')[0]).toMatchObject([{ status: 'busy' }]);
		simulator.setPace(200);
		const next = await workflow.run([{ phone: '+15145551001' }]);
		expect(outputsOf(next, 'After')[0]).toMatchObject([{ status: 'completed' }]);
		expect(simulator.dials).toHaveLength(2);
	});
});
