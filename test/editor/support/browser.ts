import { chromium, selectors, type Browser, type Page } from 'playwright-core';
import { owner } from '../../../scripts/lib/n8n';
import { findBrowser } from '../../../scripts/lib/services';

/** A headless Chromium that looks nothing up by itself. */
export async function openBrowser(): Promise<Browser> {
	selectors.setTestIdAttribute('data-test-id');
	return await chromium.launch({
		executablePath: findBrowser(),
		timeout: 60_000,
		args: [
			// Build servers run as root, for whom Chromium's sandbox does not start.
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
}

/** n8n's editor in a tab of its own, signed in as the owner. */
export async function openEditor(browser: Browser, baseUrl: string): Promise<Page> {
	const context = await browser.newContext({ viewport: { width: 1500, height: 1100 } });
	const page = await context.newPage();
	page.setDefaultTimeout(120_000);
	await page.goto(`${baseUrl}/signin`);
	await page.locator('input[type=email], input[name=emailOrLdapLoginId]').first().fill(owner.email);
	await page.locator('input[type=password]').fill(owner.password);
	await page.locator('button', { hasText: 'Sign in' }).click();
	await page.waitForURL(/\/(home|workflow|projects)/);
	return page;
}
