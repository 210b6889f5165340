import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
	activate,
	createCredential,
	listExecutions,
	outputsOf,
	stopExecution,
	until,
	waitForEnd,
	type Connections,
	type CredentialReference,
	type Execution,
	type WorkflowNode,
} from '../../scripts/lib/workflows';
import { activeWorkflow, type RunningWorkflow } from '../e2e/support/bench';
import { startSimulator, type Simulator } from '../simulator';
import { describeIfComplete } from '../e2e/support/missing';
import { alloMia, alloMiaTrigger, branches, connect, node, noOp } from '../e2e/support/nodes';
import { dialledTwice, runAgain } from '../e2e/support/reruns';
import { callThenLog, isAtLog, jitter, silentLog } from '../e2e/support/waiting';
import { event, manualWorkflow, runByHand } from '../e2e/support/triggers';
import { post } from '../webhooks';
import { since } from '../e2e/support/version';
import { Cluster, workers } from './support/cluster';

describeIfComplete('queue')(
	'queue mode: main, webhook processor and workers in processes of their own',
	() => {
		let cluster: Cluster;
		let simulator: Simulator;
		let credential: CredentialReference;

		beforeAll(async () => {
			simulator = await startSimulator({ pace: 500 });
			cluster = await Cluster.start();
			credential = await createCredential(cluster.session, {
				apiKey: simulator.keys.organization,
				baseUrl: simulator.baseUrl,
			});
		});

		afterAll(async () => {
			await cluster?.stop();
			await simulator?.stop();
		});

		beforeEach(() => {
			simulator.reset();
		});

		const active = async (nodes: WorkflowNode[], connections?: Connections) =>
			await activeWorkflow(cluster, nodes, connections);

		async function ended(workflowId: string, count: number): Promise<Execution[]> {
			const list = await until(
				`${count} executions to end`,
				async () => {
					const all = await listExecutions(cluster.session, workflowId);
					const over = all.filter(({ status }) => status === 'success' || status === 'error');
					return over.length >= count && over;
				},
				180_000,
				200,
			);
			return await Promise.all(list.map(async ({ id }) => await waitForEnd(cluster.session, id)));
		}

		const phones = (...endings: string[]) => endings.map((it) => ({ phone: `+1514555${it}` }));

		it('tests the credential', async () => {
			const result = await cluster.session.call('POST', '/rest/credentials/test', {
				credentials: {
					id: credential.id,
					name: credential.name,
					type: 'alloMiaApi',
					data: { apiKey: simulator.keys.organization, baseUrl: simulator.baseUrl },
				},
			});
			expect(result).toEqual({ status: 'OK', message: 'Connection successful!' });
		});

		it('brings outcomes through the trigger, with metadata', async () => {
			const workflow = await active([
				alloMia(credential, {
					phoneNumber: '={{ $json.phone }}',
					callback: 'trigger',
					options: { metadata: { entry: [{ name: 'phone', value: '={{ $json.phone }}' }] } },
				}),
				alloMiaTrigger(credential),
			]);
			await workflow.send(phones('1000', '0002'));
			const executions = await ended(workflow.id, 3);
			const events = executions.flatMap((it) => outputsOf(it, 'AlloMia Trigger').flat());
			expect(events.map(({ status, metadata }) => [status, metadata])).toEqual(
				expect.arrayContaining([
					['completed', { phone: '+15145551000' }],
					['busy', { phone: '+15145550002' }],
				]),
			);
			expect(simulator.callbacks.map(({ responseBody }) => responseBody)).toEqual([
				'{"received":true}',
				'{"received":true}',
			]);
		});

		it('starts the workflow with a result that comes again where n8n could not the first time', async () => {
			const workflow = await active([
				noOp('End'),
				alloMiaTrigger(credential, { verification: 'none' }),
			]);
			const url = `${cluster.webhookUrl}/webhook/allomia/${workflow.id}`;
			const result = event();
			await cluster.query('ALTER TABLE execution_data RENAME TO execution_data_away');
			const refused = await post(url, result).finally(async () => {
				await cluster.query('ALTER TABLE execution_data_away RENAME TO execution_data');
			});
			expect(refused.status).toBe(500);
			const answers = [await post(url, result), await post(url, result)];
			expect(answers.map(({ body }) => body)).toEqual([
				{ received: true },
				{ received: true, ignored: 'duplicate' },
			]);
			const [execution] = await ended(workflow.id, 1);
			expect(execution && outputsOf(execution, 'AlloMia Trigger')).toEqual([
				[expect.objectContaining({ outboundCallId: result.outboundCallId })],
			]);
		});

		it('keeps to the hours and to a number of calls at once, and lets go when it is stopped', async () => {
			const window = {
				days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
				from: '00:00',
				to: '24:00',
			};
			const caller = alloMia(credential, {
				phoneNumber: '={{ $json.phone }}',
				options: {
					callingHours: 'custom',
					callingWindows: { window: [{ ...window, days: '={{ $json.days }}' }] },
					timeZone: 'UTC',
					maxInProgress: 2,
					pollInterval: 1,
				},
			});
			const behind = ['Called', 'Later'].map((name) => node('n8n-nodes-base.noOp', 1, name, {}));
			const main = behind.map(({ name }) => [{ node: name, type: 'main', index: 0 }]);
			const workflow = await active([caller, ...behind], { AlloMia: { main } });
			const dayAfterTomorrow = ((new Date().getUTCDay() + 1) % 7) as number;
			const later = window.days[dayAfterTomorrow];
			const list = phones('1001', '1002', '1003', '1004', '1005', '1006').map((it, index) => ({
				...it,
				days: index % 3 === 2 ? [later] : window.days,
			}));
			const execution = await workflow.run(list);
			expect(execution.status).toBe('success');
			expect(simulator.mostInProgress()).toBe(2);
			expect(simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(
				list.filter((_, index) => index % 3 !== 2).map(({ phone }) => phone),
			);
			expect(outputsOf(execution, 'Called').flat()).toHaveLength(4);
			expect(outputsOf(execution, 'Later').flat()).toEqual(
				[list[2], list[5]].map((it) => ({ ...it, callAt: expect.anything() as string })),
			);

			simulator.setPace(600_000);
			const endless = await workflow.begin(list.map((it) => ({ ...it, days: window.days })));
			await until('two more calls', () => simulator.dials.length === 6);
			await stopExecution(cluster.session, endless);
			const { status } = await waitForEnd(cluster.session, endless, 15_000);
			expect(status).toBe('canceled');
			expect(simulator.dials).toHaveLength(6);
		});

		it('lets a run by hand, which a worker does, reach the trigger', async () => {
			const [call, trigger] = [
				alloMia(credential, { callback: 'trigger' }),
				alloMiaTrigger(credential),
			];
			const unpublished = false;
			const id = await manualWorkflow(cluster, [call, trigger], unpublished);
			const run = async () => {
				const execution = await runByHand(cluster, id);
				const output = cluster.workerOutputs().join('');
				expect(output).toContain(`Worker started execution ${execution.id} `);
				return execution;
			};

			const refused = await run();
			expect(refused.data.resultData.error?.message).toMatch(/is not listening/);
			expect(simulator.dials).toHaveLength(0);

			await activate(cluster.session, id);
			expect((await run()).status).toBe('success');
			const outcomes = (await ended(id, 3)).flatMap((it) => outputsOf(it, trigger.name).flat());
			expect(outcomes).toEqual([expect.objectContaining({ status: 'completed' })]);
			expect(simulator.dials).toHaveLength(1);
		});

		it('waits for outcomes, which arrive at another process than the one that placed the calls', async () => {
			const workflow = await active([
				alloMia(credential, { operation: 'createAndWait', phoneNumber: '={{ $json.phone }}' }),
			]);
			simulator.setPace(jitter(2000));
			const count = 30;
			for (let index = 0; index < count; index += 1) {
				await workflow.send(phones('1000', '0001', '0003'));
			}
			for (const execution of await ended(workflow.id, count)) {
				expect(outputsOf(execution, 'AlloMia')[0]?.map(({ status }) => status)).toEqual([
					'completed',
					'failed',
					'no-answer',
				]);
			}
			expect(simulator.dials).toHaveLength(3 * count);
			// One that comes before the parking is refused, and its outcome found by a look.
			const answered = simulator.callbacks.map(({ status }) => status);
			expect(answered.filter((status) => status !== 200 && status !== 409)).toEqual([]);
			expect(answered).toContain(200);
		});

		it('goes on with outcomes that arrived at different processes', async () => {
			simulator.setPace(3_600_000);
			const workflow = await active([
				alloMia(credential, { operation: 'createAndWait', phoneNumber: '={{ $json.phone }}' }),
			]);
			await workflow.send(phones('1000', '1001', '1002'));
			await until('the execution to wait', async () => {
				const [execution] = await listExecutions(cluster.session, workflow.id);
				return execution?.status === 'waiting';
			});
			const [first, second, third] = ['1000', '1001', '1002'].map((ending) =>
				simulator.dials.find(({ body }) => body.phoneNumber.endsWith(ending)),
			);
			// The webhook processor gets two of the callbacks, main the one between them.
			await simulator.endCall(first?.outboundCallId ?? '', 'busy');
			simulator.setCallbacks({ copies: 0 });
			await simulator.endCall(second?.outboundCallId ?? '', 'failed');
			const atMain = second?.body.callbackUrl?.replace(cluster.webhookUrl, cluster.mainUrl) ?? '';
			const outcome = event('failed', second?.outboundCallId);
			expect(await post(atMain, outcome)).toEqual({ status: 200, body: { received: true } });
			simulator.setCallbacks({});
			await simulator.endCall(third?.outboundCallId ?? '', 'no-answer');
			const [execution] = await ended(workflow.id, 1);
			expect(execution && outputsOf(execution, 'AlloMia')[0]?.map(({ status }) => status)).toEqual([
				'busy',
				'failed',
				'no-answer',
			]);
		});

		it('calls and waits for those of every output that leads to it', async () => {
			const { node: switching, connections } = branches(3);
			const workflow = await active(
				[
					switching,
					alloMia(credential, { operation: 'createAndWait', phoneNumber: '={{ $json.phone }}' }),
				],
				connections,
			);
			const items = phones('0003', '0002', '0001').map((it, output) => ({ ...it, output }));
			await workflow.send(items);
			const [execution] = await ended(workflow.id, 1);
			const outcomes = [0, 1, 2].map((run) => execution && outputsOf(execution, 'AlloMia', run)[0]);
			expect(outcomes.flatMap((it) => it?.map(({ status }) => status)).sort()).toEqual([
				'busy',
				'failed',
				'no-answer',
			]);
			expect(simulator.dials).toHaveLength(3);
		});

		it('goes on though main was killed while executions were waiting', async () => {
			simulator.setPace(3_600_000);
			const workflow = await active([
				alloMia(credential, { operation: 'createAndWait', phoneNumber: '={{ $json.phone }}' }),
			]);
			const count = 10;
			for (let index = 0; index < count; index += 1) await workflow.send(phones('1000'));
			await until('all to wait', async () => {
				const all = await listExecutions(cluster.session, workflow.id);
				return all.length === count && all.every(({ status }) => status === 'waiting');
			});
			await cluster.kill('main');
			await cluster.start('main');
			await Promise.all(
				simulator.dials.map(
					async ({ outboundCallId }) => await simulator.endCall(outboundCallId, 'completed'),
				),
			);
			for (const execution of await ended(workflow.id, count)) {
				expect(outputsOf(execution, 'AlloMia')[0]?.[0]).toMatchObject({ status: 'completed' });
			}
			expect(simulator.dials).toHaveLength(count);
		});

		it('calls nobody again where the workers were killed in a later node, and the workflow as it is now is run again', async () => {
			const workflow = await active(...callThenLog(credential));
			simulator.setPace(3_600_000);
			await workflow.send(phones('1000', '1001'));
			const id = await until('the execution to wait', async () => {
				const [execution] = await listExecutions(cluster.session, workflow.id);
				return execution?.status === 'waiting' && execution.id;
			});
			simulator.fault(silentLog);
			for (const { outboundCallId } of simulator.dials) {
				await simulator.endCall(outboundCallId, 'busy');
			}
			await until('the next node', () => isAtLog(simulator));
			await cluster.killWorkers();
			simulator.clearFaults();
			await cluster.startWorkers();
			const over = await until(
				'n8n to notice the crash',
				async () => {
					const [execution] = await listExecutions(cluster.session, workflow.id);
					const isOpen = !execution || ['new', 'running', 'waiting'].includes(execution.status);
					return !isOpen && execution;
				},
				120_000,
				500,
			);
			// n8n 1.x has given it to another worker.
			const again =
				over.status === 'success'
					? await waitForEnd(cluster.session, id)
					: await runAgain(cluster, workflow.id, id, true);
			expect(again.status).toBe('success');
			expect(outputsOf(again, 'AlloMia')[0]?.map(({ status }) => status)).toEqual(['busy', 'busy']);
			expect(outputsOf(again, 'Log')[0]).toHaveLength(2);
			expect(simulator.dials).toHaveLength(2);
		});

		/** At any moment: which one it was is in the test's name. */
		const moments = [10 + Math.floor(Math.random() * 190)];

		it.each(moments)(
			'rings nobody twice after both workers were killed at call %i of several lists, and all were run again',
			async (moment) => {
				simulator.fault({ kind: 'slow', delayMs: 100, times: 2000, match: { method: 'POST' } });
				const workflow = await active([
					alloMia(
						credential,
						{ phoneNumber: '={{ $json.phone }}', options: { maxConcurrency: 5 } },
						{ onError: 'continueRegularOutput' },
					),
				]);
				const lists = [2000, 3000, 4000, 5000].map((from) =>
					Array.from({ length: 60 }, (_, index) => `${from + index}`),
				);
				for (const list of lists) await workflow.send(phones(...list));
				await until('some calls', () => simulator.dials.length >= moment, 120_000, 5);
				await cluster.killWorkers();
				const before = simulator.dials.length;
				await cluster.startWorkers();
				const over = await until(
					'n8n to notice the crash',
					async () => {
						const all = await listExecutions(cluster.session, workflow.id);
						const isOpen = all.some(({ status }) => ['new', 'running'].includes(status));
						return !isOpen && all.length === lists.length && all;
					},
					120_000,
					500,
				);
				expect(dialledTwice({ simulator })).toEqual([]);
				// A list may have ended before, or n8n 1.x has given it to another worker.
				const again = await Promise.all(
					over.map(async ({ id, status }) =>
						status === 'success'
							? await waitForEnd(cluster.session, id)
							: await runAgain(cluster, workflow.id, id),
					),
				);
				expect(dialledTwice({ simulator })).toEqual([]);
				const failures = again.flatMap(({ id, status, data }) => {
					const { error } = data.resultData;
					return status === 'success' ? [] : [{ id, status, error: error?.message }];
				});
				expect(failures).toEqual([]);
				// Everybody is accounted for: called now, or named as perhaps called before.
				const items = again.flatMap((it) => outputsOf(it, 'AlloMia').at(-1) ?? []);
				expect(items).toHaveLength(240);
				const answered = items.flatMap(({ outboundCallId }) => outboundCallId ?? []);
				const idsOf = (dials: typeof simulator.dials) => dials.map((it) => it.outboundCallId);
				expect(idsOf(simulator.dials)).toEqual(expect.arrayContaining(answered));
				expect(answered).toEqual(expect.arrayContaining(idsOf(simulator.dials.slice(before))));
				const uncertain = items.flatMap(({ error }) => error ?? []);
				expect(new Set(uncertain)).toEqual(
					new Set(['An earlier attempt at this call was interrupted']),
				);
				expect(uncertain.length + answered.length).toBe(240);
				expect(240 - simulator.dials.length).toBeLessThanOrEqual(20);
			},
		);

		/** The values that the ledger keeps. */
		async function valuesOf(workflowId: string): Promise<unknown[]> {
			const rows = await cluster.query(
				`SELECT value FROM processed_data WHERE "workflowId" = '${workflowId}'`,
			);
			return rows.flatMap(({ value }) => {
				const row = typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
				return (row as { data: unknown[] }).data;
			});
		}

		/** Lets workers collect the garbage of ended executions, until some values are out of n8n's store. */
		async function letGo(workflow: RunningWorkflow, values: unknown[]) {
			let others = 0;
			await until(
				'n8n to let go of executions',
				async () => {
					// A process keeps the last execution until the next one.
					others += 1;
					await workflow.send(phones(`${9000 + others}`));
					cluster.collectGarbage(workers);
					const left = new Set(await valuesOf(workflow.id));
					return !values.some((value) => left.has(value));
				},
				120_000,
				500,
			);
		}

		it('calls nobody again whose results n8n could not store as the execution ended', async () => {
			const call = alloMia(
				credential,
				{ phoneNumber: '={{ $json.phone }}' },
				{ onError: 'continueRegularOutput' },
			);
			const wait = node('n8n-nodes-base.wait', 1.1, 'Wait', {
				amount: '={{ $input.all().length > 1 ? 4 : 1 }}',
				unit: 'seconds',
			});
			const workflow = await active([call, wait], connect(call.name, wait.name));
			const list = phones(...Array.from({ length: 30 }, (_, index) => `${2000 + index}`));
			await workflow.send(list);
			await until('the calls', () => simulator.dials.length === list.length);
			const [execution] = await listExecutions(cluster.session, workflow.id);
			await cluster.query('ALTER TABLE execution_data RENAME TO execution_data_away');
			await until(
				'the execution to end, and n8n to have no table for its results',
				() => cluster.workerOutputs().some((output) => output.includes('"execution_data"')),
				60_000,
			);
			await delay(3_000);
			await cluster.query('ALTER TABLE execution_data_away RENAME TO execution_data');
			await until('n8n to have its database again', async () => {
				return (await fetch(`${cluster.mainUrl}/healthz/readiness`)).ok;
			});
			// As n8n does with executions that it has no job of any more.
			await cluster.query(
				`UPDATE execution_entity SET status = 'crashed', "stoppedAt" = now() WHERE id = ${execution?.id}`,
			);
			// Each process lets go of what it has, once it has run others.
			for (let others = 0; others < 12; others += 1) {
				await workflow.send(phones(`${9000 + others}`));
				cluster.collectGarbage(workers);
				await delay(1_000);
			}
			const items = outputsOf(await runAgain(cluster, workflow.id, execution?.id ?? ''), 'AlloMia');
			expect(dialledTwice({ simulator })).toEqual([]);
			expect(items.at(-1)?.map(({ error }) => error)).toEqual(
				list.map(() => 'An earlier attempt at this call was interrupted'),
			);
		});

		describe('where a webhook processor had handed out lists that are stopped in the editor', () => {
			const lists = [2000, 3000, 4000, 5000].map((from) =>
				phones(...Array.from({ length: 60 }, (_, index) => `${from + index}`)),
			);

			const calling = () =>
				alloMia(
					credential,
					{ phoneNumber: '={{ $json.phone }}', options: { maxConcurrency: 5 } },
					{ onError: 'continueRegularOutput' },
				);

			/** Sends the lists, and stops them once so many people were called. */
			async function stopAfter(workflow: RunningWorkflow, calls: number) {
				for (const list of lists) await workflow.send(list);
				await until(`${calls} calls`, () => simulator.dials.length >= calls, 120_000, 5);
				const { session } = cluster;
				const begun = await listExecutions(session, workflow.id);
				await Promise.all(begun.map(async ({ id }) => await stopExecution(session, id)));
				const ends = await Promise.all(begun.map(async ({ id }) => await waitForEnd(session, id)));
				expect(ends.map(({ status }) => status)).toEqual(lists.map(() => 'canceled'));
				return begun.map(({ id }) => id);
			}

			/** What comes out of the node where they are run again. */
			async function outputsAgain(workflowId: string, executionIds: string[]) {
				const ends = await Promise.all(
					executionIds.map(async (id) => await runAgain(cluster, workflowId, id)),
				);
				return ends.flatMap((it) => outputsOf(it, 'AlloMia').at(-1) ?? []);
			}

			/** Stops them once 40 people were called, and waits until nobody is called any more. */
			async function stopInTheMiddle() {
				simulator.fault({ kind: 'slow', delayMs: 400, times: 2000, match: { method: 'POST' } });
				const workflow = await active([calling()]);
				const stopped = await stopAfter(workflow, 40);
				const called = await until('the calls to end', async () => {
					const { length } = simulator.dials;
					await delay(3_000);
					return simulator.dials.length === length && length;
				});
				return { workflow, stopped, called };
			}

			it('calls nobody any more', async () => {
				expect((await stopInTheMiddle()).called).toBeLessThan(120);
			});

			// To an older n8n they have succeeded, once they have ended: it does not run them again.
			const { it: itWhereRunAgain } = since('2.41.0');

			itWhereRunAgain('calls all others when they are run again', async () => {
				const { workflow, stopped, called } = await stopInTheMiddle();
				const items = await outputsAgain(workflow.id, stopped);
				expect(dialledTwice({ simulator })).toEqual([]);
				expect(simulator.dials).toHaveLength(240);
				expect(items.filter(({ error }) => error !== undefined)).toHaveLength(called);
			});

			itWhereRunAgain('calls nobody twice who is run again at once', async () => {
				simulator.fault({ kind: 'slow', delayMs: 400, times: 2000, match: { method: 'POST' } });
				const workflow = await active([calling()]);
				const items = await outputsAgain(workflow.id, await stopAfter(workflow, 40));
				expect(dialledTwice({ simulator })).toEqual([]);
				// What a process had claimed at that moment.
				expect(simulator.dials.length).toBeGreaterThanOrEqual(220);
				expect(items).toHaveLength(240);
			});

			itWhereRunAgain('calls nobody again whose call had ended, and the list with it', async () => {
				const call = calling();
				// The lists wait behind their calls until all four are stopped; those of one item do not.
				const amount = '={{ $input.all().length > 1 ? 15 : 2 }}';
				const wait = node('n8n-nodes-base.wait', 1.1, 'Wait', { amount, unit: 'seconds' });
				const workflow = await active([call, wait], connect(call.name, wait.name));
				const stopped = await stopAfter(workflow, 240);
				await delay(16_000);
				// n8n lets go of what is over when it needs memory: the marks of another list leave then.
				const before = new Set(await valuesOf(workflow.id));
				await workflow.send(phones(...Array.from({ length: 60 }, (_, index) => `${6000 + index}`)));
				await ended(workflow.id, 1);
				const added = (await valuesOf(workflow.id)).filter((value) => !before.has(value));
				expect(added.length).toBeGreaterThanOrEqual(60);
				await letGo(workflow, added);
				const items = await outputsAgain(workflow.id, stopped);
				expect(dialledTwice({ simulator })).toEqual([]);
				expect(items.filter(({ error }) => error !== undefined)).toHaveLength(240);
			});
		});

		it.each(['create', 'createAndWait'])(
			'calls once per key, whichever worker has the list (%s)',
			async (operation) => {
				simulator.fault({ kind: 'slow', delayMs: 50, times: 2000, match: { method: 'POST' } });
				const workflow = await active([
					alloMia(credential, {
						operation,
						phoneNumber: '={{ $json.phone }}',
						options: { onceKey: '={{ $json.phone }}' },
					}),
				]);
				const list = phones(...Array.from({ length: 30 }, (_, index) => `${2000 + index}`));
				// One by one first: n8n's store knows nothing of this node yet.
				await Promise.all(Array.from({ length: 4 }, () => workflow.send(phones('9000'))));
				await Promise.all([0, 1, 2, 3].map(() => workflow.send(list)));
				const executions = await ended(workflow.id, 8);
				expect(dialledTwice({ simulator })).toEqual([]);
				expect(simulator.dials).toHaveLength(31);
				const items = executions.flatMap((it) => outputsOf(it, 'AlloMia')[0] ?? []);
				const placed = items.filter(({ outboundCallId }) => outboundCallId !== undefined);
				const left = items.filter(({ alreadyCalled }) => alreadyCalled === true);
				expect([placed.length, left.length]).toEqual([31, 4 + 120 - 31]);
				const workers = cluster.workerOutputs().map((it) => it.includes('Worker started'));
				expect(workers).toEqual([true, true]);
			},
		);

		it('tells the keys of two workflows apart, though their nodes have the same ID', async () => {
			const id = randomUUID();
			const copy = async () =>
				await active([
					alloMia(
						credential,
						{ phoneNumber: '={{ $json.phone }}', options: { onceKey: '={{ $json.phone }}' } },
						{ id },
					),
				]);
			const workflows = [await copy(), await copy()];
			const own = ['2001', '2002', '2003', '2004'];
			const others = ['3001', '3002', '3003', '3004'];
			for (const [index, { id: workflowId, send }] of workflows.entries()) {
				const some = index === 0 ? own : others;
				await Promise.all(some.map(async (phone) => await send(phones(phone))));
				await ended(workflowId, some.length);
			}
			await workflows[1]?.send(phones(...own));
			await ended(workflows[1]?.id ?? '', others.length + 1);
			expect(simulator.dials).toHaveLength(12);
		});

		it('goes on, by its keys, with a list whose worker was killed', async () => {
			simulator.fault({ kind: 'slow', delayMs: 100, times: 2000, match: { method: 'POST' } });
			const workflow = await active([
				alloMia(credential, {
					phoneNumber: '={{ $json.phone }}',
					options: { onceKey: '={{ $json.phone }}', maxConcurrency: 5 },
				}),
			]);
			const list = phones(...Array.from({ length: 40 }, (_, index) => `${2000 + index}`));
			await workflow.send(list);
			await until('some calls', () => simulator.dials.length >= 12, 120_000, 5);
			await cluster.killWorkers();
			const before = simulator.dials.length;
			expect(before).toBeLessThan(40);
			await cluster.startWorkers();
			await workflow.send(list);
			const execution = await until(
				'the second list to end',
				async () => {
					const all = await listExecutions(cluster.session, workflow.id);
					return all.find(({ status }) => status === 'success');
				},
				60_000,
				200,
			);
			const { data } = await waitForEnd(cluster.session, execution.id);
			const items = data.resultData.runData.AlloMia?.[0]?.data?.main?.[0] ?? [];
			const left = items.filter(({ json }) => json.alreadyCalled === true).length;
			expect(dialledTwice({ simulator })).toEqual([]);
			expect(left - before).toBeLessThanOrEqual(20);
			expect(simulator.dials).toHaveLength(before + 40 - left);
		});

		describe('while n8n’s database fails, or workers write to it at the same time', () => {
			const calling = async () =>
				await active([
					alloMia(
						credential,
						{
							phoneNumber: '={{ $json.phone }}',
							options: { onceKey: '={{ $json.phone }}', maxConcurrency: 5 },
						},
						{ onError: 'continueRegularOutput' },
					),
				]);
			const list = (from: number, count: number) =>
				phones(...Array.from({ length: count }, (_, index) => `${from + index}`));

			it.each([1, 2, 3])(
				'keeps no key of somebody who was not called, though 200 ms are lost after write %i',
				async (writes) => {
					const workflow = await calling();
					await failAfter(writes, 200);
					try {
						await workflow.send(list(2000, 5));
						await ended(workflow.id, 1);
					} finally {
						await cluster.query('DROP TRIGGER fails ON processed_data');
					}
					const [failing] = await cluster.query('SELECT is_called FROM failing_since');
					expect(failing).toEqual({ is_called: true });
					const before = simulator.dials.length;
					await workflow.send(list(2000, 5));
					const executions = await ended(workflow.id, 2);
					const items = executions.flatMap((it) => outputsOf(it, 'AlloMia')[0] ?? []);
					const told = items.filter(({ error }) => error !== undefined).length;
					expect(dialledTwice({ simulator })).toEqual([]);
					expect(simulator.dials.length + told).toBeGreaterThanOrEqual(5);
					expect(before + told).toBeGreaterThanOrEqual(5);
				},
			);

			it('gives back the keys of 60 refused calls while another list is called', async () => {
				const refused = list(2000, 60);
				for (const { phone } of refused) {
					simulator.fault({ kind: 'status', status: 400, match: { number: phone } });
				}
				const workflow = await calling();
				await Promise.all([workflow.send(refused), workflow.send(list(3000, 60))]);
				await ended(workflow.id, 2);
				expect(simulator.dials).toHaveLength(60);
				simulator.clearFaults();
				await workflow.send(refused);
				await ended(workflow.id, 3);
				expect(dialledTwice({ simulator })).toEqual([]);
				expect(simulator.dials).toHaveLength(120);
			});

			/** After some writes of a node's row, all fail for so many ms. */
			async function failAfter(writes: number, ms: number): Promise<void> {
				await cluster.query(`
					DROP SEQUENCE IF EXISTS row_writes, failing_since;
					CREATE SEQUENCE row_writes;
					CREATE SEQUENCE failing_since;
					CREATE OR REPLACE FUNCTION fail_for_a_while() RETURNS trigger AS $$
					DECLARE
						now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
						since bigint;
					BEGIN
						IF nextval('row_writes') <= ${writes} THEN RETURN NEW; END IF;
						SELECT last_value INTO since FROM failing_since;
						IF since = 1 THEN since := setval('failing_since', now_ms); END IF;
						IF now_ms - since < ${ms} THEN RAISE EXCEPTION 'The database fails'; END IF;
						RETURN NEW;
					END $$ LANGUAGE plpgsql;
					CREATE TRIGGER fails BEFORE INSERT OR UPDATE ON processed_data
						FOR EACH ROW WHEN (NEW.context LIKE 'n:%') EXECUTE FUNCTION fail_for_a_while();`);
			}
		});
	},
);
