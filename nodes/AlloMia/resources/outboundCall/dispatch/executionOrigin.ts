import { N8N_NODES_API_VERSION, sleep, type IExecuteFunctions } from 'n8n-workflow';

type Read = (
	executionId: string,
) => Promise<{ executionData?: { runtimeData?: { establishedAt?: number } } } | undefined>;

/** The modes in which n8n does not store the establishing time before the execution starts, even in newer versions. */
const unstoredModes = ['integrated', 'manual', 'cli', 'evaluation', 'retry'];

/** Whether n8n stores the establishing time first: since 2.36; this constant exists since 2.39. */
const storesTime = (mode: string) =>
	(N8N_NODES_API_VERSION as number | undefined) !== undefined && !unstoredModes.includes(mode);

/** The waits between attempts to read the stored execution, in ms. */
const waits = [50, 200, 800];

/**
 * Relates an execution to its retries by the time at which it was established. That only works if n8n stores
 * this time before the execution starts; otherwise a retry has another one, and nothing relates them.
 */
export class Origin {
	/** Unix time in ms; undefined before n8n 1.121. */
	readonly established: number | undefined;

	private readonly id: string;

	private readonly mode: string;

	/** The mode of the execution that was established; `retry` if a retry was established anew. */
	private readonly source: string;

	/** The context's `getExecutionDataById` does the same, but keeps a reference to all of it. */
	private readonly read: Read | undefined;

	constructor(context: IExecuteFunctions) {
		const { establishedAt, source } = context.getExecutionContext?.() ?? {};
		const { additionalData } = context as { additionalData?: { getRunExecutionData?: Read } };
		this.established = establishedAt;
		this.id = context.getExecutionId();
		this.mode = context.getMode();
		this.source = source ?? this.mode;
		this.read = additionalData?.getRunExecutionData;
	}

	/** Whether a retry may have the same time. */
	get mayBeKnownByTime(): boolean {
		return this.established !== undefined && this.source !== 'retry';
	}

	/** Whether a retry may have another time, or none. */
	get mayBeKnownByNothing(): boolean {
		return this.established === undefined || !storesTime(this.source);
	}

	/** Whether a retry will have the same time, as far as is known. */
	async isStored(): Promise<boolean> {
		if (!this.mayBeKnownByTime) return false;
		if (!this.mayBeKnownByNothing || this.mode === 'retry') return true;
		for (let attempt = 0; ; attempt += 1) {
			try {
				const stored = await this.read?.(this.id);
				return stored?.executionData?.runtimeData?.establishedAt === this.established;
			} catch {
				const wait = waits[attempt];
				if (wait === undefined) return false;
				await sleep(wait);
			}
		}
	}
}
