import { createServer } from 'node:http';
import type { INodeParameters } from 'n8n-workflow';
import { close, ids, keys, listen, numberEndings } from '../simulator';
import { call, credential, dialRequests, ending, numbers, rung, simulator } from './bench';
import { errorOf, execute, log, output, outputJson, serialized, type Execution } from './engine';

const good = '+15145551234';
const better = '+15145551235';

/** The only item that comes out where the node is set to continue. */
async function onlyItem(change: Partial<Execution> = {}) {
	const run = await execute({
		parameters: call(),
		credential,
		items: numbers(good),
		settings: { onError: 'continueRegularOutput' },
		...change,
	});
	expect(output(run)).toEqual([{ json: expect.any(Object), pairedItem: { item: 0 } }]);
	return outputJson(run)[0] ?? {};
}

describe('three items of which one is bad', () => {
	const items = [{ number: good }, { number: 'call me' }, { number: better }];

	it('call nobody where the node is set to stop, and the error names item and field', async () => {
		const run = await execute({ parameters: call(), credential, items });
		expect(run.status).toBe('error');
		const error = errorOf(run);
		expect(error.name).toBe('NodeOperationError');
		expect(error.message).toContain('1 of 3');
		expect(error.description).toMatch(
			/Nobody was called[^]*Item 1: Phone Number to Call: "call me"/,
		);
		expect(error.context.itemIndex).toBe(1);
		expect(simulator.requests).toHaveLength(0);
	});

	it('tell of every bad field of every bad item at once', async () => {
		const run = await execute({
			parameters: call({ assistantId: '={{ $json.assistant }}' }),
			credential,
			items: [{ number: '1' }, { number: good, assistant: 'x' }],
		});
		expect(errorOf(run).description?.split('\n').slice(1)).toEqual([
			expect.stringMatching(/^Item 0: Phone Number to Call: /),
			expect.stringMatching(/^Item 0: Assistant ID: It is empty/),
			expect.stringMatching(/^Item 1: Assistant ID: "x"/),
		]);
	});

	it('count an expression that fails as a bad item, and call nobody', async () => {
		const run = await execute({
			parameters: call({ phoneNumber: '={{ $json.number.replace("-", "") }}' }),
			credential,
			items: [{ number: good }, {}],
		});
		expect(run.status).toBe('error');
		expect(simulator.requests).toHaveLength(0);
	});

	it('stop at the first that AlloMia refuses, and say who had been called by then', async () => {
		const run = await execute({
			parameters: call({ options: { maxConcurrency: 1 } }),
			credential,
			items: numbers(good, ending('0007'), better),
		});
		const error = errorOf(run);
		expect(error.message).toBe('Assistant or phone number not found');
		expect(error.context.itemIndex).toBe(1);
		expect(error.description).toContain(String(simulator.dials[0]?.outboundCallId));
		expect([rung(good), rung(better)]).toEqual([1, 0]);
	});
});

type Kind = 'answered' | 'refused' | 'uncertain';

/** Number ending, what becomes of the item, the error's message, requests, times it rang. */
const endings: Array<[string, Kind, string, number, number]> = [
	['0001', 'answered', '', 1, 1],
	['0002', 'answered', '', 1, 1],
	['0003', 'answered', '', 1, 1],
	['0004', 'answered', '', 1, 1],
	['0005', 'refused', 'Invalid request data', 1, 0],
	['0006', 'refused', 'Organization is inactive', 1, 0],
	['0007', 'refused', 'Assistant or phone number not found', 1, 0],
	['0008', 'uncertain', 'Internal server error occurred', 1, 0],
	['0009', 'answered', '', 2, 1],
	['0010', 'answered', '', 2, 1],
	['0011', 'uncertain', 'The connection to AlloMia was lost before its response', 1, 1],
	['0012', 'uncertain', 'AlloMia did not respond in time', 1, 1],
	['0013', 'uncertain', 'AlloMia responded with HTTP status 502', 1, 1],
	['0014', 'uncertain', 'Unexpected response from AlloMia', 1, 1],
	['0015', 'uncertain', 'Unexpected response from AlloMia', 1, 1],
	['0016', 'uncertain', 'Unexpected response from AlloMia', 1, 1],
	['0017', 'uncertain', 'Unexpected response from AlloMia', 1, 1],
	['0018', 'answered', '', 1, 1],
	['0019', 'answered', '', 2, 1],
	['0020', 'uncertain', 'Service unavailable', 1, 0],
	['0021', 'answered', '', 1, 1],
	['0022', 'answered', '', 1, 1],
	['0023', 'answered', '', 1, 1],
	['0024', 'answered', '', 1, 1],
	['0025', 'answered', '', 1, 1],
	['0026', 'answered', '', 1, 1],
	['0027', 'answered', '', 1, 1],
	['0028', 'answered', '', 1, 1],
	['0029', 'answered', '', 1, 1],
];

describe('every answer that AlloMia may give to a dial', () => {
	it('is in the table below', () => {
		expect(endings.map(([digits]) => digits)).toEqual(Object.keys(numberEndings).sort());
	});

	it.each(endings)(
		'%s is %s, and rings nobody twice: %s',
		async (digits, kind, says, asked, rang) => {
			const json = await onlyItem({
				// Only the one that never answers needs patience to end.
				parameters: call({ options: { timeout: digits === '0012' ? 300 : 10_000 } }),
				items: numbers(ending(digits)),
			});
			if (kind === 'answered') {
				const { outboundCallId } = simulator.dials[0] ?? {};
				expect(json).toMatchObject({ outboundCallId, status: 'calling' });
			} else {
				expect(json).toEqual({ error: says, message: expect.any(String) });
				if (kind === 'refused') expect(json.message).not.toContain('may have been placed');
				else expect(json.message).toMatch(/may have been placed[^]*look for the call/);
			}
			expect({ asked: dialRequests(), rang: rung(ending(digits)) }).toEqual({ asked, rang });
		},
	);

	it('is asked for again by itself where the connection is refused, and nobody is called', async () => {
		const started = Date.now();
		const json = await onlyItem({
			// Nothing listens on the port for discarded traffic.
			credential: { apiKey: keys.organization, baseUrl: 'http://127.0.0.1:9/api' },
		});
		expect(json.error).toMatch(/cannot be reached/);
		expect(json.message).toMatch(/^Nobody was called/);
		expect(Date.now() - started).toBeGreaterThan(1000);
	});
});

describe('an AlloMia that asks to wait', () => {
	const wait = (status: number, after: string, times = 1) =>
		simulator.fault({ kind: 'status', status, headers: { 'retry-after': after }, times });

	it.each([429, 503])('is waited for where %d names some seconds', async (status) => {
		wait(status, '1');
		const started = Date.now();
		const json = await onlyItem({ items: numbers(good) });
		expect(json).toMatchObject({ status: 'calling' });
		expect(Date.now() - started).toBeGreaterThanOrEqual(1000);
		expect([dialRequests(), rung(good)]).toEqual([2, 1]);
	});

	it('is waited for until a date that it names', async () => {
		// A date has whole seconds; the first wait would be 625 ms at most.
		wait(429, new Date(Date.now() + 3_000).toUTCString());
		const started = Date.now();
		expect(await onlyItem({ items: numbers(good) })).toMatchObject({ status: 'calling' });
		expect(Date.now() - started).toBeGreaterThan(1_500);
		expect([dialRequests(), rung(good)]).toEqual([2, 1]);
	});

	it.each([429, 503])(
		'is not waited for where %d names a minute: the error says when',
		async (status) => {
			wait(status, '60');
			const json = await onlyItem({ items: numbers(good) });
			expect(json.message).toMatch(/^Nobody was called[^]*try again after \d{4}-\d\d-\d\dT/);
			expect([dialRequests(), rung(good)]).toEqual([1, 0]);
		},
	);

	it('is asked four times at most', async () => {
		wait(429, '0', 100);
		const json = await onlyItem({ items: numbers(good) });
		expect(json.message).toMatch(/^Nobody was called/);
		expect([dialRequests(), rung(good)]).toEqual([4, 0]);
	});
});

describe('an error', () => {
	it('lists the refused fields by the names that the editor shows', async () => {
		const details = [
			{ field: 'phoneNumberId', message: 'Invalid uuid', code: 'invalid_string' },
			{ field: 'dynamicVariables.age', message: 'Expected string', code: 'invalid_type' },
		];
		const body = { error: 'Invalid request data', details };
		simulator.fault({ kind: 'status', status: 400, body });
		const run = await execute({ parameters: call(), credential, items: numbers(good) });
		const { message, description } = errorOf(run);
		expect(message).toBe('Invalid request data');
		expect(description).toMatch(
			/^Call From \(Phone Number ID\): Invalid uuid\nDynamic Variables > age: Expected string\n/,
		);
		expect(description).toMatch(/Nobody was called/);
	});

	it.each<[string, Partial<Execution>, string, RegExp]>([
		[
			'a wrong key (401)',
			{ credential: { apiKey: 'sim-wrong-key' } },
			'Invalid or missing API key',
			/Check the API key in the AlloMia credential[^]*Settings > API Keys/,
		],
		[
			'an inactive organization (403)',
			{
				credential: { apiKey: keys.inactive },
				parameters: call({
					assistantId: ids.inactiveAssistantId,
					phoneNumberId: ids.inactivePhoneNumberId,
				}),
			},
			'Organization is inactive',
			/Nobody was called[^]*activate/,
		],
		[
			'an assistant of another organization (404)',
			{ parameters: call({ assistantId: ids.otherAssistantId }) },
			'Assistant or phone number not found',
			/Nobody was called[^]*Assistant ID and Call From \(Phone Number ID\)/,
		],
	])('for %s says what AlloMia said and what to do', async (_, change, says, todo) => {
		const wanted = {
			parameters: call(),
			items: numbers(good),
			...change,
			credential: { ...credential, ...change.credential },
		};
		const { name, message, description } = errorOf(await execute(wanted));
		expect({ name, message }).toEqual({ name: 'NodeApiError', message: says });
		expect(description).toMatch(todo);
		// The same where the node is set to continue.
		expect(await onlyItem(wanted)).toEqual({ error: message, message: description });
		expect(simulator.dials).toHaveLength(0);
	});

	it('for a base URL that would send the key in the open comes before anything is sent', async () => {
		const run = await execute({
			parameters: call(),
			credential: { apiKey: keys.organization, baseUrl: 'http://allomia.com/api' },
			items: numbers(good),
		});
		expect(errorOf(run).name).toBe('NodeOperationError');
		expect(errorOf(run).message).toMatch(/use https:\/\//);
	});

	it.each([
		['NodeOperationError', 'nonsense'],
		['NodeApiError', ending('0006')],
	])('is a %s, so that the editor shows it in full and at its item', async (name, number) => {
		const run = await execute({ parameters: call(), credential, items: numbers(number) });
		expect(errorOf(run)).toMatchObject({ name, context: { itemIndex: 0 } });
	});
});

describe('the API key', () => {
	const apiKey = keys.organization;

	it.each([301, 302, 303, 307, 308])(
		'and the dial go nowhere else where AlloMia redirects with %d',
		async (status) => {
			let requests = 0;
			const elsewhere = createServer((_, response) => {
				requests += 1;
				response.end('{}');
			});
			const location = `${await listen(elsewhere)}/api/outbound`;
			try {
				simulator.fault({ kind: 'status', status, headers: { location } });
				expect(await onlyItem()).toEqual({
					error: 'The Base URL redirects to another address',
					message: expect.stringContaining('may have been placed'),
				});
				expect(requests).toBe(0);
			} finally {
				await close(elsewhere);
			}
		},
	);

	const cases: Array<[string, INodeParameters, string, (() => void) | undefined]> = [
		['a call that was placed', {}, good, undefined],
		['a signed callback URL', { options: { signCallbackUrl: true } }, good, undefined],
		['a refused call', {}, ending('0005'), undefined],
		['a broken connection', {}, ending('0011'), undefined],
		['a time-out', { options: { timeout: 200 } }, ending('0012'), undefined],
		['an unreadable answer', {}, ending('0015'), undefined],
		[
			'an answer that repeats the key',
			{},
			good,
			() =>
				simulator.fault({
					kind: 'status',
					status: 400,
					body: {
						error: `Key ${apiKey} may not`,
						details: [{ field: 'callbackUrl', message: `Not with ${apiKey}` }],
					},
				}),
		],
		[
			'a redirect',
			{},
			good,
			() =>
				simulator.fault({
					kind: 'status',
					status: 302,
					headers: { location: `http://127.0.0.1:9/${apiKey}` },
				}),
		],
	];

	it.each(cases)(
		'is nowhere in what n8n keeps and logs of %s',
		async (_, change, number, fault) => {
			fault?.();
			const run = await execute({
				parameters: call({ callback: 'url', callbackUrl: 'https://example.com/hook', ...change }),
				credential,
				items: numbers(number),
			});
			expect(simulator.requests[0]?.headers.authorization).toContain(apiKey);
			expect(serialized(run)).not.toContain(apiKey);
			expect(log.join('\n')).not.toContain(apiKey);
		},
	);
});
