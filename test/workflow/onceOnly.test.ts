import type { IDataObject } from 'n8n-workflow';
import { call, credential, dialRequests, ending, numbers, rung, simulator, until } from './bench';
import {
	errorOf,
	execute,
	log,
	node,
	output,
	outputJson,
	redeliver,
	retry,
	runOf,
	start,
	store,
	type Execution,
} from './engine';

const good = '+15145551234';
const better = '+15145551235';
const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
const going = { onError: 'continueRegularOutput' } as const;

/** The id of the only call to a number. */
function idOf(number: string): string | undefined {
	return simulator.dials.find(({ body }) => body.phoneNumber === number)?.outboundCallId;
}

describe('Retry On Fail', () => {
	it.each(['0011', '0012', '0013', '0014', '0015', '0016', '0017'])(
		'does not call somebody again after an answer that got lost (%s)',
		async (digits) => {
			const run = await execute({
				parameters: call({ options: { timeout: 300 } }),
				credential,
				items: numbers(ending(digits)),
				settings: retrying,
			});
			expect(run.status).toBe('error');
			expect(errorOf(run).description).toContain('may have been placed');
			expect({ asked: dialRequests(), rang: rung(ending(digits)) }).toEqual({ asked: 1, rang: 1 });
		},
	);

	it('does not call those again who were called before another item failed', async () => {
		const run = await execute({
			parameters: call({ options: { maxConcurrency: 1 } }),
			credential,
			items: numbers(good, ending('0007')),
			settings: retrying,
		});
		expect(run.status).toBe('error');
		expect(rung(good)).toBe(1);
		// What AlloMia refused may be tried again: good, and three times the other.
		expect(dialRequests()).toBe(4);
	});

	it('gives out the first attempt’s answer for those, and calls those that were left', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const run = await execute({
			parameters: call({ options: { maxConcurrency: 1 } }),
			credential,
			items: numbers(good, better, '+15145551236'),
			settings: retrying,
		});
		expect(run.status).toBe('success');
		expect(simulator.dials).toHaveLength(3);
		expect(outputJson(run).map(({ outboundCallId }) => outboundCallId)).toEqual(
			[good, better, '+15145551236'].map(idOf),
		);
	});

	it('calls nobody twice where the node is set to continue as well', async () => {
		const run = await execute({
			parameters: call(),
			credential,
			// n8n tries again where the first item that comes out is an error.
			items: numbers(ending('0016'), good),
			settings: { ...retrying, ...going },
		});
		expect([rung(ending('0016')), rung(good)]).toEqual([1, 1]);
		expect(outputJson(run)).toEqual([
			{
				error: expect.any(String),
				message: expect.stringContaining('may have been placed'),
			},
			expect.objectContaining({ outboundCallId: idOf(good) }),
		]);
	});
});

describe('Retry On Fail where the node is set to continue', () => {
	it('calls nobody again for an item that was refused, which makes n8n try again', async () => {
		const run = await execute({
			parameters: call(),
			credential,
			items: numbers('nonsense', good, better),
			settings: { ...retrying, ...going },
		});
		expect(outputJson(run)[0]?.error).toContain('Phone Number');
		expect([rung(good), rung(better), dialRequests()]).toEqual([1, 1, 2]);
	});
});

describe('Redial On Uncertain', () => {
	const parameters = call({ options: { redialOnUncertain: true } });

	it('dials again in a later attempt, where the user accepts that somebody may be called twice', async () => {
		simulator.fault({ kind: 'reset-after' });
		const run = await execute({
			parameters,
			credential,
			items: numbers(good),
			settings: retrying,
		});
		expect(run.status).toBe('success');
		expect(rung(good)).toBe(2);
	});

	it('never dials again within an attempt', async () => {
		simulator.fault({ kind: 'reset-after' });
		const run = await execute({ parameters, credential, items: numbers(good) });
		expect(run.status).toBe('error');
		expect(rung(good)).toBe(1);
	});

	it('does not call those again who surely were called', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const run = await execute({
			parameters: call({ options: { redialOnUncertain: true, maxConcurrency: 1 } }),
			credential,
			items: numbers(good, better),
			settings: retrying,
		});
		expect(run.status).toBe('success');
		expect([rung(good), rung(better)]).toEqual([1, 1]);
	});
});

describe('a re-run from the list of executions', () => {
	/** Two calls, the second after the first. */
	const oneByOne = () => ({
		parameters: call({ options: { maxConcurrency: 1 } }),
		credential,
		items: numbers(good, better),
	});

	it('does not call those again who were called before the execution failed', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const wanted = oneByOne();
		const failed = await execute(wanted);
		expect(failed.status).toBe('error');
		const again = await retry(wanted, failed.data);
		expect(again.status).toBe('success');
		expect([rung(good), rung(better)]).toEqual([1, 1]);
		expect(outputJson(again).map(({ outboundCallId }) => outboundCallId)).toEqual(
			[good, better].map(idOf),
		);
	});

	it('goes on with the run that failed, though n8n has put one before it that never was', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const wanted = oneByOne();
		const { data } = await execute(wanted);
		const runs = data.resultData.runData.AlloMia ?? [];
		runs.unshift(...runs.map((it) => ({ ...it, error: undefined })));
		const again = await retry(wanted, data);
		expect(outputJson(again, 0, 1).map(({ outboundCallId }) => outboundCallId)).toEqual(
			[good, better].map(idOf),
		);
		expect([rung(good), rung(better)]).toEqual([1, 1]);
	});

	it('calls in the next run of the node as well, where a later node had failed after the first', async () => {
		const wanted = (value: string): Execution => ({
			parameters: call(),
			credential,
			items: numbers(good, better),
			settings: going,
			nodes: [node('Later', 'test.value', { value }), node('Loop', 'test.pass')],
			connections: [
				['Start', 'AlloMia'],
				['AlloMia', 'Later'],
				['Start', 'Loop'],
				['Loop', 'AlloMia'],
			],
		});
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const failed = await execute(wanted("={{ $('Nobody').item }}"));
		expect([failed.status, rung(good), rung(better)]).toEqual(['error', 1, 0]);
		const again = await retry(wanted('fine'), failed.data);
		expect([again.status, rung(good), rung(better)]).toEqual(['success', 2, 1]);
	});

	it('remembers whom a killed process had called, though their turn does not come in it', async () => {
		const wanted = (maxConcurrency: number) => ({
			parameters: call({ options: { maxConcurrency } }),
			credential,
			items: numbers(better, good),
		});
		simulator.fault({ kind: 'status', status: 403, times: 2, match: { number: better } });
		simulator.fault({ kind: 'timeout-after', match: { number: good } });
		const killed = start(wanted(2));
		await until(() => rung(good) === 1);
		const refused = await retry(wanted(1), killed.saved());
		killed.execution.cancel();
		expect(errorOf(refused).message).toBe('Insufficient permissions');
		const again = await retry(wanted(1), refused.data);
		expect(errorOf(again).message).toContain('1 of 2 calls may have been placed');
		expect([rung(better), rung(good)]).toEqual([1, 1]);
	});

	it('does not call somebody again after an answer that got lost', async () => {
		const wanted = { parameters: call(), credential, items: numbers(ending('0014')) };
		const failed = await execute(wanted);
		const again = await retry(wanted, failed.data);
		expect(again.status).toBe('error');
		expect(errorOf(again).description).toContain('may have been placed');
		expect(dialRequests()).toBe(1);
	});

	it('does not call somebody again whom a killed process had called', async () => {
		const silent = ending('0012');
		const wanted = {
			parameters: call({ options: { timeout: 1500 } }),
			credential,
			items: numbers(silent),
			settings: going,
		};
		const killed = start(wanted);
		await until(() => rung(silent) === 1);
		const again = await retry(wanted, killed.saved());
		killed.execution.cancel();
		expect(rung(silent)).toBe(1);
		expect(outputJson(again)[0]?.message).toContain('may have been placed');
	});

	it('does not call those again whom a killed process had called with an answer', async () => {
		const wanted = {
			parameters: call({ options: { timeout: 1500, maxConcurrency: 1 } }),
			credential,
			items: numbers(good, ending('0012'), better),
			settings: going,
		};
		const killed = start(wanted);
		await until(() => rung(ending('0012')) === 1);
		const again = await retry(wanted, killed.saved());
		killed.execution.cancel();
		expect([rung(good), rung(ending('0012'))]).toEqual([1, 1]);
		expect(output(again)).toHaveLength(3);
	});

	it('leaves everybody alone where n8n’s database cannot be read, and the next one asks again', async () => {
		const wanted = {
			parameters: call({ options: { onceKey: 'unread' } }),
			credential,
			items: numbers(good),
		};
		simulator.fault({ kind: 'timeout-after', match: { number: good } });
		const killed = start(wanted);
		await until(() => rung(good) === 1);
		store.broken = true;
		const first = await retry(wanted, killed.saved()).finally(() => (store.broken = false));
		killed.execution.cancel();
		expect(errorOf(first).message).toContain('cannot be determined whether this call was placed');
		const second = await retry(wanted, first.data);
		expect(errorOf(second).message).toBe('An earlier attempt at this call was interrupted');
		expect(rung(good)).toBe(1);
	}, 30_000);
});

describe('items with Call Once Per', () => {
	it('are left alone where n8n’s database does not tell whether their key is free', async () => {
		const wanted = {
			parameters: call({ options: { onceKey: '={{ $json.number }} unknown' } }),
			credential,
			items: numbers(good, better),
			settings: going,
		};
		store.broken = true;
		const first = await execute(wanted).finally(() => (store.broken = false));
		expect(dialRequests()).toBe(0);
		expect(outputJson(first)).toEqual(
			Array(2).fill({
				error: 'The value of Call Once Per could not be saved in n8n’s database',
				message: expect.stringContaining('Nobody was called'),
			}),
		);
		await execute(wanted);
		expect([rung(good), rung(better)]).toEqual([1, 1]);
	}, 30_000);

	it('are left alone by a re-run of a killed run, whatever else it would say to them', async () => {
		const wanted = (customerName: string) => ({
			parameters: call({ customerName, options: { onceKey: '={{ $json.number }}' } }),
			credential,
			items: numbers(good, better),
			settings: going,
		});
		simulator.fault({ kind: 'timeout-after', match: { number: good } });
		const killed = start(wanted('Ann'));
		await until(() => rung(good) === 1);
		const again = await retry(wanted('Anne'), killed.saved());
		killed.execution.cancel();
		expect(rung(good)).toBe(1);
		expect(outputJson(again)[0]?.error).toBe('An earlier attempt at this call was interrupted');
	});

	it('are called by a re-run where AlloMia had refused one of those with the key', async () => {
		const wanted = {
			parameters: call({ options: { onceKey: 'refused', maxConcurrency: 1 } }),
			credential,
			items: numbers(good, better),
		};
		simulator.fault({ kind: 'status', status: 403, match: { number: good } });
		const refused = await execute(wanted);
		expect(errorOf(refused).message).toBe('Insufficient permissions');
		const again = await retry(wanted, refused.data);
		expect(outputJson(again)).toMatchObject([{ status: 'calling' }, { alreadyCalled: true }]);
		expect([rung(good), rung(better)]).toEqual([1, 0]);
	});

	it('are known to be another’s in the re-run of a killed run', async () => {
		const wanted = (...people: Array<[number: string, key: string]>) => ({
			parameters: call({ options: { onceKey: '={{ $json.key }}', maxConcurrency: 1 } }),
			credential,
			items: people.map(([number, key]) => ({ number, key })),
			settings: going,
		});
		await execute(wanted([good, 'another’s']));
		simulator.fault({ kind: 'timeout-after', match: { number: better } });
		const list = wanted([better, 'ours'], [good, 'another’s']);
		const killed = start(list);
		await until(() => rung(better) === 1);
		const again = await retry(list, killed.saved());
		killed.execution.cancel();
		expect(outputJson(again)).toMatchObject([
			{ error: 'An earlier attempt at this call was interrupted' },
			{ alreadyCalled: true },
		]);
	});

	it('are called once for one key by the re-runs of a killed run with Retry Unconfirmed Calls', async () => {
		const other = '+15145551236';
		const keys = ['K', 'K', 'L'];
		const items = numbers(good, better, other).map((item, index) => ({
			...item,
			key: keys[index],
		}));
		const wanted = (options: object) => ({
			parameters: call({ options: { onceKey: '={{ $json.key }}', ...options } }),
			credential,
			items,
		});
		const redial = wanted({ redialOnUncertain: true });
		simulator.fault({ kind: 'timeout-after', match: { number: good } });
		simulator.fault({ kind: 'status', status: 403, times: 99, match: { number: other } });

		const killed = start(wanted({ timeout: 60_000 }));
		await until(() => rung(good) === 1);
		const refused = await retry(redial, killed.saved());
		killed.execution.cancel();
		expect(errorOf(refused).message).toBe('Insufficient permissions');
		expect([rung(good), rung(better), rung(other)]).toEqual([2, 0, 0]);

		simulator.clearFaults();
		const again = await retry(redial, refused.data);
		expect(again.status).toBe('success');
		expect([rung(good), rung(better), rung(other)]).toEqual([2, 0, 1]);
		expect(outputJson(again)[1]).toEqual({ alreadyCalled: true, onceKey: 'K' });
	});
});

describe('a job of queue mode that is delivered twice', () => {
	it('does not call those again whom its first worker had called', async () => {
		const wanted = {
			parameters: call({ options: { timeout: 1500, maxConcurrency: 1 } }),
			credential,
			items: numbers(good, ending('0012')),
			settings: going,
			onWorker: true,
		};
		const first = start(wanted);
		await until(() => rung(ending('0012')) === 1);
		const again = await redeliver(wanted, first);
		first.execution.cancel();
		expect([rung(good), rung(ending('0012'))]).toEqual([1, 1]);
		expect(output(again)).toHaveLength(2);
		expect(outputJson(again)[1]?.message).toContain('may have been placed');
	});
});

describe('where n8n’s database cannot be written', () => {
	beforeEach(() => {
		store.broken = true;
		log.length = 0;
	});
	afterEach(() => (store.broken = false));

	it('calls are placed all the same, and Retry On Fail still calls nobody twice', async () => {
		simulator.fault({ kind: 'status', status: 403, match: { number: better } });
		const run = await execute({
			parameters: call({ options: { maxConcurrency: 1 } }),
			credential,
			items: numbers(good, better),
			settings: retrying,
		});
		expect(run.status).toBe('success');
		expect([rung(good), rung(better)]).toEqual([1, 1]);
		const [warning = ''] = log.filter((it) => it.includes('ledger could not be written'));
		expect(warning).toContain('SQLITE_BUSY');
	});
});

describe('what is no retry', () => {
	it('calls the same number twice where it is twice in the list', async () => {
		const run = await execute({
			parameters: call(),
			credential,
			items: numbers(good, good),
			settings: retrying,
		});
		expect(run.status).toBe('success');
		expect(rung(good)).toBe(2);
		expect(new Set(outputJson(run).map(({ outboundCallId }) => outboundCallId)).size).toBe(2);
	});

	it('calls again in another run of the node within one execution, as loops do', async () => {
		const run = await execute({
			parameters: call(),
			credential,
			items: numbers(good),
			nodes: [node('Loop', 'test.pass')],
			connections: [
				['Start', 'AlloMia'],
				['Start', 'Loop'],
				['Loop', 'AlloMia'],
			],
		});
		expect(run.status).toBe('success');
		expect(rung(good)).toBe(2);
		const ids = [0, 1].map((runIndex) => outputJson(run, 0, runIndex)[0]?.outboundCallId);
		expect(new Set(ids)).toEqual(new Set(simulator.dials.map((it) => it.outboundCallId)));
	});

	it('calls again in an execution of its own', async () => {
		const wanted = { parameters: call(), credential, items: numbers(good) };
		await execute(wanted);
		await execute(wanted);
		expect(rung(good)).toBe(2);
	});
});

describe('cancelling an execution', () => {
	it('calls nobody whose turn had not come', async () => {
		simulator.fault({ kind: 'slow', delayMs: 400, times: 3 });
		const items: IDataObject[] = numbers(good, better, '+15145551236');
		const { execution } = start({
			parameters: call({ options: { maxConcurrency: 1 } }),
			credential,
			items,
		});
		await until(() => simulator.dials.length === 1);
		execution.cancel();
		const run = await execution;
		await new Promise((resolve) => setTimeout(resolve, 600));
		expect(run.status).not.toBe('success');
		expect(simulator.dials).toHaveLength(1);
	});
});

it('n8n keeps of a finished run no list of everybody that it called', async () => {
	const run = await execute({ parameters: call(), credential, items: numbers(good, better) });
	expect(runOf(run).executionStatus).toBe('success');
	expect(JSON.stringify(run.data.executionData?.contextData)).not.toContain(String(idOf(good)));
});
