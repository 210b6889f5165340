import type { IContextObject, IExecuteFunctions } from 'n8n-workflow';
import { lookItUp, type Failure } from './failure';
import { Marks } from './marks';
import type { DispatchAnswer } from './schemas';

/** What is known of an item that was sent to AlloMia in this execution, run and position. */
export type LedgerEntry =
	| { kind: 'answered'; answer: DispatchAnswer }
	| { kind: 'uncertain'; failure: Failure };

interface LedgerRun {
	/** How often this run has been attempted, as far as the execution remembers. */
	attempts: number;
	entries: Record<string, LedgerEntry>;
}

const contextKey = 'alloMiaLedger';

/** What is said of an item whose process died after it was marked and before its answer was kept. */
const attemptedBefore: Failure = {
	kind: 'uncertain',
	message: 'An earlier attempt at this call was cut off',
	description: `n8n ended while it was placing this call. ${lookItUp}`,
};

/**
 * What this node has dialled in this run of this execution, in two layers: the execution's own
 * context, which n8n stores with it (Retry On Fail, a re-run of a failed execution), and marks in
 * n8n's shared store for what dies with a process. Loops are no retries: each run has its own.
 */
export class Ledger {
	private constructor(
		private readonly run: LedgerRun,
		private readonly marks: Marks,
	) {}

	static async open(context: IExecuteFunctions): Promise<Ledger> {
		const node = context.getContext('node');
		const store = (node[contextKey] ??= {}) as IContextObject;
		const name = String(context.evaluateExpression('{{ $runIndex }}', 0));
		const run = (store[name] ??= { attempts: 0, entries: {} }) as LedgerRun;
		const marks = await Marks.open(context, name, run.attempts);
		run.attempts += 1;
		return new Ledger(run, marks);
	}

	/** What is known of an item, or undefined where it has surely not been sent. */
	find(itemIndex: number): LedgerEntry | undefined {
		const known = this.run.entries[itemIndex];
		if (known || itemIndex > this.marks.attempted) return known;
		return { kind: 'uncertain', failure: attemptedBefore };
	}

	/** To be awaited before an item is sent. */
	async announce(itemIndex: number, inFlight: number): Promise<void> {
		await this.marks.mark(itemIndex, inFlight);
		await this.marks.pending;
	}

	record(itemIndex: number, entry: LedgerEntry): void {
		this.run.entries[itemIndex] = entry;
	}

	/** Forgets the answers of this run. To be called once nothing of it can be attempted again. */
	close(): void {
		this.run.entries = {};
	}
}
