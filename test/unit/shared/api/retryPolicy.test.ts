import type { Failure } from '../../../../nodes/shared/api/failure';
import {
	defaultRetryPolicy,
	isAtCapacity,
	nextWait,
	nextWaitForCapacity,
} from '../../../../nodes/shared/api/retryPolicy';

const failure = (kind: Failure['kind'], retryAfter?: number): Failure => ({
	kind,
	message: '',
	description: '',
	...(retryAfter === undefined ? {} : { retryAfter }),
});

describe('a call that AlloMia has surely not taken', () => {
	it('is sent again after waits that double', () => {
		const waits = [1, 2, 3].map((attempt) => nextWait(failure('notTaken'), attempt, 0, 0));
		expect(waits).toEqual([500, 1000, 2000]);
	});

	it('is given up after the last attempt', () => {
		const { attempts } = defaultRetryPolicy;
		expect(nextWait(failure('notTaken'), attempts, 0, 0)).toBeUndefined();
		expect(nextWait(failure('notTaken'), attempts + 1, 0, 0)).toBeUndefined();
	});

	it('waits as long as AlloMia asks for', () => {
		expect(nextWait(failure('notTaken', 7000), 1, 0, 0)).toBe(7000);
		// But never less than the back-off.
		expect(nextWait(failure('notTaken', 0), 3, 0, 0)).toBe(2000);
	});

	it.each([
		[30_000, 0, 30_000],
		[30_001, 0, undefined],
		[30_000, 30_000, 30_000],
		[30_000, 30_001, undefined],
		[3_600_000, 0, undefined],
	])('does not keep a workflow for long: asked %d ms, waited %d ms', (asked, waited, expected) => {
		expect(nextWait(failure('notTaken', asked), 1, waited, 0)).toBe(expected);
	});

	it('spreads those who wait for the same reason, by a quarter at most', () => {
		expect(nextWait(failure('notTaken'), 1, 0, 1)).toBe(625);
	});
});

describe('a call for which AlloMia has no room (429 without Retry-After)', () => {
	const noRoom: Failure = { ...failure('notTaken'), httpCode: 429 };

	it('is sent again for a minute', () => {
		const waits: number[] = [];
		for (let waited = 0, wait; waits.length < 99; waited += wait) {
			wait = nextWaitForCapacity(waits.length + 1, waited, 0);
			if (wait === undefined) break;
			waits.push(wait);
		}
		expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 4500]);
	});

	it.each<[string, Partial<Failure>, boolean]>([
		['429 without Retry-After', {}, true],
		['429 with Retry-After', { retryAfter: 0 }, false],
		['503', { httpCode: 503 }, false],
		['no answer', { httpCode: undefined }, false],
		['429 that may have been taken', { kind: 'uncertain' }, false],
	])('is told from others: %s', (_, other, expected) => {
		expect(isAtCapacity({ ...noRoom, ...other })).toBe(expected);
	});
});

describe('a call that may have been placed', () => {
	it('is never sent again by itself', () => {
		expect(nextWait(failure('uncertain'), 1, 0, 0)).toBeUndefined();
		expect(nextWait(failure('uncertain', 1000), 1, 0, 0)).toBeUndefined();
	});
});

it('a refused call is never sent again', () => {
	expect(nextWait(failure('refused', 1000), 1, 0, 0)).toBeUndefined();
});
