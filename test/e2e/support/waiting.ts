import {
	outputsOf,
	readExecution,
	until,
	type Connections,
	type CredentialReference,
	type Execution,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
import { seeded } from '../../random';
import { ids, type Simulator } from '../../simulator';
import { activeWorkflow, type Bench } from './bench';
import { alloMia, connect, noOp } from './nodes';

/** A workflow that calls the posted items' `phone`, waits, and hands the outcomes on to `After`. */
export async function waitingWorkflow(
	bench: Bench,
	parameters: Record<string, unknown> = {},
	extras: Partial<WorkflowNode> = {},
) {
	const node = alloMia(
		bench.credential,
		{ operation: 'createAndWait', phoneNumber: '={{ $json.phone }}', ...parameters },
		extras,
	);
	return await activeWorkflow(bench, [node, noOp('After')], connect('AlloMia', 'After'));
}

/**
 * Calls the items' `phone`, waits, and looks into the call log: requests that nothing else makes. Whoever runs
 * the node again on its own outcomes would call again, under another name.
 */
export function callThenLog(credential: CredentialReference): [WorkflowNode[], Connections] {
	const calling = alloMia(credential, {
		operation: 'createAndWait',
		phoneNumber: "={{ $('Items').item.json.phone }}",
		customerName: '={{ $json.name }}',
	});
	const log = alloMia(
		credential,
		{ resource: 'call', operation: 'getAll', organizationId: ids.organizationId, limit: 1 },
		{ name: 'Log', id: 'log' },
	);
	return [[calling, log], connect('AlloMia', 'Log')];
}

/** While the call log does not answer, an execution stands still at its node. */
export const silentLog = {
	kind: 'timeout-before',
	match: { path: '/calls' },
	times: 1000,
} as const;

export const isAtLog = ({ requests }: Simulator) =>
	requests.some(({ path }) => path.includes('/calls'));

export const phones = (...endings: string[]) => endings.map((it) => ({ phone: `+1514555${it}` }));

/** So many numbers, each another one, of people who answer. */
export const people = (count: number) =>
	phones(...Array.from({ length: count }, (_, index) => `${1000 + index}`));

/** The call to this number. */
export function dialOf({ simulator }: Bench, phoneNumber: string) {
	const dial = simulator.dials.find(({ body }) => body.phoneNumber === phoneNumber);
	if (!dial) throw new Error(`${phoneNumber} was not dialled`);
	return dial;
}

/** Waits until n8n has stored the execution as waiting. */
export async function parked({ n8n }: Bench, executionId: string): Promise<void> {
	await until('the execution to wait', async () => {
		const { status } = await readExecution(n8n.session, executionId);
		return status === 'waiting';
	});
}

/** The statuses that came out of AlloMia in a run, in the order of the items. */
export const outcomesOf = (execution: Execution, run = 0) =>
	outputsOf(execution, 'AlloMia', run)[0]?.map(({ status }) => status);

/** How often AlloMia was asked how a call stands. */
export const lookUps = ({ simulator }: Bench) =>
	simulator.requests.filter(({ method }) => method === 'GET').length;

/** Evenly spread over 0 to `max` ms, the same in every run. */
export function jitter(max: number): () => number {
	const random = seeded(42);
	return () => random() * max;
}
