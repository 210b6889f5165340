import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { projectRoot } from '../../scripts/lib/paths';
import {
	createCredential,
	createWorkflow,
	listExecutions,
	waitForEnd,
	until,
	type WorkflowDefinition,
} from '../../scripts/lib/workflows';
import type { Bench } from '../e2e/support/bench';
import { describeIfComplete } from '../e2e/support/missing';
import { alloMia, connect, manualTrigger, noOp } from '../e2e/support/nodes';
import { alwaysCalling, prepare, templateNames } from '../e2e/support/templates';
import { since } from '../e2e/support/version';
import { ids } from '../simulator';
import { useEditor } from './support/editorBench';

/** What a picture shows: a part of the page. */
type Clip = Pick<Locator, 'screenshot'>;

interface Box {
	getBoundingClientRect(): { x: number; y: number; width: number; height: number };
}

/** In bytes. */
const largest = 150_000;

/** The pictures of README and of the templates. `npm run screenshots` takes them anew; a test run only checks them. */
describeIfComplete('editor')('pictures', () => {
	const isKept = process.env.ALLOMIA_SCREENSHOTS === '1';
	let bench: Bench;
	let page: Page;

	useEditor(async (started, opened) => {
		[bench, page] = [started, opened];
		bench.credential = await createCredential(bench.n8n.session, {
			name: 'AlloMia account',
			apiKey: bench.simulator.keys.organization,
			baseUrl: bench.simulator.baseUrl,
			organizationId: ids.organizationId,
		});
	});

	/** Takes a picture in light and in dark, or without `npm run screenshots` checks that it can be taken, and is there. */
	async function take(name: string, what: Clip) {
		for (const colorScheme of ['light', 'dark'] as const) {
			await page.emulateMedia({ colorScheme });
			const file = path.join(
				projectRoot,
				'docs/images',
				`${name}${colorScheme === 'dark' ? '-dark' : ''}.png`,
			);
			mkdirSync(path.dirname(file), { recursive: true });
			const image = await what.screenshot({
				animations: 'disabled',
				...(isKept ? { path: file } : {}),
			});
			for (const size of [image.length, statSync(file).size]) {
				expect(size).toBeGreaterThan(5_000);
				expect(size).toBeLessThan(largest);
			}
		}
		await page.emulateMedia({ colorScheme: 'light' });
	}

	async function open(definition: Omit<WorkflowDefinition, 'name'>, nodeId?: string) {
		const { id } = await createWorkflow(bench.n8n.session, { name: 'Picture', ...definition });
		await page.goto(`${bench.n8n.baseUrl}/workflow/${id}${nodeId ? `/${nodeId}` : ''}`);
		return id;
	}

	/** All nodes of a workflow, without the editor's buttons around them. */
	async function canvas(): Promise<Clip> {
		await page.getByTestId('canvas-node-output-handle').first().waitFor();
		await hide('.el-notification, .vue-flow__panel, [data-test-id=execute-workflow-button]');
		await page.keyboard.press('1');
		const boxes = async () =>
			await page.locator('.vue-flow__node').evaluateAll((nodes) =>
				(nodes as unknown as Box[]).map((node) => {
					const { x, y, width, height } = node.getBoundingClientRect();
					return { x, y, width, height };
				}),
			);
		let last = '';
		await until('the canvas to rest', async () => {
			const now = JSON.stringify(await boxes());
			const isSame = now === last;
			last = now;
			return isSame;
		});
		const all = await boxes();
		const [left, top] = [Math.min(...all.map(({ x }) => x)), Math.min(...all.map(({ y }) => y))];
		const right = Math.max(...all.map(({ x, width }) => x + width));
		const bottom = Math.max(...all.map(({ y, height }) => y + height));
		const [width, height] = [right - left + 110, bottom - top + 60];
		const clip = { x: Math.max(0, left - 64), y: Math.max(0, top - 20), width, height };
		return { screenshot: async (options) => await page.screenshot({ ...options, clip }) };
	}

	const hide = async (what: string) =>
		await page.addStyleTag({ content: `${what} { display: none !important }` });

	const call = (phoneNumber: string, options = {}) => ({
		...alloMia(bench.credential, { operation: 'createAndWait', phoneNumber, options }),
		position: [300, 300] as [number, number],
	});
	const start = () => ({
		...manualTrigger(),
		name: 'Start',
		position: [60, 300] as [number, number],
	});

	since('2.39.0').it('show the outputs of a call on the canvas', async () => {
		await page.setViewportSize({ width: 1100, height: 700 });
		const [first, calling] = [start(), call('={{ $json.phone }}', { outputPerStatus: true })];
		const branches = [
			'What was said?',
			'Try again',
			'Try again soon',
			'Tell the desk',
			'Look it up',
		];
		const next = branches.map((name, index) => ({
			...noOp(name),
			position: [640, 40 + index * 130] as [number, number],
		}));
		await open({
			nodes: [first, calling, ...next],
			connections: {
				...connect(first.name, calling.name),
				[calling.name]: { main: branches.map((node) => [{ node, type: 'main', index: 0 }]) },
			},
		});
		await take('canvas', await canvas());
	});

	since('2.39.0').it('show the panel, with the result of a call', async () => {
		await page.setViewportSize({ width: 1300, height: 800 });
		bench.simulator.setPace(3_000);
		const [first, calling] = [start(), call('+15145550100')];
		const nodes = [first, calling];
		await open({ nodes, connections: connect(first.name, calling.name) }, calling.id);
		await page.getByTestId('node-execute-button').click();
		await page.getByTestId('output-panel').getByText('customer-ended-call').first().waitFor();
		await page.getByTestId('output-panel').getByText('Schema', { exact: true }).click();
		await page.getByTestId('output-panel').getByText('endedReason').first().waitFor();
		await hide('.el-notification');
		await take('panel', page.getByTestId('ndv'));
	});

	since('2.39.0').it('show what the list of nodes has for a phone call', async () => {
		await page.setViewportSize({ width: 1100, height: 800 });
		await open({ nodes: [start()], connections: {} });
		await page.getByTestId('canvas-node-output-handle').first().waitFor();
		await page.getByTestId('node-creator-plus-button').click();
		await page.getByTestId('node-creator-search-bar').fill('phone call');
		await page.getByTestId('node-creator').getByText('AlloMia', { exact: true }).first().click();
		await page.getByTestId('node-creator').getByText('Place a call', { exact: true }).waitFor();
		await take('creator', page.getByTestId('node-creator'));
	});

	since('2.39.0').it.each(templateNames)(
		'show the template %s, after a run with its sample data',
		async (name) => {
			await page.setViewportSize({ width: 1500, height: 760 });
			const id = await open(prepare(bench, name, alwaysCalling(name)));
			await page.getByTestId('execute-workflow-button').first().click();
			const execution = await until('the execution', async () => {
				return (await listExecutions(bench.n8n.session, id))[0]?.id;
			});
			const { status } = await waitForEnd(bench.n8n.session, execution, 60_000);
			expect(status).toBe('success');
			await page.getByText('Workflow executed successfully').first().waitFor();
			await take(`templates/${name}`, await canvas());
		},
	);
});
