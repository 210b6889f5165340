import type { Browser, Page } from 'playwright-core';
import { startBench, type Bench } from '../../e2e/support/bench';
import { withEditor } from '../../e2e/support/instance';
import { openBrowser, openEditor } from './browser';

/**
 * A running n8n, and its editor in a browser, for the tests of a suite.
 * @param ready receives them before the first test
 */
export function useEditor(ready: (bench: Bench, page: Page) => Promise<void> | void): void {
	let bench: Bench | undefined;
	let browser: Browser | undefined;

	beforeAll(async () => {
		bench = await startBench(withEditor);
		browser = await openBrowser();
		await ready(bench, await openEditor(browser, bench.n8n.baseUrl));
	});

	afterAll(async () => {
		await browser?.close();
		await bench?.stop();
	});

	beforeEach(() => {
		bench?.simulator.reset();
	});
}
