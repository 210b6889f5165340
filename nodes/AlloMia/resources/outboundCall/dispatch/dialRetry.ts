import type { Failure } from '../../../../shared/api/failure';
import {
	defaultRetryPolicy,
	isAtCapacity,
	nextWait,
	nextWaitForCapacity,
} from '../../../../shared/api/retry';
import type { CallsInProgress } from './callsInProgress';

/** How long a call is tried again. */
export class DialRetry {
	/** The attempts and the ms waited: where AlloMia had no room, and for other reasons. */
	private readonly room = { attempts: 0, waited: 0 };

	private readonly other = { attempts: 0, waited: 0 };

	constructor(private readonly inProgress: CallsInProgress) {}

	/**
	 * How long to wait before the next attempt, in ms. For room, a minute; longer where this run's calls may
	 * make it; and no longer once another item has waited for it in vain.
	 */
	async nextWait(failure: Failure): Promise<number | undefined> {
		const spent = isAtCapacity(failure) ? this.room : this.other;
		spent.attempts += 1;
		const wait =
			spent === this.room
				? await this.waitForRoom()
				: nextWait(failure, spent.attempts, spent.waited, Math.random());
		spent.waited += wait ?? 0;
		return wait;
	}

	private async waitForRoom(): Promise<number | undefined> {
		const { attempts, waited } = this.room;
		const since = Math.min(waited, this.inProgress.unchangedFor);
		const wait = this.inProgress.isHopeless
			? undefined
			: nextWaitForCapacity(attempts, since, Math.random());
		if (wait !== undefined) return wait;
		return (await this.inProgress.mayMakeRoom()) ? defaultRetryPolicy.longestWait : undefined;
	}
}
