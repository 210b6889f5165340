import type { Failure } from '../../../../shared/api/failure';
import {
	defaultRetryPolicy,
	isAtCapacity,
	nextWait,
	nextWaitForCapacity,
} from '../../../../shared/api/retryPolicy';
import type { CallsInProgress } from './callsInProgress';

/** Decides about retries of a call that AlloMia certainly did not accept. */
export class DialRetry {
	/** The attempts and the ms waited, because AlloMia was at capacity and for other reasons. */
	private readonly capacity = { attempts: 0, waited: 0 };

	private readonly other = { attempts: 0, waited: 0 };

	constructor(private readonly inProgress: CallsInProgress) {}

	/**
	 * The wait before the next attempt, in ms; undefined if there is none. For capacity, retries take a minute;
	 * longer while this run's calls may free some, and not at all once another item has waited in vain.
	 */
	async nextWait(failure: Failure): Promise<number | undefined> {
		const spent = isAtCapacity(failure) ? this.capacity : this.other;
		spent.attempts += 1;
		const wait =
			spent === this.capacity
				? await this.waitForCapacity()
				: nextWait(failure, spent.attempts, spent.waited, Math.random());
		spent.waited += wait ?? 0;
		return wait;
	}

	private async waitForCapacity(): Promise<number | undefined> {
		const { attempts, waited } = this.capacity;
		const since = Math.min(waited, this.inProgress.unchangedFor);
		const wait = this.inProgress.isHopeless
			? undefined
			: nextWaitForCapacity(attempts, since, Math.random());
		if (wait !== undefined) return wait;
		return (await this.inProgress.mayFreeCapacity()) ? defaultRetryPolicy.longestWait : undefined;
	}
}
