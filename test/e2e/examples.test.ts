import fs from 'node:fs';
import path from 'node:path';
import {
	activate,
	createWorkflow,
	deactivate,
	listExecutions,
	outputsOf,
	until,
	waitForEnd,
	type Execution,
	type WorkflowDefinition,
} from '../../scripts/lib/workflows';
import { useBench } from './support/bench';

const folder = path.join(__dirname, '..', '..', 'examples');

const bench = useBench();

/** Imports an example, chooses the credential as its note says, and posts to its webhook, one by one. */
async function runExample(
	name: string,
	bodies: object[],
	change: Record<string, Record<string, unknown>> = {},
): Promise<Execution[]> {
	const { session, baseUrl } = bench.n8n;
	const file = fs.readFileSync(path.join(folder, `${name}.json`), 'utf8');
	const example = JSON.parse(file) as WorkflowDefinition;
	const nodes = example.nodes.map((node) => ({
		...node,
		...(node.credentials ? { credentials: { alloMiaApi: bench.credential } } : {}),
		parameters: { ...node.parameters, ...change[node.name] },
	}));
	const { id } = await createWorkflow(session, { ...example, nodes });
	await activate(session, id);
	const url = `${baseUrl}/webhook/allomia-${name}`;
	const post = async (body: object): Promise<Execution> => {
		const known = new Set((await listExecutions(session, id)).map((it) => it.id));
		await until('the example to be active', async () => {
			const response = await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			});
			return response.status === 200;
		});
		const executionId = await until('the execution', async () => {
			return (await listExecutions(session, id)).find((it) => !known.has(it.id))?.id;
		});
		return await waitForEnd(session, executionId, 90_000);
	};
	const executions: Execution[] = [];
	try {
		for (const body of bodies) executions.push(await post(body));
		return executions;
	} finally {
		await deactivate(session, id);
	}
}

const ran = (execution: Execution | undefined, node: string) =>
	(execution?.data.resultData.runData[node] ?? []).flatMap((_, run) =>
		execution ? outputsOf(execution, node, run).flat() : [],
	);

const appointment = (phone: string) => ({ appointmentId: 'A-1042', phone, name: 'John Doe' });

describe('examples', () => {
	it('are all run here', () => {
		const files = fs.readdirSync(folder).map((file) => path.basename(file, '.json'));
		expect(files.sort()).toEqual(['call-a-list', 'call-and-branch', 'try-again']);
	});

	it.each([
		['+15145551000', 'Confirm the appointment'],
		['+15145550003', 'Send a text message'],
		['+15145550002', 'Call again tomorrow'],
		['+15145550001', 'Tell the front desk'],
	])('call-and-branch: %s leads to "%s"', async (phone, branch) => {
		const [execution] = await runExample('call-and-branch', [appointment(phone)]);
		expect(execution?.status).toBe('success');
		expect(ran(execution, branch)).toEqual([
			expect.objectContaining({ metadata: { phone } }) as unknown,
		]);
		const runs = execution?.data.resultData.runData ?? {};
		expect(Object.keys(runs).sort()).toEqual(['AlloMia', 'Call request', branch].sort());
	});

	it('call-and-branch: does not call again for an appointment that is posted twice, nor without one', async () => {
		const twice = appointment('+15145551000');
		const [, second, third] = await runExample('call-and-branch', [
			twice,
			twice,
			{ ...twice, appointmentId: undefined },
		]);
		expect(ran(second, 'Nothing more to do')).toEqual([
			{ alreadyCalled: true, onceKey: expect.stringContaining('A-1042 on 2') as string },
		]);
		expect(third?.data.resultData.error?.message).toMatch(/Call Once Per.*empty/);
		expect(bench.simulator.dials).toHaveLength(1);
	});

	it('call-a-list: calls three at a time, all of them, and holds up nobody for a wrong number', async () => {
		const people = Array.from({ length: 7 }, (_, index) => ({
			phone: index === 4 ? 'unknown' : `(514) 555-100${index}`,
			name: `Person ${index}`,
		}));
		const [execution] = await runExample('call-a-list', [{ people }]);
		expect(execution?.status).toBe('success');
		expect(bench.simulator.dials.map(({ body }) => body.customerName).sort()).toEqual(
			people.filter((_, index) => index !== 4).map(({ name }) => name),
		);
		expect(execution?.data.resultData.runData.AlloMia).toHaveLength(3);
		expect(ran(execution, 'Could not be called')).toEqual([
			expect.objectContaining({ error: expect.stringContaining('Phone Number') as string }),
		]);
		expect(ran(execution, 'All outcomes')).toHaveLength(6);
	});

	it('try-again: calls three times where nobody answers, and no more', async () => {
		const [execution] = await runExample(
			'try-again',
			[{ phone: '+15145550003', name: 'John Doe' }],
			{ 'Half an hour': { amount: 1, unit: 'seconds' } },
		);
		expect(execution?.status).toBe('success');
		expect(bench.simulator.dials).toHaveLength(3);
		expect(ran(execution, 'Nobody answered')).toEqual([
			expect.objectContaining({
				status: 'no-answer',
				metadata: { phone: '+15145550003', name: 'John Doe', attempt: 3 },
			}),
		]);
	});
});
