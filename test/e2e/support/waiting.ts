import {
	outputsOf,
	readExecution,
	until,
	type Execution,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
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
	let seed = 42;
	return () => {
		seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
		return (seed / 2 ** 31) * max;
	};
}
