import {
	outputsOf,
	until,
	type Execution,
	type WorkflowNode,
} from '../../../scripts/lib/workflows';
import { timeFor, type Bench } from './bench';
import { alloMia } from './nodes';
import { dialledTwice, killAndRestart } from './reruns';

export interface Person {
	phone: string;
	id: string;
}

/** So many people. The simulator does as told by the last digits; 99 is a call like any other. */
export const people = (count: number, from = 0): Person[] =>
	Array.from({ length: count }, (_, index) => {
		const place = from + index;
		const area = ['514', '438', '450'][Math.floor(place / 50_000)];
		return {
			phone: `+1${area}${5_000_099 + (place % 50_000) * 100}`,
			id: `appointment ${place}`,
		};
	});

/** Calls the items' `phone`, and goes on where a call fails. */
export const caller = (
	{ credential }: Bench,
	options: Record<string, unknown> = {},
): WorkflowNode =>
	alloMia(
		credential,
		{ phoneNumber: '={{ $json.phone }}', options },
		{ onError: 'continueRegularOutput' },
	);

/** What came out at last: after a crash, n8n puts a run before it that never was. */
export function itemsOf(execution: Execution) {
	const runs = execution.data.resultData.runData.AlloMia ?? [];
	return outputsOf(execution, 'AlloMia', runs.length - 1)[0] ?? [];
}

export const dialled = ({ simulator }: Bench) =>
	new Set(simulator.dials.map(({ body }) => body.phoneNumber));

export const isUncertain = ({ message }: Record<string, unknown>) =>
	String(message).includes('may have been placed');

/** Waits for so many calls, kills n8n in the middle, and gives those who were called by then. */
export async function killAfter(
	bench: Bench,
	workflowId: string,
	count: number,
): Promise<Set<string>> {
	await until(`${count} calls`, () => bench.simulator.dials.length >= count, timeFor(count), 2);
	await killAndRestart(bench, [workflowId]);
	return dialled(bench);
}

/** Holds that everybody was called once, but for those few who may have been called before. */
export function expectEverybodyOnce(
	bench: Bench,
	list: Person[],
	before: Set<string>,
	items: Array<Record<string, unknown>>,
): void {
	expect(dialledTwice(bench)).toEqual([]);
	const after = dialled(bench);
	const left = list.filter(({ phone }) => !after.has(phone));
	expect(left.length).toBeLessThanOrEqual(20);
	const known = list.filter(({ phone }) => before.has(phone));
	expect(items.filter(isUncertain)).toHaveLength(left.length + known.length);
}
