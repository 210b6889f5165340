import type { Failure } from './failure';

/** How often and how long a request is retried that AlloMia certainly did not accept. */
export interface RetryPolicy {
	/** The maximum number of attempts, including the first. */
	attempts: number;
	/** The wait before the second attempt, in ms. It doubles with each further one. */
	firstWait: number;
	/** The maximum of these waits, in ms. */
	longestWait: number;
	/** The longest Retry-After to wait for, in ms. */
	longestRetryAfter: number;
	/** The maximum of all waits together, in ms. */
	totalWait: number;
}

/** The retry policy of all requests. */
export const defaultRetryPolicy: RetryPolicy = {
	attempts: 4,
	firstWait: 500,
	longestWait: 10_000,
	longestRetryAfter: 30_000,
	totalWait: 60_000,
};

/**
 * Whether AlloMia accepts no more calls for now, without saying for how long (429 without Retry-After): too
 * many may be in progress.
 */
export function isAtCapacity({ kind, httpCode, retryAfter }: Failure): boolean {
	return kind === 'notTaken' && httpCode === 429 && retryAfter === undefined;
}

/**
 * The wait before the next attempt, in ms; undefined if there is none. Retry-After is respected. A request
 * that may have been accepted is never retried.
 * @param attempt the number of attempts so far
 * @param waited ms waited so far
 * @param random from 0 to 1, for jitter
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

/** The wait before the next attempt if AlloMia is at capacity, in ms: any number of attempts within the total wait. */
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
