import type { IExecuteFunctions } from 'n8n-workflow';

/** What is of use here of n8n's IRunExecutionData. */
interface Stored {
	resultData?: { error?: { message?: string; extra?: { executionId?: string } } };
}

type Read = (executionId: string) => Promise<Stored | undefined>;

/** The share of a list's time that its looks may take, at most. */
const share = 1 / 10;

/** The longest time not to look, in ms. */
const longest = 20_000;

/** A look that takes less than this costs nothing, in ms. */
const quick = 20;

/**
 * Tells from what n8n has stored whether an execution was stopped. In queue mode, n8n (2.41.1) does not
 * tell a worker of a stop where a webhook processor had handed the execution out, and a worker begins
 * with what was stopped in the queue.
 * @see https://github.com/n8n-io/n8n/issues/25165
 */
export class StoredExecution {
	private readonly read: Read | undefined;

	private readonly id: string;

	/** When the next look is due. */
	private due = 0;

	/** Holds on to nothing of the execution: that n8n lets go of it tells that it is over. */
	constructor(context: IExecuteFunctions) {
		// `getExecutionDataById` of the context is the same, but holds on to all of it.
		const { additionalData } = context as { additionalData?: { getRunExecutionData?: Read } };
		this.read = additionalData?.getRunExecutionData;
		this.id = context.getExecutionId();
	}

	/** How long not to look again, in ms: n8n reads the items of the execution as well. */
	get pause(): number {
		return Math.max(0, this.due - Date.now());
	}

	/** Whether it was stopped; undefined where that cannot be read. */
	async wasStopped(): Promise<boolean | undefined> {
		if (!this.read) return false;
		const begun = Date.now();
		const stored = this.read(this.id).then(
			(data) => isStopped(data, this.id),
			() => undefined,
		);
		const answer = await stored;
		const took = Date.now() - begun;
		this.due = took < quick ? 0 : Date.now() + Math.min(took / share, longest);
		return answer;
	}
}

/** A re-run begins with what was stored of the execution that it repeats, and that one's stop. */
function isStopped(stored: Stored | undefined, id: string): boolean {
	const { message = '', extra } = stored?.resultData?.error ?? {};
	return message.startsWith('The execution was cancelled') && extra?.executionId === id;
}
