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
import { beginAgain, dialledTwice, killAndRestart } from './support/reruns';
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

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Calling hours in which it is never too late for a test. */
const always = {
	callingHours: 'custom',
	callingWindows: { window: [{ days: everyDay, from: '00:00', to: '24:00' }] },
};

/** The AlloMia node's options of an example, with some changed. */
function withOptions(name: string, change: Record<string, unknown>) {
	const file = fs.readFileSync(path.join(folder, `${name}.json`), 'utf8');
	const { nodes } = JSON.parse(file) as WorkflowDefinition;
	const { options } = nodes.find((node) => node.name === 'AlloMia')?.parameters ?? {};
	return { options: { ...(options as object), ...change } };
}

/** Posts to the webhook of an imported example; the execution's id. */
async function beginAt(name: string, id: string, body: object): Promise<string> {
	const { session, baseUrl } = bench.n8n;
	const known = new Set((await listExecutions(session, id)).map((it) => it.id));
	await until('the example to be active', async () => {
		const response = await fetch(`${baseUrl}/webhook/allomia-${name}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return response.status === 200;
	});
	return await until('the execution', async () => {
		return (await listExecutions(session, id)).find((it) => !known.has(it.id))?.id;
	});
}

/** Posts to the webhook of an imported example, one by one; the executions. */
async function postTo(name: string, id: string, bodies: object[]): Promise<Execution[]> {
	const post = async (body: object): Promise<Execution> =>
		await waitForEnd(bench.n8n.session, await beginAt(name, id, body), 90_000);
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

	const looked = ['What was said', 'Outcome'];

	since('2.39.0').it.each<[string, string, string[]]>([
		['+15145551000', 'Confirm the appointment', looked],
		['+15145550028', 'Call again tomorrow', looked],
		['+15145550029', 'Tell the front desk', looked],
		['+15145550003', 'Send a text message', []],
		['+15145550002', 'Call again tomorrow', []],
		['+15145550001', 'Tell the front desk', []],
	])('call-and-branch: %s leads to "%s"', async (phone, branch, through) => {
		const [execution] = await runExample('call-and-branch', [appointment(phone)]);
		expect(execution?.status).toBe('success');
		const known = through.length > 0 ? { userPhoneNumber: phone } : { metadata: { phone } };
		expect(ran(execution, branch)).toEqual([expect.objectContaining(known) as unknown]);
		const runs = execution?.data.resultData.runData ?? {};
		const nodes = ['AlloMia', 'Call request', branch, ...through];
		expect(Object.keys(runs).sort()).toEqual(nodes.sort());
	});

	since('2.39.0').it(
		'call-and-branch: leaves to the front desk what the log does not tell',
		async () => {
			bench.simulator.fault({ kind: 'status', status: 403, times: 99, match: { path: '/calls' } });
			const [execution] = await runExample('call-and-branch', [appointment('+15145551000')]);
			expect(ran(execution, 'Tell the front desk')).toMatchObject([{ error: expect.anything() }]);
			expect(ran(execution, 'Confirm the appointment')).toEqual([]);
		},
	);

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
			appointmentId: `A-${index}`,
			phone: index === 4 ? 'unknown' : `(514) 555-100${index}`,
			name: `Person ${index}`,
		}));
		const change = { AlloMia: withOptions('call-a-list', { ...always, pollInterval: 1 }) };
		const [execution] = await runExample('call-a-list', [{ people }], change);
		expect(execution?.status).toBe('success');
		expect(bench.simulator.dials.map(({ body }) => body.customerName)).toEqual(
			people.filter((_, index) => index !== 4).map(({ name }) => name),
		);
		expect(bench.simulator.mostInProgress()).toBe(3);
		expect(ran(execution, 'Could not be called')).toEqual([
			expect.objectContaining({ error: expect.stringContaining('Phone Number') as string }),
		]);
		expect(ran(execution, 'Results')).toHaveLength(6);
	});

	it('call-a-list: survives a kill while it calls and another while it waits for hours; nobody is called twice', async () => {
		bench.simulator.setPace(1_500);
		const now = DateTime.utc();
		// More than 65 s ahead, so that the Wait node stores the execution; by the clock of the list's zone.
		const opening = now.plus({ seconds: 100 }).startOf('minute').plus({ minutes: 1 });
		const time = (at: DateTime) => at.toFormat('HH:mm');
		const people = Array.from({ length: 14 }, (_, index) => ({
			appointmentId: `A-${index}`,
			phone: `+1514555${2000 + index}`,
			name: `Person ${index}`,
			from: time(index % 3 === 2 ? opening : now.minus({ minutes: 30 })),
			to: time(now.plus({ hours: 2 })),
		}));
		const window = { days: everyDay, from: '={{ $json.from }}', to: '={{ $json.to }}' };
		const id = await importExample('call-a-list', {
			AlloMia: withOptions('call-a-list', {
				callingHours: 'custom',
				callingWindows: { window: [window] },
				timeZone: 'UTC',
				pollInterval: 1,
				// Who may have been called counts for two minutes: the others go on beside them.
				maxInProgress: 8,
				maxConcurrency: 1,
			}),
		});
		const { n8n, simulator } = bench;
		const match = { path: '/outbound', method: 'POST' };
		simulator.fault({ kind: 'slow', delayMs: 400, match, times: 4 });
		const executionId = await beginAt('call-a-list', id, { people });
		await until('some calls', () => simulator.dials.length >= 3, 60_000);
		await killAndRestart(bench, [id]);
		const again = await beginAgain(bench, id, executionId);
		await until(
			'the execution to wait for the hours',
			async () => {
				const all = await listExecutions(n8n.session, id);
				return all.some((it) => it.id === again && it.status === 'waiting');
			},
			60_000,
		);
		const early = simulator.dials.length;
		await killAndRestart(bench, [id]);
		const execution = await waitForEnd(n8n.session, again, 240_000);
		await deactivate(n8n.session, id);
		expect(execution.status).toBe('success');
		expect(dialledTwice(bench)).toEqual([]);
		expect(simulator.mostInProgress()).toBeLessThanOrEqual(8);
		const later = simulator.dials.slice(early);
		expect(later.map(({ body }) => body.customerName)).toEqual(
			people.filter((_, index) => index % 3 === 2).map(({ name }) => name),
		);
		expect(Math.min(...later.map(({ at }) => at))).toBeGreaterThanOrEqual(opening.toMillis());
		// One was under way when it was killed.
		expect(simulator.dials.length).toBeGreaterThanOrEqual(people.length - 1);
	}, 480_000);

	since('2.39.0').it(
		'try-again: calls three times where nobody answers, in the calling hours only, also where n8n restarts',
		async () => {
			const now = DateTime.utc();
			const closing = now.plus({ seconds: 15 }).startOf('minute').plus({ minutes: 1 });
			const opening = closing.plus({ minutes: 2 });
			const window = (from: DateTime, to: DateTime) => ({
				days: everyDay,
				from: from.toFormat('HH:mm'),
				to: to.toFormat('HH:mm'),
			});
			const seconds = Math.ceil(closing.diff(now).as('seconds')) + 1;
			const id = await importExample('try-again', {
				AlloMia: withOptions('try-again', {
					callingHours: 'custom',
					callingWindows: {
						window: [
							window(now.minus({ hours: 1 }), closing),
							window(opening, opening.plus({ hours: 2 })),
						],
					},
					timeZone: 'UTC',
				}),
				'Three hours': {
					amount: `={{ $json.metadata.attempt === 1 ? ${seconds} : 1 }}`,
					unit: 'seconds',
				},
			});
			const { n8n, simulator } = bench;
			const patient = { appointmentId: 'A-1042', phone: '+15145550003', name: 'John Doe' };
			const executionId = await beginAt('try-again', id, patient);
			await until(
				'the second attempt to be put off',
				async () => {
					const all = await listExecutions(n8n.session, id);
					const found = all.find((it) => it.id === executionId);
					return found?.status === 'waiting' && Date.now() > closing.toMillis() + 3_000;
				},
				120_000,
			);
			expect(simulator.dials).toHaveLength(1);
			await killAndRestart(bench, [id]);
			const execution = await waitForEnd(n8n.session, executionId, 240_000);
			expect(execution.status).toBe('success');
			expect(simulator.dials).toHaveLength(3);
			expect(simulator.dials[0]?.at).toBeLessThan(closing.toMillis());
			expect(simulator.dials[1]?.at).toBeGreaterThanOrEqual(opening.toMillis());
			expect(ran(execution, 'Message for the front desk')).toEqual([
				{
					text: 'John Doe (+15145550003, appointment A-1042) could not be reached: no-answer at attempt 3.',
				},
			]);
			// The appointment is posted again.
			const [second] = await postTo('try-again', id, [patient]);
			await deactivate(n8n.session, id);
			expect(ran(second, 'Nothing more to do')).toHaveLength(1);
			expect(simulator.dials).toHaveLength(3);
		},
		480_000,
	);

	since('2.39.0').it.each([
		['a wrong number', 'unknown', 'Phone Number'],
		['a call that may have been placed', '+15145550016', 'Unexpected response'],
	])('try-again: tells the front desk of %s', async (_, phone, message) => {
		const change = { AlloMia: withOptions('try-again', always) };
		const patient = { appointmentId: `A ${phone}`, phone, name: 'John Doe' };
		const [execution] = await runExample('try-again', [patient], change);
		expect(execution?.status).toBe('success');
		const [{ text } = { text: '' }] = ran(execution, 'Message for the front desk');
		expect(text).toContain(`John Doe (${phone}, appointment A ${phone}) could not be reached: `);
		expect(text).toContain(message);
	});

	since('2.39.0').it('try-again: leaves alone who answers', async () => {
		const change = { AlloMia: withOptions('try-again', always) };
		const patient = { appointmentId: 'A-1', phone: '+15145551000', name: 'John Doe' };
		const [execution] = await runExample('try-again', [patient], change);
		expect(ran(execution, 'Answered')).toHaveLength(1);
		expect(bench.simulator.dials).toHaveLength(1);
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
