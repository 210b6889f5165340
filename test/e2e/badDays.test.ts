import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { outputsOf, until, upsertCredential, waitForEnd } from '../../scripts/lib/workflows';
import { close, listen } from '../simulator';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia } from './support/nodes';

const bench = useBench();

const going = { onError: 'continueRegularOutput' } as const;

/** What comes out for one call. */
async function call(parameters: Record<string, unknown> = {}, credential = bench.credential) {
	const node = alloMia(credential, { phoneNumber: '+15145550099', ...parameters }, going);
	const [item = {}] =
		outputsOf(await (await activeWorkflow(bench, [node])).run([{}]), 'AlloMia')[0] ?? [];
	return item;
}

it.each([
	['no contact', { outboundCallId: randomUUID(), status: 'calling' }],
	['another status', { outboundCallId: randomUUID(), contactId: randomUUID(), status: 'queued' }],
	['a contact without ID', { outboundCallId: randomUUID(), contactId: null, status: 7 }],
	['nothing but the ID', { outboundCallId: randomUUID() }],
])('has the call though AlloMia’s answer has %s', async (_, body) => {
	bench.simulator.fault({ kind: 'status', status: 200, body });
	expect(await call()).toEqual(body);
});

it.each([
	['nothing', {}],
	['an ID that is none', { outboundCallId: 7, status: 'calling' }],
])('does not know whether somebody was called where the answer has %s', async (_, body) => {
	bench.simulator.fault({ kind: 'status', status: 200, body });
	expect((await call()).message).toMatch('may have been placed');
});

it('sends an empty variable, and the digits of a number as they were typed', async () => {
	await call({
		dynamicVariables: { variable: [{ name: 'note', value: '' }] },
	});
	await call({
		specifyDynamicVariables: 'json',
		dynamicVariablesJson: '{ "id": 7615917337495251231, "price": 10.50, "note": "" }',
	});
	expect(bench.simulator.dials.map(({ body }) => body.dynamicVariables)).toEqual([
		{ note: '' },
		{ id: '7615917337495251231', price: '10.50', note: '' },
	]);
});

it.each([
	['ends before it is secure', (socket: net.Socket) => socket.once('data', () => socket.end())],
	['is no TLS', (socket: net.Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
])('asks again, and calls nobody, where the connection %s', async (_, answer) => {
	let connections = 0;
	const server = net.createServer((socket) => {
		connections += 1;
		socket.on('error', () => undefined);
		answer(socket);
	});
	const { host } = new URL(await listen(server));
	try {
		const credential = await upsertCredential(bench.n8n.session, {
			name: randomUUID(),
			apiKey: bench.simulator.keys.organization,
			baseUrl: `https://${host}/api`,
		});
		const { message, error } = await call({}, credential);
		expect(error).toBe('AlloMia cannot be reached: no connection could be established');
		expect(message).toMatch('Nobody was called.');
		expect(connections).toBe(4);
	} finally {
		await close(server);
	}
});

it('calls later, for the same key, whom it could not call where nobody listened', async () => {
	const server = net.createServer();
	const address = await listen(server);
	await close(server);
	const account = { name: randomUUID(), apiKey: bench.simulator.keys.organization };
	const useAddress = async (baseUrl: string) =>
		await upsertCredential(bench.n8n.session, { ...account, baseUrl });

	const credential = await useAddress(`${address}/api`);
	const parameters = { phoneNumber: '+15145550098', options: { onceKey: 'A-1' } };
	const workflow = await activeWorkflow(bench, [alloMia(credential, parameters, going)]);
	const run = async () => outputsOf(await workflow.run([{}]), 'AlloMia')[0]?.[0];
	expect(await run()).toMatchObject({
		error: 'AlloMia cannot be reached: its address refused the connection',
		message: expect.stringContaining('Nobody was called.') as string,
	});
	await useAddress(bench.simulator.baseUrl);
	expect(await run()).toMatchObject({ status: 'calling' });
	expect(bench.simulator.dials.map(({ body }) => body.phoneNumber)).toEqual(['+15145550098']);
});

it('waits for room as long as calls of its run are in progress, and a minute otherwise', async () => {
	const start = async (...people: string[]) => {
		const options = { maxConcurrency: 1 };
		const parameters = { phoneNumber: '={{ $json.number }}', options };
		const workflow = await activeWorkflow(bench, [alloMia(bench.credential, parameters, going)]);
		return await workflow.begin(people.map((number) => ({ number })));
	};
	const sent = (number: string) =>
		bench.simulator.requests.filter(({ rawBody }) => rawBody.includes(number)).length;
	const ended = async (id: string) =>
		outputsOf(await waitForEnd(bench.n8n.session, id, 90_000), 'AlloMia')[0];
	// The call of the first does not end by itself.
	const [first, second, other] = ['+15145550004', '+15145551234', '+15145551235'];
	const body = { error: 'Too many calls' };
	for (const number of [second, other]) {
		bench.simulator.fault({ kind: 'status', status: 429, body, times: 999, match: { number } });
	}
	const waiting = await start(first, second);
	const dial = await until('the first call', () => bench.simulator.dials[0]);
	const begun = Date.now();
	const [refused] = (await ended(await start(other))) ?? [];
	expect(Date.now() - begun).toBeGreaterThan(59_000);
	expect(refused?.error).toBe('Too many calls');
	expect(refused?.message).toMatch(/Nobody was called.*later.*Loop Over Items/);
	// The waits double up to ten seconds, a quarter more at most.
	expect([10, 11]).toContain(sent(other));

	const soFar = sent(second);
	await until('the second call to be tried again', () => sent(second) > soFar);
	await bench.simulator.endCall(dial.outboundCallId, 'completed');
	bench.simulator.clearFaults();
	expect(await ended(waiting)).toMatchObject([{ status: 'calling' }, { status: 'calling' }]);
	expect(bench.simulator.dials.map(({ body: { phoneNumber } }) => phoneNumber)).toEqual([
		first,
		second,
	]);
});
