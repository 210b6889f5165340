import type { Failure } from './failure';

/** How often and how long a request that AlloMia has surely not taken is sent again. */
export interface RetryPolicy {
	/** Sends in all, the first included. */
	attempts: number;
	/** The first wait, in ms; it doubles each time. */
	firstWait: number;
	/** The longest Retry-After that is waited for, in ms. */
	longestRetryAfter: number;
	/** The longest time spent waiting in all, in ms. */
	totalWait: number;
}

export const defaultRetryPolicy: RetryPolicy = {
	attempts: 4,
	firstWait: 500,
	longestRetryAfter: 30_000,
	totalWait: 60_000,
};

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
	const backOff = policy.firstWait * 2 ** (attempt - 1) * (1 + random / 4);
	const wait = Math.max(failure.retryAfter ?? 0, backOff);
	return waited + wait <= policy.totalWait ? wait : undefined;
}
