import { DateTime } from 'luxon';
import {
	deactivate,
	listExecutions,
	until,
	waitForEnd,
	type Execution,
} from '../../scripts/lib/workflows';
import { ids } from '../simulator';
import { triggered } from './support/bench';
import { beginAgain, dialledTwice, killAndRestart } from './support/reruns';
import {
	basicAuth,
	formAccount,
	live,
	prepare,
	publish,
	ran,
	readTemplate,
	sendForm,
	submit,
	useTemplateBench,
	type Changes,
} from './support/templates';
import { runByHand } from './support/triggers';
import { since } from './support/version';

const bench = useTemplateBench();

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Calling hours in which it is never too late for a test. */
const always = {
	callingHours: 'custom',
	callingWindows: { window: [{ days: everyDay, from: '00:00', to: '24:00' }] },
};

/** Options of a template's node, with some changed. */
function withOptions(name: string, node: string, change: Record<string, unknown>) {
	const { parameters } = readTemplate(name).nodes.find((it) => it.name === node) ?? {};
	return { options: { ...(parameters?.options as object), ...change } };
}

/** Publishes a template whose services are replaced by nodes that put out what these would have been given. */
const published = async (name: string, changes: Changes = {}) =>
	await publish(bench, prepare(bench, name, live(name, changes)));

describe('published templates', () => {
	/** A list as a spreadsheet saves it. */
	const listOf = (people: Array<Record<string, string>>): [{ file: string; text: string }] => {
		const lines = [Object.keys(people[0] ?? {}), ...people.map((it) => Object.values(it))];
		return [{ file: 'list.csv', text: lines.map((it) => it.join(',')).join('\n') }];
	};

	it('call-a-list: calls three at a time, all of them, and holds up nobody for a wrong number', async () => {
		const people = Array.from({ length: 7 }, (_, index) => ({
			id: `A-${index}`,
			name: `Person ${index}`,
			phone: index === 4 ? 'unknown' : `(514) 555-100${index}`,
		}));
		const options = withOptions('call-a-list', 'Call everybody', { ...always, pollInterval: 1 });
		const id = await published('call-a-list', { parameters: { 'Call everybody': options } });
		const execution = await submit(bench, id, 'allomia-call-a-list', listOf(people));
		const again = await submit(bench, id, 'allomia-call-a-list', listOf(people));
		await deactivate(bench.n8n.session, id);
		expect(execution.status).toBe('success');
		const called = people.filter((_, index) => index !== 4).map(({ name }) => name);
		expect(bench.simulator.dials.map(({ body }) => body.customerName)).toEqual(called);
		expect(bench.simulator.mostInProgress()).toBe(3);
		expect(ran(execution, 'Result').slice(4, 6)).toEqual([
			{
				id: 'A-4',
				name: 'Person 4',
				result: expect.stringContaining('Phone Number') as string,
				seconds: '',
			},
			{ id: 'A-5', name: 'Person 5', result: 'completed', seconds: expect.any(String) as string },
		]);
		const [file] = execution.data.resultData.runData['Results as a file'] ?? [];
		expect(file?.data?.main?.[0]?.[0]?.binary?.data).toMatchObject({ fileName: 'results.csv' });
		// The list is uploaded again.
		expect(ran(again, 'Result').map(({ result }) => result)).toEqual(
			people.map((_, index) =>
				index === 4 ? (expect.stringContaining('Phone Number') as string) : 'already called',
			),
		);
	});

	it('call-a-list: survives a kill while it calls and another while it waits for hours; nobody is called twice', async () => {
		bench.simulator.setPace(1_500);
		const now = DateTime.utc();
		// More than 65 s ahead, so that the Wait node stores the execution; by the clock of the list's zone.
		const opening = now.plus({ seconds: 100 }).startOf('minute').plus({ minutes: 1 });
		const time = (at: DateTime) => at.toFormat('HH:mm');
		const people = Array.from({ length: 14 }, (_, index) => ({
			id: `A-${index}`,
			name: `Person ${index}`,
			phone: `+1514555${2000 + index}`,
			from: time(index % 3 === 2 ? opening : now.minus({ minutes: 30 })),
			to: time(now.plus({ hours: 2 })),
		}));
		const window = { days: everyDay, from: '={{ $json.from }}', to: '={{ $json.to }}' };
		const id = await published('call-a-list', {
			parameters: {
				'Call everybody': withOptions('call-a-list', 'Call everybody', {
					callingHours: 'custom',
					callingWindows: { window: [window] },
					timeZone: 'UTC',
					pollInterval: 1,
					// Who may have been called counts for two minutes: the others go on beside them.
					maxInProgress: 8,
					maxConcurrency: 1,
				}),
			},
		});
		const { n8n, simulator } = bench;
		const match = { path: '/outbound', method: 'POST' };
		simulator.fault({ kind: 'slow', delayMs: 400, match, times: 4 });
		const executionId = await sendForm(bench, id, 'allomia-call-a-list', listOf(people));
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

	/** Publishes try-again with a webhook in place of the schedule and of the sheet. */
	async function publishTryAgain(options: object, wait: object = {}) {
		const name = 'try-again';
		return await published(name, {
			nodes: {
				'Every working day at 10:00': {
					type: 'n8n-nodes-base.webhook',
					typeVersion: 2,
					parameters: { httpMethod: 'POST', path: name, responseMode: 'onReceived', options: {} },
				},
				'To be called': {
					type: 'n8n-nodes-base.splitOut',
					typeVersion: 1,
					parameters: { fieldToSplitOut: 'body.people', options: {} },
				},
			},
			parameters: {
				'Call the patient': withOptions(name, 'Call the patient', { ...always, ...options }),
				'Three hours': { unit: 'seconds', amount: 1, ...wait },
			},
		});
	}

	/** Begins it with people to call; the execution's ID. */
	async function tryAgain(id: string, people: object[]): Promise<string> {
		const { session, baseUrl } = bench.n8n;
		const known = new Set((await listExecutions(session, id)).map((it) => it.id));
		await until('the webhook to be there', async () => {
			const body = JSON.stringify({ people });
			const headers = { 'content-type': 'application/json' };
			const url = `${baseUrl}/webhook/try-again`;
			return (await fetch(url, { method: 'POST', headers, body })).status === 200;
		});
		return await until('the execution', async () => {
			return (await listExecutions(session, id)).find((it) => !known.has(it.id))?.id;
		});
	}

	async function triedAgain(people: object[]): Promise<Execution> {
		const id = await publishTryAgain({});
		const execution = await waitForEnd(bench.n8n.session, await tryAgain(id, people), 120_000);
		await deactivate(bench.n8n.session, id);
		return execution;
	}

	const patient = (phone: string, appointmentId = 'A-1042', row_number = 2) => ({
		appointmentId,
		phone,
		name: 'John Doe',
		row_number,
	});

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
			const id = await publishTryAgain(
				{
					callingWindows: {
						window: [
							window(now.minus({ hours: 1 }), closing),
							window(opening, opening.plus({ hours: 2 })),
						],
					},
					timeZone: 'UTC',
				},
				{ amount: `={{ $json.metadata.attempt === 1 ? ${seconds} : 1 }}` },
			);
			const { n8n, simulator } = bench;
			const people = [patient('+15145550003'), patient('+15145551000', 'A-1043', 3)];
			const executionId = await tryAgain(id, people);
			await until(
				'the second attempt to be put off',
				async () => {
					const all = await listExecutions(n8n.session, id);
					const found = all.find((it) => it.id === executionId);
					return found?.status === 'waiting' && Date.now() > closing.toMillis() + 3_000;
				},
				120_000,
			);
			expect(simulator.dials).toHaveLength(2);
			await killAndRestart(bench, [id]);
			const execution = await waitForEnd(n8n.session, executionId, 240_000);
			expect(execution.status).toBe('success');
			expect(simulator.dials.map(({ body }) => body.phoneNumber)).toEqual([
				'+15145550003',
				'+15145551000',
				'+15145550003',
				'+15145550003',
			]);
			expect(simulator.dials[1]?.at).toBeLessThan(closing.toMillis());
			expect(simulator.dials[2]?.at).toBeGreaterThanOrEqual(opening.toMillis());
			expect(ran(execution, 'Answered')).toHaveLength(1);
			expect(ran(execution, 'Write it into the sheet')).toEqual([
				{ appointmentId: 'A-1043', status: 'answered' },
			]);
			expect(ran(execution, 'Send a text message')).toMatchObject([{ to: '+15145550003' }]);
			expect(ran(execution, 'Write that nobody answered')).toEqual([
				{ appointmentId: 'A-1042', status: 'not reached, text message sent' },
			]);
			// It is started again.
			const second = await waitForEnd(n8n.session, await tryAgain(id, people), 120_000);
			await deactivate(n8n.session, id);
			const status = expect.stringContaining('called in an earlier run') as string;
			expect(ran(second, 'Write it into the sheet')).toEqual([
				{ appointmentId: 'A-1042', status },
				{ appointmentId: 'A-1043', status },
			]);
			expect(simulator.dials).toHaveLength(4);
		},
		480_000,
	);

	since('2.39.0').it.each([
		['a wrong number', 'unknown', 'Phone Number'],
		['a call that may have been placed', '+15145550016', 'Unexpected response'],
	])('try-again: writes down %s', async (_, phone, message) => {
		const execution = await triedAgain([patient(phone), patient('+15145551000', 'A-1', 3)]);
		expect(execution.status).toBe('success');
		expect(ran(execution, 'Write it into the sheet')).toEqual(
			expect.arrayContaining([
				{ appointmentId: `A-1042`, status: expect.stringContaining(message) as string },
				{ appointmentId: 'A-1', status: 'answered' },
			]),
		);
	});

	since('2.39.0').it(
		'after-the-call: saves what was said, once the log has it, and leaves other results alone',
		async () => {
			bench.simulator.setLogLag(2_000);
			const id = await published('after-the-call');
			const path = 'allomia-after-the-call';
			await submit(bench, id, path, ['A-1041', 'Jane Roe', '+15145550003']);
			await submit(bench, id, path, ['A-1042', 'John Doe', '+15145550027']);
			const [execution] = await triggered(bench, id, 1);
			await deactivate(bench.n8n.session, id);
			expect(execution?.status).toBe('success');
			expect(ran(execution, 'Save')).toEqual([
				expect.objectContaining({
					appointmentId: 'A-1042',
					callId: ran(execution, 'What was said')[0]?.id,
					intent: 'confirm_appointment',
					summary: 'The appointment was confirmed.',
					transcript: expect.stringContaining('this is John Doe') as string,
				}),
			]);
			expect(bench.simulator.callbacks).toHaveLength(2);
		},
	);

	since('2.39.0').it(
		'no-result-lost: adds results to the rows of their calls, and looks up those that never came',
		async () => {
			bench.simulator.setPace(1_000);
			const id = await published('no-result-lost', { unpin: () => true });
			const path = 'allomia-no-result-lost';
			await submit(bench, id, path, ['A-1', 'John Doe', '+15145551000']);
			await submit(bench, id, path, ['A-2', 'Jane Roe', '+15145550023']);
			const [added] = await triggered(bench, id, 1);
			expect(ran(added, 'Add the result')).toMatchObject([
				{ appointmentId: 'A-1', phone: '+15145551000', status: 'completed', duration: 1 },
			]);
			await until('the other call to end', () =>
				[...bench.simulator.dials].every(({ at }) => Date.now() > at + 1_500),
			);
			const late = await runByHand(bench, id, 'Every 15 minutes');
			expect(ran(late, 'Add the late result')).toMatchObject([
				{ appointmentId: 'A-2', phone: '+15145550023', status: 'completed' },
			]);
			const again = await runByHand(bench, id, 'Every 15 minutes');
			expect(ran(again, 'Calls without a result')).toEqual([]);
			await deactivate(bench.n8n.session, id);
		},
	);

	it('outcomes-page: shows the calls of today to whoever signs in, and nothing to anybody else', async () => {
		const { session, baseUrl } = bench.n8n;
		const id = await published('outcomes-page');
		const open = async (password: string) => {
			const authorization = basicAuth({ ...formAccount, password });
			const answer = await fetch(`${baseUrl}/webhook/allomia-today`, {
				headers: { authorization },
			});
			return {
				status: answer.status,
				type: answer.headers.get('content-type'),
				text: await answer.text(),
			};
		};
		// An older n8n answers 403.
		expect([401, 403]).toContain((await open('guessed')).status);
		expect(await open('secret')).toMatchObject({
			status: 200,
			text: expect.stringContaining(': 0 calls') as string,
		});
		const today = DateTime.now().setZone('America/Toronto').startOf('day');
		const add = (
			userPrimaryIntent: string,
			callDurationSeconds: string,
			callOutcome: string | null,
		) =>
			bench.simulator.addCall({
				organizationId: ids.organizationId,
				callStartedAt:
					today
						.plus({ seconds: Number(callDurationSeconds) })
						.toUTC()
						.toISO() ?? '',
				userPrimaryIntent,
				callDurationSeconds,
				callOutcome,
			});
		add('confirm_appointment', '20', 'appointment_confirmed');
		add('confirm_appointment', '90', 'appointment_confirmed');
		add('<script>alert(1)</script>', '200', null);
		const { text, type } = await open('secret');
		await deactivate(session, id);
		expect(type).toContain('text/html');
		expect(text).toContain(': 3 calls');
		const rows = [...text.matchAll(/<th>(.*?)<\/th>.*?<td>(\d+)<\/td>/g)].map(([, name, count]) => [
			name,
			count,
		]);
		expect(rows).toEqual([
			['appointment_confirmed', '2'],
			['customer-ended-call', '1'],
			['over 2 min', '1'],
			['30 s to 2 min', '1'],
			['under 30 s', '1'],
			['confirm_appointment', '2'],
			[' script alert 1   script ', '1'],
		]);
	});

	it('daily-report: reports the calls of yesterday, and a day without', async () => {
		const id = await published('daily-report');
		const report = async () => {
			const execution = await runByHand(bench, id, 'Every morning');
			expect(execution.status).toBe('success');
			expect(ran(execution, 'Send the report')).toHaveLength(1);
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
