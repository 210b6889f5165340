import type { IExecuteFunctions, NodeExecutionHint } from 'n8n-workflow';
import { addHint } from '../../../../shared/n8n/hints';
import { isResult, type DialResult, type Items } from './dialResults';

/** What the hints of a run depend on, besides its results. */
interface RunFacts {
	/** Whether the node waits for the results. */
	isFollowed: boolean;
	/** Whether all calls went to Test Number. */
	isTest: boolean;
}

/**
 * Shows what deserves a look after the run: calls that were not placed though nothing failed, those that may have been,
 * and results that nobody will receive. n8n forgets hints of executions that wait.
 */
export function hintResults(
	context: IExecuteFunctions,
	items: Items,
	results: readonly DialResult[],
	run: RunFacts,
): void {
	for (const hint of resultHints(items, results, run)) addHint(context, hint);
}

/** An ISO time as people write it. */
function localTime(iso: string): string {
	const zone = iso.endsWith('Z') ? 'UTC' : `UTC${iso.slice(-6)}`;
	return `${iso.slice(0, 16).replace('T', ' ')} (${zone})`;
}

/** Says that the node asks for the results itself, though it was not told to. */
export function hintPolling(context: IExecuteFunctions, { message }: Error): void {
	const why = `Results are looked up at intervals, since no webhook is possible here: ${message}.`;
	context.logger.info(`${context.getNode().name}: ${why}`);
	addHint(context, { type: 'info', location: 'outputPane', message: why });
}

export function resultHints(
	items: Items,
	results: readonly DialResult[],
	{ isFollowed, isTest }: RunFacts,
): NodeExecutionHint[] {
	const of = (count: number) =>
		`${count} of ${items.length} ${items.length === 1 ? 'item' : 'items'} ${count === 1 ? 'was' : 'were'}`;
	const valid = items.flatMap((item) => (item.ok ? [item.value] : []));
	const dry = valid.filter(({ dryRun }) => dryRun).length;
	const outcomes = results.map(({ outcome }) => outcome);
	const already = outcomes.filter((it) => it === 'alreadyCalled').length;
	const placed = outcomes.filter((it) => isResult(it) && it.ok).length;
	const unconfirmed = outcomes.filter(
		(it) => isResult(it) && !it.ok && it.failure.kind === 'uncertain',
	).length;
	const callAt = outcomes.flatMap((it) =>
		typeof it === 'object' && 'callAt' in it ? [it.callAt] : [],
	);
	const [first] = callAt.sort((a, b) => Date.parse(a) - Date.parse(b));
	const isLost = !isFollowed && valid.every(({ body }) => body.callbackUrl === undefined);
	const hints: Array<[NodeExecutionHint['type'], boolean, string]> = [
		[
			'info',
			isTest && placed > 0,
			`Test Number: ${valid[0]?.body.phoneNumber} was called in place of the people in your items, one call after the other. The nodes that follow still act on those people. When the workflow is published, they are called.`,
		],
		[
			'info',
			dry > 0,
			`Dry Run: ${dry === valid.length ? 'nobody was' : `${of(dry)} not`} called. The output shows what would be sent.`,
		],
		[
			'warning',
			first !== undefined,
			`${of(callAt.length)} not called: outside of their calling hours. The first may be called from ${first && localTime(first)}.`,
		],
		[
			'info',
			already > 0,
			`${of(already)} not called: Call Once Per has called for the same value before.`,
		],
		[
			'warning',
			unconfirmed > 0,
			`${of(unconfirmed)} not confirmed: AlloMia may have placed the call. Look in its call log before you call again.`,
		],
		[
			'info',
			placed > 0 && isLost,
			'The calls are under way, but nothing tells this workflow how they end: Send Result To is set to Nowhere. Use Create and Wait for Result to go on with the results here, or set Send Result To to AlloMia Trigger in This Workflow.',
		],
	];
	return hints
		.filter(([, isDue]) => isDue)
		.map(([type, , message]) => ({ type, message, location: 'outputPane' }));
}
