import { sleep, type IExecuteFunctions } from 'n8n-workflow';

/** The relevant part of n8n's IRunExecutionData. */
interface Stored {
	resultData?: {
		error?: { message?: unknown; extra?: { executionId?: string } };
	};
	executionData?: { contextData?: Record<string, Record<string, unknown> | undefined> };
}

type Read = (executionId: string) => Promise<Stored | undefined>;

/** The maximum share of a run's time that checks may take. */
const maxShare = 1 / 10;

/** The longest interval between checks, in ms. */
const longestInterval = 20_000;

/** How long a read may take, in ms, before others need not wait for it. */
const patience = 60_000;

/** A check that takes less time than this may be repeated at once, in ms. */
const quick = 20;

/**
 * Checks in n8n's stored data whether an execution was stopped, and whether its results are there. In queue mode, n8n (2.41.1) does not notify a
 * worker if a webhook processor enqueued the execution, and a worker starts executions that were stopped in the
 * queue.
 * @see https://github.com/n8n-io/n8n/issues/25165
 */
export class StoredExecution {
	private readonly read: Read | undefined;

	private readonly id: string;

	/** The name of the node's context in n8n's data. */
	private readonly node: string;

	/** When the next check is due, in ms since 1970. */
	private due = 0;

	/** Keeps no reference to the execution, whose garbage collection signals its end. */
	constructor(context: IExecuteFunctions) {
		// The context's `getExecutionDataById` does the same, but keeps a reference to all of it.
		const { additionalData } = context as { additionalData?: { getRunExecutionData?: Read } };
		this.id = context.getExecutionId();
		// Without an ID, n8n would read any execution.
		this.read = this.id ? additionalData?.getRunExecutionData : undefined;
		this.node = `node:${context.getNode().name}`;
	}

	/** The time until the next check is due, in ms: n8n reads the execution's items as well, which is slow. */
	get dueIn(): number {
		return Math.max(0, this.due - Date.now());
	}

	/** Whether the execution was stopped; undefined if that cannot be read. */
	async wasStopped(): Promise<boolean | undefined> {
		if (!this.read) return false;
		const begun = Date.now();
		const read = this.read(this.id).then(
			(data) => isStopped(data, this.id),
			() => undefined,
		);
		const wasStopped = await read;
		const took = Date.now() - begun;
		this.due = took < quick ? 0 : Date.now() + Math.min(took / maxShare, longestInterval);
		return wasStopped;
	}

	/**
	 * Whether n8n has stored an ended execution with what the node has in its context, or deleted it; undefined if that
	 * cannot be read. If its database failed meanwhile, it has not, and may run all of it again.
	 * @param isThere whether the node's stored context is as new as it must be
	 */
	async hasResults(
		isThere: (context: Record<string, unknown>) => boolean,
	): Promise<boolean | undefined> {
		const { read, id, node } = this;
		if (!read) return true;
		const has = (stored: Stored | undefined) =>
			!stored ||
			(!isStopped(stored, id) && isThere(stored.executionData?.contextData?.[node] ?? {}));
		const tooLong = sleep(patience).then(() => undefined);
		return await Promise.race([read(id).then(has), tooLong]).catch(() => undefined);
	}
}

/** A retry starts with the stored data of the execution that it repeats, including that one's stop. */
function isStopped(stored: Stored | undefined, id: string): boolean {
	const { message, extra } = stored?.resultData?.error ?? {};
	// Nodes throw anything.
	return String(message).startsWith('The execution was cancelled') && extra?.executionId === id;
}
