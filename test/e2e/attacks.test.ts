import { once } from 'node:events';
import net from 'node:net';
import { signCallbackUrl } from '../../nodes/shared/callbacks/signedUrl';
import { listExecutions } from '../../scripts/lib/workflows';
import { attacks, strike, type Known } from './support/attacks';
import { triggered, useBench } from './support/bench';
import { callAndTrigger } from './support/triggers';
import { dialOf, parked, phones, waitingWorkflow } from './support/waiting';
import { post } from '../webhooks';

const bench = useBench();

/** Two triggers and a waiting execution, each with a call, and what an attacker knows of them. */
async function targets() {
	const { simulator, n8n } = bench;
	simulator.setPace(3_600_000);
	const calling = await callAndTrigger(bench);
	const elsewhere = await callAndTrigger(bench);
	const waiting = await waitingWorkflow(bench);
	await calling.run([{ phone: '+15145551000', record: 'A-1' }]);
	await elsewhere.run([{ phone: '+15145551001', record: 'A-2' }]);
	const execution = await waiting.begin(phones('1003'));
	await parked(bench, execution);
	const urlOf = (ending: string) =>
		dialOf(bench, `+1514555${ending}`).body.callbackUrl?.replace('localhost', '127.0.0.1') ?? '';
	const first = dialOf(bench, '+15145551000');
	await simulator.endCall(first.outboundCallId, 'completed');
	await triggered(bench, calling.id, 1);
	const trigger = urlOf('1000').replace(/\?.*/, '');
	const known: Known = {
		trigger,
		replayed: { url: urlOf('1000'), body: simulator.callbacks[0]?.body ?? {} },
		otherWorkflow: urlOf('1001'),
		otherKey: signCallbackUrl(
			trigger,
			{ workflowId: calling.id, executionId: '1', itemIndex: 0 },
			simulator.keys.otherOrganization,
		),
		waiting: { url: urlOf('1003'), outboundCallId: dialOf(bench, '+15145551003').outboundCallId },
	};
	const count = async () => {
		const all = [calling, elsewhere, waiting].map(async ({ id }) =>
			(await listExecutions(n8n.session, id)).map(({ status }) => status),
		);
		return await Promise.all(all);
	};
	return { known, count };
}

describe('whatever is sent to a webhook', () => {
	it('is answered as the documentation says, starts nothing, and resumes nothing', async () => {
		const { known, count } = await targets();
		const before = await count();
		expect(before.at(-1)).toEqual(['waiting']);
		const answers = [];
		for (const attack of attacks) {
			const { status, text } = await strike(attack, known);
			const says = attack.says ?? '';
			answers.push([attack.name, status, text.includes(says) ? says : text.slice(0, 200)]);
		}
		expect(answers).toEqual(attacks.map(({ name, status, says = '' }) => [name, status, says]));
		expect(await count()).toEqual(before);
		// The genuine results still come.
		const { url, outboundCallId } = known.waiting;
		const { body } = known.replayed;
		expect(await post(url, { ...body, outboundCallId })).toMatchObject({ status: 200 });
	});

	it('is taken while others send nothing, or half of a request', async () => {
		const { known, count } = await targets();
		const before = await count();
		const { hostname, port, pathname } = new URL(known.trigger);
		const head = `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
		const said = ['', 'PO', head, `${head}content-length: 500\r\n\r\n{"status":`];
		const sockets = Array.from({ length: 200 }, (_, index) => {
			const socket = net.connect({ host: hostname, port: Number(port) });
			socket.on('error', () => undefined);
			socket.write(said[index % said.length] ?? '');
			return socket;
		});
		try {
			await Promise.all(sockets.map(async (it) => it.connecting && (await once(it, 'connect'))));
			const { url, outboundCallId } = known.waiting;
			const { body } = known.replayed;
			expect(await post(url, { ...body, outboundCallId })).toMatchObject({ status: 200 });
			expect((await count()).slice(0, -1)).toEqual(before.slice(0, -1));
		} finally {
			for (const socket of sockets) socket.destroy();
		}
	});
});
