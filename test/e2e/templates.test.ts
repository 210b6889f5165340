import { readFileSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from '../../scripts/lib/paths';
import { createWorkflow, type WorkflowNode } from '../../scripts/lib/workflows';
import {
	alwaysCalling,
	hasHours,
	live,
	needsAccount,
	nodesRun,
	prepare,
	ran,
	readTemplate,
	templateNames,
	useTemplateBench,
	type Changes,
} from './support/templates';
import { runByHand } from './support/triggers';
import { isSince, since } from './support/version';

const bench = useTemplateBench();

const triggersOf = (nodes: WorkflowNode[]) =>
	nodes.filter(({ type }) => /trigger$|\.webhook$/i.test(type)).map(({ name }) => name);

/** Imports a template, and runs it from the editor. */
async function run(name: string, changes: Changes = {}, from?: string) {
	const definition = prepare(bench, name, changes);
	const { id } = await createWorkflow(bench.n8n.session, definition);
	return await runByHand(bench, id, from ?? triggersOf(definition.nodes)[0]);
}

const dials = ({ parameters: { operation, resource } }: WorkflowNode) =>
	resource === 'outboundCall' && ['create', 'createAndWait'].includes(String(operation));

/** What n8n has in versions that these tests run in. */
const usesTables = (name: string) =>
	readTemplate(name).nodes.some(({ type }) => type.endsWith('.dataTable'));

describe('templates', () => {
	it.each(templateNames)('%s explains itself, and has sample data', (name) => {
		const { id, nodes, pinData = {}, settings } = readTemplate(name);
		expect(id).toBe(`allomia-${name}`);
		const notes = nodes.filter(({ type }) => type.endsWith('.stickyNote'));
		expect(notes.length).toBeGreaterThan(2);
		const [first = ''] = notes.map(({ parameters }) => String(parameters.content));
		expect(first).toMatch(/^## /);
		expect(first).toContain('**Set it up**');
		expect(first).toMatch(/\*\*Try it/);
		expect(settings).toEqual({ executionOrder: 'v1' });
		// By name and type, n8n finds the credential on import.
		for (const { credentials } of nodes) {
			expect([undefined, 'AlloMia account']).toContain(credentials?.alloMiaApi?.name);
		}
		const pinned = Object.keys(pinData);
		expect(pinned).toEqual(expect.arrayContaining(nodes.filter(needsAccount).map((it) => it.name)));
		const calls = nodes.filter(dials);
		for (const node of calls)
			expect([node.name, pinned.includes(node.name)]).toEqual([node.name, !hasHours(node)]);
		// Numbers that nobody has.
		for (const number of JSON.stringify(pinData).match(/555\D?\d{4}/g) ?? []) {
			expect(number).toMatch(/555\D?01\d\d$/);
		}
	});

	it.each(templateNames)('%s has sample data of the shape that its nodes put out', (name) => {
		const { nodes, pinData = {} } = readTemplate(name);
		for (const node of nodes.filter(({ type }) => type.startsWith('n8n-nodes-allomia.'))) {
			const { resource, operation } = node.parameters;
			const isTrigger = node.type.endsWith('Trigger');
			const file = isTrigger
				? 'AlloMiaTrigger/__schema__/v1.0.0.json'
				: `AlloMia/__schema__/v1.0.0/${String(resource)}/${String(operation)}.json`;
			const text = readFileSync(path.join(projectRoot, 'nodes', file), 'utf8');
			const { properties } = JSON.parse(text) as { properties: object };
			const known = [...Object.keys(properties), 'metadata'];
			for (const { json } of pinData[node.name] ?? []) {
				expect([node.name, Object.keys(json).filter((key) => !known.includes(key))]).toEqual([
					node.name,
					[],
				]);
			}
		}
	});

	it.each(templateNames.filter((name) => isSince('2.39.0') || !usesTables(name)))(
		'%s runs as imported, to the end of every way that its sample data take',
		async (name) => {
			const { nodes } = readTemplate(name);
			const waits = nodes.some(hasHours);
			for (const trigger of triggersOf(nodes)) {
				// Without any credential, unless something has to call.
				const definition = waits ? prepare(bench, name, alwaysCalling(name)) : readTemplate(name);
				const { id } = await createWorkflow(bench.n8n.session, definition);
				const execution = await runByHand(bench, id, trigger);
				expect({
					trigger,
					status: execution.status,
					error: execution.data.resultData.error,
				}).toEqual({
					trigger,
					status: 'success',
					error: undefined,
				});
				for (const node of nodesRun(execution)) {
					expect([node, ran(execution, node).filter(({ error }) => error)]).toEqual([node, []]);
				}
			}
			if (!waits) expect(bench.simulator.dials).toEqual([]);
		},
	);

	const [confirmed, voicemail, nothingSaid] = ['+15145551000', '+15145550028', '+15145550029'];
	const [failed, busy, noAnswer] = ['+15145550001', '+15145550002', '+15145550003'];
	const anything: unknown = expect.anything();

	/** What the nodes that end a template's ways were given, by node. */
	type Ends = Record<string, unknown[]>;

	/** In place of the model. */
	const rating = (json: string) => ({
		'Rate the call': {
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			parameters: { mode: 'raw', jsonOutput: `={{ ${json} }}`, options: {} },
		},
	});
	const rated = rating(
		'{ output: { rating: 5, redFlag: !$json.transcript, reason: "feels well" } }',
	);

	since('2.39.0').it.each<[string, string[], Ends, Changes?]>([
		[
			'confirm-appointments',
			[confirmed, voicemail, noAnswer],
			{
				'Mark as confirmed': [{ appointmentId: 'A-1042' }],
				'Leave it to the front desk': [
					{ appointmentId: 'A-1043', status: 'A voicemail was left.' },
				],
				'Send a text message': [{ to: noAnswer, message: expect.stringContaining('at 11:00') }],
				'Write that nobody answered': [
					{ appointmentId: 'A-1044', status: 'no answer, text message sent' },
				],
			},
		],
		[
			'confirm-appointments',
			[nothingSaid, 'unknown', failed],
			{
				'Leave it to the front desk': [
					{ appointmentId: 'A-1042', status: 'Nothing was agreed on.' },
					{ appointmentId: 'A-1043', status: expect.stringContaining('Phone Number') },
					{ appointmentId: 'A-1044', status: 'failed' },
				],
			},
		],
		[
			'calendar-reminder',
			[confirmed, noAnswer],
			{
				'Add it to the event': [{ eventId: 'event1', description: anything }],
				'Nothing more to do': [anything],
				'Not reached': [{ text: expect.stringMatching(/Marie Tremblay.*: no-answer$/) }],
			},
		],
		[
			'calendar-reminder',
			[nothingSaid, failed],
			{
				'Add it to the event': [{ eventId: 'event1' }],
				'Tell the front desk': [{ text: expect.stringContaining('John Doe') }],
				'Not reached': [{ text: expect.stringMatching(/Marie Tremblay.*: failed$/) }],
			},
		],
		[
			'fill-cancelled-slot',
			[noAnswer, confirmed],
			{
				'Book the slot': [{ summary: 'Marie Tremblay' }],
				'Tell the front desk': [
					{ text: expect.stringMatching(/09:30 went to Marie Tremblay\. It is in the calendar/) },
				],
				'Take them off the list': [{ phone: confirmed }],
			},
		],
		['fill-cancelled-slot', [voicemail, busy], { 'Nobody took it': [anything] }],
		[
			'fill-cancelled-slot',
			[nothingSaid, confirmed],
			{ 'Ask the front desk to decide': [{ text: expect.stringContaining('Did John Doe') }] },
		],
		[
			'fill-cancelled-slot',
			['+15145550016', confirmed],
			{ 'Ask the front desk to decide': [{ text: expect.stringContaining('Unexpected') }] },
		],
		[
			'speed-to-lead',
			[confirmed],
			{
				'Into HubSpot': [{ email: 'john.doe@example.com', message: anything }],
				'Tell sales': [{ text: expect.stringContaining('Interested: John Doe') }],
			},
		],
		[
			'speed-to-lead',
			[noAnswer],
			{ 'Call back by hand': [{ text: expect.stringMatching(/John Doe, .*: no-answer$/) }] },
		],
		[
			'speed-to-lead',
			['unknown'],
			{ 'Call back by hand': [{ text: expect.stringMatching(/John Doe, unknown: .*Phone/) }] },
		],
		[
			'delivery-window',
			[confirmed, noAnswer],
			{
				'Note on the order': [{ orderId: '5001' }],
				'Tell the dispatch desk': [{ text: expect.stringContaining('Order #1042') }],
				'Not reached': [{ text: 'Order #1043: not reached, no-answer' }],
			},
		],
		[
			'after-visit-check',
			[confirmed, noAnswer],
			{
				'Write the rating': [{ visitId: 'V-77', rating: '5' }],
				'Mail to the nurse': [{ message: expect.stringContaining('The call ended as no-answer') }],
			},
			{ nodes: rated },
		],
		[
			'after-visit-check',
			[confirmed, 'unknown'],
			{
				'Mail to the nurse': [
					{ message: expect.stringContaining('The model is down') },
					{ message: expect.stringMatching(/Marie Tremblay.*\n\n.*Phone Number/) },
				],
			},
			{ nodes: rating('{ error: "The model is down" }') },
		],
		[
			'overdue-invoices',
			[confirmed, noAnswer],
			{
				'Task for accounting': [{ content: 'Call John Doe about invoice INV-311' }],
				'Hand it to accounting': [{ invoice: 'INV-311' }],
			},
		],
	])('%s: calls to %j lead to %j', async (name, phones, expected, changes = {}) => {
		const parameters = alwaysCalling(name).parameters ?? {};
		const execution = await run(name, live(name, { phones, parameters, ...changes }));
		expect(execution.data.resultData.error).toBeUndefined();
		const { nodes, connections } = readTemplate(name);
		const ends = nodes.filter(
			(node) => node.name in expected || (needsAccount(node) && !connections[node.name]),
		);
		const given = ends.map((node) => [node.name, ran(execution, node.name)] as const);
		expect(Object.fromEntries(given.filter(([, items]) => items.length > 0))).toMatchObject(
			expected,
		);
		expect(given.flatMap(([node, items]) => (items.length > 0 ? [node] : [])).sort()).toEqual(
			Object.keys(expected).sort(),
		);
	});

	/** A template of which everything runs, with more options in the node that calls. */
	function withOptions(name: string, options: Record<string, unknown>, phones: string[] = []) {
		const always = alwaysCalling(name).parameters ?? {};
		const parameters = Object.fromEntries(
			readTemplate(name)
				.nodes.filter(dials)
				.map((node) => {
					const own = (always[node.name] ?? node.parameters).options as object;
					return [node.name, { options: { ...own, ...options } }];
				}),
		);
		return live(name, { phones, parameters });
	}

	const waiting = templateNames.filter((name) =>
		readTemplate(name).nodes.some(({ name: node }) => node === 'How did it end?'),
	);

	since('2.39.0').it.each(waiting)('%s: nothing follows a dry run', async (name) => {
		const execution = await run(name, withOptions(name, { dryRun: true }, ['none']));
		expect(execution.status).toBe('success');
		const [first, ...others] = ran(execution, 'How did it end?');
		expect(first).toMatchObject({ dryRun: true, error: expect.stringContaining('Phone Number') });
		expect(others).toEqual(others.map(() => expect.objectContaining({ dryRun: true })));
		const { connections, nodes } = readTemplate(name);
		const isLoop = (of: string) =>
			nodes.some((it) => it.name === of && it.type.endsWith('.splitInBatches'));
		const next = connections['How did it end?']?.main?.flatMap((it) => it ?? []) ?? [];
		const ends = next.map(({ node }) => node).filter((node) => !isLoop(node));
		expect(ends.length).toBeGreaterThan(0);
		expect(ends.flatMap((node) => ran(execution, node))).toEqual([]);
		expect(bench.simulator.dials).toEqual([]);
	});

	/** Confirms the appointment of one person. */
	async function confirmOne(phone: string, changes: Changes) {
		const name = 'confirm-appointments';
		const definition = prepare(bench, name, changes);
		const source = definition.nodes.find(({ type }) => type.endsWith('.googleSheets'))?.name ?? '';
		const row = { appointmentId: 'A-1', date: '2026-04-02', time: '9:00', name: 'John', phone };
		const pinData = { ...definition.pinData, [source]: [{ json: row }] };
		const { id } = await createWorkflow(bench.n8n.session, { ...definition, pinData });
		return await runByHand(bench, id, triggersOf(definition.nodes)[0]);
	}

	since('2.39.0').it.each([
		[confirmed, 'Mark as confirmed', { appointmentId: 'A-1' }],
		[noAnswer, 'Send a text message', { to: noAnswer }],
	])(
		'confirm-appointments: a test with %s leads to %s, as a call to the patient would',
		async (testNumber, node, expected) => {
			const changes = withOptions('confirm-appointments', { testNumber, pollInterval: 1 });
			const execution = await confirmOne('(514) 555-0142', changes);
			expect(ran(execution, node)).toMatchObject([expected]);
			expect(bench.simulator.dials.map(({ body }) => body.phoneNumber)).toEqual([testNumber]);
		},
	);

	since('2.39.0').it.each([
		['(514) 555-0003', '+15145550003'],
		['1 514 555 0003', '+15145550003'],
		['+1 514 555 0003', '+1 514 555 0003'],
		['5145550003.0', ''],
	])('confirm-appointments: no answer at %s sends the text message to "%s"', async (phone, to) => {
		const execution = await confirmOne(phone, live('confirm-appointments'));
		expect(ran(execution, 'Send a text message')).toMatchObject([{ to }]);
	});

	since('2.39.0').it(
		'fill-cancelled-slot: gives no slot away twice, and offers none that it cannot read',
		async () => {
			const name = 'fill-cancelled-slot';
			const send = async (Slot: string) => {
				const definition = prepare(
					bench,
					name,
					live(name, { phones: [confirmed, '+15145551001'] }),
				);
				const pinData = { ...definition.pinData, 'A slot is free': [{ json: { Slot } }] };
				return { ...definition, pinData };
			};
			const { id } = await createWorkflow(bench.n8n.session, await send('2026-04-02 09:30'));
			const first = await runByHand(bench, id, 'A slot is free');
			expect(ran(first, 'Book the slot')).toHaveLength(1);
			for (const [slot, node] of [
				['2026-04-02 9:30', 'Ask the front desk to decide'],
				['Thursday', 'Not a slot'],
			] as const) {
				const workflow = await bench.n8n.session.call<object>('GET', `/rest/workflows/${id}`);
				await bench.n8n.session.call('PATCH', `/rest/workflows/${id}`, {
					...workflow,
					...(await send(slot)),
				});
				const again = await runByHand(bench, id, 'A slot is free');
				expect(ran(again, node)).toHaveLength(1);
				expect(ran(again, 'Book the slot')).toEqual([]);
			}
			expect(bench.simulator.dials).toHaveLength(1);
		},
	);

	since('2.39.0').it.each([
		'confirm-appointments',
		'overdue-invoices',
		'delivery-window',
		'after-visit-check',
		'speed-to-lead',
	])('%s: leaves to a person what the log does not tell', async (name) => {
		bench.simulator.fault({ kind: 'status', status: 403, times: 99, match: { path: '/calls' } });
		const parameters = alwaysCalling(name).parameters ?? {};
		const execution = await run(name, live(name, { phones: [confirmed, confirmed], parameters }));
		const desks = [
			'Leave it to the front desk',
			'Task for accounting',
			'Tell the dispatch desk',
			'Mail to the nurse',
			'Have a look',
		];
		expect(desks.flatMap((desk) => ran(execution, desk))).not.toEqual([]);
		for (const node of [
			'Mark as confirmed',
			'Write the promise',
			'Deliver as planned',
			'Write the rating',
			'Tell sales',
		]) {
			expect(ran(execution, node)).toEqual([]);
		}
	});
});
