import type { IExecuteFunctions } from 'n8n-workflow';

/** The minimum time between two messages, in ms. */
const interval = 10_000;

/** When the last message about a run was shown, in ms since 1970. */
const shownAt = new WeakMap<object, number>();

/**
 * Tells how far a list is that waits for calls to end: in the browser's console, where n8n shows what a node says while
 * it runs in the editor, and in n8n's log at the level debug.
 * @param inProgress the number of calls in progress
 */
export function showProgress(
	context: IExecuteFunctions,
	{ done, total }: { done: number; total: number },
	inProgress: number,
): void {
	const lifetime = context.getContext('node');
	if (Date.now() - (shownAt.get(lifetime) ?? 0) < interval) return;
	shownAt.set(lifetime, Date.now());
	const message = `${context.getNode().name}: ${done} of ${total} items are done, ${inProgress} calls are in progress`;
	(context as Partial<IExecuteFunctions>).sendMessageToUI?.(message);
	context.logger.debug(message);
}
