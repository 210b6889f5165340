import { DateTime } from 'luxon';
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
import { ids } from '../simulator';
import { triggered, useBench } from './support/bench';
import { runByHand } from './support/triggers';
import { since } from './support/version';

const folder = path.join(__dirname, '..', '..', 'examples');

const bench = useBench();

/** Imports an example, and chooses the credential as its note says; the workflow's id. */
async function importExample(
	name: string,
	change: Record<string, Record<string, unknown>> = {},
): Promise<string> {
	const file = fs.readFileSync(path.join(folder, `${name}.json`), 'utf8');
	const example = JSON.parse(file) as WorkflowDefinition;
	const nodes = example.nodes.map((node) => ({
		...node,
		...(node.credentials ? { credentials: { alloMiaApi: bench.credential } } : {}),
		parameters: { ...node.parameters, ...change[node.name] },
	}));
	const { id } = await createWorkflow(bench.n8n.session, { ...example, nodes });
	await activate(bench.n8n.session, id);
	return id;
}

/** Posts to the webhook of an imported example, one by one; the executions. */
async function postTo(name: string, id: string, bodies: object[]): Promise<Execution[]> {
	const { session, baseUrl } = bench.n8n;
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
	for (const body of bodies) executions.push(await post(body));
	return executions;
}

/** Imports an example and posts to its webhook. */
async function runExample(
	name: string,
	bodies: object[],
	change: Record<string, Record<string, unknown>> = {},
): Promise<Execution[]> {
	const id = await importExample(name, change);
	try {
		return await postTo(name, id, bodies);
	} finally {
		await deactivate(bench.n8n.session, id);
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
		expect(files.sort()).toEqual([
			'after-the-call',
			'call-a-list',
			'call-and-branch',
			'daily-report',
			'try-again',
		]);
	});

	since('2.39.0').it.each([
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

	since('2.39.0').it(
		'call-and-branch: does not call again for an appointment that is posted twice, nor without one',
		async () => {
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
		},
	);

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

	since('2.39.0').it('try-again: calls three times where nobody answers, and no more', async () => {
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

	it('after-the-call: tells what was said, once the log has it, and leaves other outcomes alone', async () => {
		bench.simulator.setLogLag(2_000);
		const id = await importExample('after-the-call');
		await postTo('after-the-call', id, [appointment('+15145550003'), appointment('+15145550027')]);
		const [execution] = await triggered(bench, id, 1);
		await deactivate(bench.n8n.session, id);
		expect(execution?.status).toBe('success');
		expect(ran(execution, 'Summary')).toEqual([
			{
				appointmentId: 'A-1042',
				callId: ran(execution, 'What was said')[0]?.id,
				intent: 'confirm_appointment',
				summary: 'The appointment was confirmed.',
				transcript: expect.stringContaining('this is John Doe') as string,
			},
		]);
		expect(bench.simulator.callbacks).toHaveLength(2);
	});

	it('daily-report: reports the calls of yesterday, and a day without', async () => {
		const id = await importExample('daily-report');
		const report = async () => {
			const execution = await runByHand(bench, id, 'Every morning');
			expect(execution.status).toBe('success');
			return ran(execution, 'Report');
		};
		const yesterday = DateTime.now().setZone('America/Toronto').minus({ days: 1 }).startOf('day');
		const day = yesterday.toISODate();
		expect(await report()).toEqual([{ day, calls: 0, minutes: 0, text: 'No calls.' }]);

		const add = (at: DateTime, agentName: string) =>
			bench.simulator.addCall({
				organizationId: ids.organizationId,
				callStartedAt: at.toUTC().toISO() ?? '',
				callType: 'Inbound',
				callDurationSeconds: '90',
				userPhoneNumber: '+15145551234',
				agentName,
			});
		add(yesterday.plus({ hours: 15, minutes: 5 }), 'Reception');
		add(yesterday, 'Midnight');
		add(yesterday.minus({ seconds: 1 }), 'The day before');
		add(yesterday.plus({ days: 1 }), 'Today');
		expect(await report()).toEqual([
			{
				day,
				calls: 2,
				minutes: 3,
				text: [
					'00:00 Inbound, +15145551234, Midnight, 90 s',
					'15:05 Inbound, +15145551234, Reception, 90 s',
				].join('\n'),
			},
		]);
		await deactivate(bench.n8n.session, id);
	});
});
