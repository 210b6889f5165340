import type { IExecuteFunctions } from 'n8n-workflow';

type Read = (
	executionId: string,
) => Promise<{ executionData?: { runtimeData?: { establishedAt?: number } } } | undefined>;

/** Whether this n8n stores the moment before an execution begins, by the execution's mode. */
const storing = new Map<string, boolean>();

/**
 * What an execution has in common with its re-run: the moment at which it was established, where n8n stores
 * that before the execution begins. n8n does so since 2.36 (for webhooks since 2.20).
 */
export class Origin {
	/** Unix time in ms; undefined before n8n 1.121. */
	readonly established: number | undefined;

	private readonly id: string;

	private readonly mode: string;

	/** What established it: a re-run that was established anew says `retry`. */
	private readonly source: string | undefined;

	/** `getExecutionDataById` of the context is the same, but holds on to all of it. */
	private readonly read: Read | undefined;

	constructor(context: IExecuteFunctions) {
		const { establishedAt, source } = context.getExecutionContext?.() ?? {};
		const { additionalData } = context as { additionalData?: { getRunExecutionData?: Read } };
		this.established = establishedAt;
		this.source = source;
		this.id = context.getExecutionId();
		this.mode = context.getMode();
		this.read = additionalData?.getRunExecutionData;
	}

	/**
	 * The moment, or undefined where nothing ties the execution to its re-run.
	 * @throws what n8n's database says
	 */
	async find(): Promise<number | undefined> {
		if (this.established === undefined) return undefined;
		if (this.mode === 'retry') return this.source === 'retry' ? undefined : this.established;
		let isStored = storing.get(this.mode);
		if (isStored === undefined) {
			const stored = await this.read?.(this.id);
			isStored = stored?.executionData?.runtimeData?.establishedAt === this.established;
			storing.set(this.mode, isStored);
		}
		return isStored ? this.established : undefined;
	}
}
