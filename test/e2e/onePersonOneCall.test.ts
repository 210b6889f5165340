import {
	listExecutions,
	outputsOf,
	until,
	waitForEnd,
	type Execution,
} from '../../scripts/lib/workflows';
import { activeWorkflow, startBench, type Bench } from './support/bench';
import { alloMia } from './support/nodes';

let bench: Bench;

beforeAll(async () => {
	bench = await startBench();
});

afterAll(async () => {
	await bench?.stop();
});

beforeEach(() => {
	bench.simulator.reset();
});

const phones = (count: number) =>
	Array.from({ length: count }, (_, index) => ({ phone: `+1514555${1000 + index}` }));

/** How often each number was dialled. */
function dialsPerNumber(): Map<string, number> {
	const counts = new Map<string, number>();
	for (const { body } of bench.simulator.dials) {
		counts.set(body.phoneNumber, (counts.get(body.phoneNumber) ?? 0) + 1);
	}
	return counts;
}

/** Runs an execution again from the list, as the editor's "Retry" does. */
async function runAgain(workflowId: string, executionId: string): Promise<Execution> {
	const { session } = bench.n8n;
	await session.call('POST', `/rest/executions/${executionId}/retry`, { loadWorkflow: false });
	const again = await until('the re-run to appear', async () => {
		const list = await listExecutions(session, workflowId);
		return list.find(({ mode, id }) => mode === 'retry' && Number(id) > Number(executionId))?.id;
	});
	return await waitForEnd(session, again);
}

async function slowCalls(parameters: Record<string, unknown> = {}) {
	bench.simulator.fault({ kind: 'slow', delayMs: 100, times: 1000, match: { method: 'POST' } });
	return await activeWorkflow(bench, [
		alloMia(
			bench.credential,
			{ phoneNumber: '={{ $json.phone }}', options: { maxConcurrency: 5 }, ...parameters },
			{ onError: 'continueRegularOutput' },
		),
	]);
}

describe('one person, one call', () => {
	it.each([1, 2, 3])(
		'rings nobody twice after n8n was killed in the middle and the execution run again (%i)',
		async (round) => {
			const workflow = await slowCalls();
			const count = 60;
			const id = await workflow.begin(phones(count));
			await until(
				'some calls',
				() => bench.simulator.dials.length >= round * 12 && true,
				20_000,
				5,
			);
			await bench.n8n.halt('SIGKILL');
			const before = bench.simulator.dials.length;
			expect(before).toBeLessThan(count);
			await bench.n8n.launch();
			await until('n8n to notice the crash', async () => {
				const list = await listExecutions(bench.n8n.session, workflow.id);
				const status = list.find((it) => it.id === id)?.status;
				return status === 'crashed' || status === 'error';
			});
			const again = await runAgain(workflow.id, id);
			const [items = []] = outputsOf(again, 'AlloMia');
			expect(items).toHaveLength(count);
			expect([...dialsPerNumber().values()].filter((times) => times > 1)).toEqual([]);

			const uncertain = items.filter(({ error }) => error !== undefined);
			for (const { message } of uncertain) {
				expect(message).toContain('may have been placed');
			}
			// Everybody who was called before is accounted for, and few who were not.
			expect(uncertain.length).toBeGreaterThanOrEqual(before);
			expect(uncertain.length - before).toBeLessThanOrEqual(5);
			expect(bench.simulator.dials.length).toBe(before + count - uncertain.length);
		},
	);

	it('gives out the recorded answer when a failed execution is run again', async () => {
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, {
				phoneNumber: '={{ $json.phone }}',
				options: { maxConcurrency: 1 },
			}),
		]);
		bench.simulator.fault({
			kind: 'status',
			status: 400,
			body: { error: 'Invalid request data', details: [] },
			times: 1,
			match: { method: 'POST', number: '+15145551001' },
		});
		const failed = await workflow.run(phones(3));
		expect(failed.status).toBe('error');
		const [first] = bench.simulator.dials;
		const again = await runAgain(workflow.id, failed.id);
		expect(again.status).toBe('success');
		expect(outputsOf(again, 'AlloMia')[0]?.[0]?.outboundCallId).toBe(first?.outboundCallId);
		expect([...dialsPerNumber().values()]).toEqual([1, 1, 1]);
	});

	it('calls the same number twice where it is twice in the list: that is no retry', async () => {
		const workflow = await activeWorkflow(bench, [
			alloMia(bench.credential, { phoneNumber: '={{ $json.phone }}' }),
		]);
		await workflow.run([...phones(1), ...phones(1)]);
		await workflow.run(phones(1));
		expect(bench.simulator.dials).toHaveLength(3);
	});
});
