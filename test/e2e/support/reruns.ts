import { listExecutions, until, waitForEnd, type Execution } from '../../../scripts/lib/workflows';
import type { Bench, SignedIn } from './bench';

/** How often each number was dialled, for those that were more than once: nobody, where all is well. */
export function dialledTwice({ simulator }: Pick<Bench, 'simulator'>): Array<[string, number]> {
	const counts = new Map<string, number>();
	for (const { body } of simulator.dials) {
		counts.set(body.phoneNumber, (counts.get(body.phoneNumber) ?? 0) + 1);
	}
	return [...counts].filter(([, count]) => count > 1);
}

/** Kills n8n on the spot, starts it again, and waits until it has noticed what had crashed. */
export async function killAndRestart({ n8n }: Bench, workflowIds: string[]): Promise<void> {
	await n8n.halt('SIGKILL');
	await n8n.launch();
	await until('n8n to notice the crash', async () => {
		const lists = await Promise.all(
			workflowIds.map(async (id) => await listExecutions(n8n.session, id)),
		);
		return lists.flat().every(({ status }) => status !== 'running' && status !== 'new');
	});
}

/**
 * Runs an execution again from the list, as the editor's "Retry" does, to its end.
 * @param loadWorkflow whether with the workflow as it is now
 */
export async function runAgain(
	bench: SignedIn,
	workflowId: string,
	executionId: string,
	loadWorkflow = false,
): Promise<Execution> {
	const id = await beginAgain(bench, workflowId, executionId, loadWorkflow);
	return await waitForEnd(bench.n8n.session, id, 5_400_000);
}

/** The same, without waiting for its end: the new execution's ID. */
export async function beginAgain(
	{ n8n: { session } }: SignedIn,
	workflowId: string,
	executionId: string,
	loadWorkflow = false,
): Promise<string> {
	const known = new Set((await listExecutions(session, workflowId)).map(({ id }) => id));
	// n8n answers once it has ended, which may be when it is killed.
	const retry = session.send('POST', `/rest/executions/${executionId}/retry`, { loadWorkflow });
	const refused = retry.then(
		({ status, text }) => (status < 400 ? undefined : text),
		() => undefined,
	);
	const isOurs = ({ id, retryOf }: { id: string; retryOf?: string | null }) =>
		!known.has(id) && retryOf === executionId;
	return await until('the re-run to appear', async () => {
		const found = (await listExecutions(session, workflowId)).find(isOurs)?.id;
		const text = await Promise.race([refused, Promise.resolve(undefined)]);
		if (!found && text !== undefined) throw new Error(`n8n does not run it again: ${text}`);
		return found;
	});
}
