import { N8N_NODES_API_VERSION, sleep, type IExecuteFunctions } from 'n8n-workflow';

type Read = (
	executionId: string,
) => Promise<{ executionData?: { runtimeData?: { establishedAt?: number } } } | undefined>;

/** How an execution may begin without n8n's storing the moment first, also in a newer n8n. */
const unsure = ['integrated', 'manual', 'cli', 'evaluation', 'retry'];

/** Whether n8n stores the moment first: since 2.36; this constant is there since 2.39. */
const storesMoment = (mode: string) =>
	(N8N_NODES_API_VERSION as number | undefined) !== undefined && !unsure.includes(mode);

/** The waits between the tries to read what n8n has stored, in ms. */
const waits = [50, 200, 800];

/**
 * What ties an execution to its re-run: the moment at which it was established, where n8n stores that
 * before the execution begins. Where it does not, the re-run has a moment of its own, and nothing ties
 * the two.
 */
export class Origin {
	/** Unix time in ms; undefined before n8n 1.121. */
	readonly established: number | undefined;

	private readonly id: string;

	private readonly mode: string;

	/** How the execution began that was established then; a re-run that was established anew says `retry`. */
	private readonly source: string;

	/** `getExecutionDataById` of the context is the same, but holds on to all of it. */
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

	/** Whether the moment may tell a re-run of it, though it is not sure that it does. */
	get mayBeKnownByMoment(): boolean {
		return this.established !== undefined && this.source !== 'retry';
	}

	/** Whether a re-run of it may have another moment, or none. */
	get mayBeKnownByNothing(): boolean {
		return this.established === undefined || !storesMoment(this.source);
	}

	/** Whether a re-run of it will have the same moment, as far as that is known now. */
	async isStored(): Promise<boolean> {
		if (!this.mayBeKnownByMoment) return false;
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
