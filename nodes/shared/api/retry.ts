import type { Failure } from './failure';

/** How often and how long a request that AlloMia has surely not taken is sent again. */
export interface RetryPolicy {
	/** Sends in all, the first included. */
	attempts: number;
	/** The first wait, in ms; it doubles each time. */
	firstWait: number;
	/** The longest of these waits, in ms. */
	longestWait: number;
	/** The longest Retry-After that is waited for, in ms. */
	longestRetryAfter: number;
	/** The longest time spent waiting in all, in ms. */
	totalWait: number;
}

export const defaultRetryPolicy: RetryPolicy = {
	attempts: 4,
	firstWait: 500,
	longestWait: 10_000,
	longestRetryAfter: 30_000,
	totalWait: 60_000,
};

/**
 * Whether AlloMia takes no more for now, and does not say for how long (429 without Retry-After): too many
 * calls may be in progress.
 */
export function isAtCapacity({ kind, httpCode, retryAfter }: Failure): boolean {
	return kind === 'notTaken' && httpCode === 429 && retryAfter === undefined;
}

/**
 * How long to wait before the next attempt, in ms, or undefined where there is to be none. The wait
 * that AlloMia asks for is honoured: if it is too long, there is no next attempt. What may have been
 * taken is never sent again.
 * @param attempt how many have been made
 * @param waited ms waited so far
 * @param random from 0 to 1: spreads those who wait for the same reason
 */
export function nextWait(
	failure: Failure,
	attempt: number,
	waited: number,
	random: number,
	policy = defaultRetryPolicy,
): number | undefined {
	if (failure.kind !== 'notTaken' || attempt >= policy.attempts) return undefined;
	if ((failure.retryAfter ?? 0) > policy.longestRetryAfter) return undefined;
	const wait = Math.max(failure.retryAfter ?? 0, backOff(attempt, random, policy));
	return waited + wait <= policy.totalWait ? wait : undefined;
}

/** The same for a call for which AlloMia has no room: until the total wait is over. */
export function nextWaitForCapacity(
	attempt: number,
	waited: number,
	random: number,
	policy = defaultRetryPolicy,
): number | undefined {
	const left = policy.totalWait - waited;
	return left > 0 ? Math.min(backOff(attempt, random, policy), left) : undefined;
}

function backOff(attempt: number, random: number, policy: RetryPolicy): number {
	return Math.min(policy.firstWait * 2 ** (attempt - 1), policy.longestWait) * (1 + random / 4);
}
