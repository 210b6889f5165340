import {
	decideNext,
	isComplete,
	markResumed,
	recordOutcome,
	screen,
	startProgress,
	type WaitRequest,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitProgress';
import { responses } from '../../../../../../nodes/shared/callbacks/responses';

const deadline = 1_000_000;
const early = deadline - 60_000;
const call = (itemIndex: number, status = 'calling') => ({
	itemIndex,
	call: { outboundCallId: `call-${itemIndex}`, contactId: 'c', status },
});

/** A wait for two calls, beside one that has ended and an item that failed. */
const start = () =>
	startProgress({
		wait: '7/n/0',
		deadline,
		outputPerStatus: false,
		items: [call(0), call(1), call(2, 'busy'), { itemIndex: 3, error: { message: 'No' } }],
	});

type Options = Partial<WaitRequest> & { of?: number; status?: string };
const request = ({ of = 0, status = 'busy', ...more }: Options = {}): WaitRequest => ({
	event: { outboundCallId: `CALL-${of}`, status },
	context: { itemIndex: of },
	isReconciliation: false,
	...more,
});
const unsigned = { context: undefined };
const ours = { isReconciliation: true, status: 'calling' };

describe('a request that needs no authentication', () => {
	it.each<[string, Options, object | undefined]>([
		['the outcome of an open call', {}, undefined],
		['without a signature as well', unsigned, undefined],
		['of a call that is not waited for', { of: 9 }, responses.unverified],
		['with the signature of another call', { context: { itemIndex: 1 } }, responses.unverified],
		['of a call that goes on', { status: 'calling' }, responses.ignoredStatus],
		['of a call that had ended before', { of: 2 }, responses.duplicate],
		['of an item without a call', { of: 3 }, responses.unverified],
		['our own', ours, undefined],
		['one that only says to be ours', { ...ours, ...unsigned }, responses.ignoredStatus],
	])('%s', (_, options, expected) => {
		expect(screen(start(), request(options), early)).toEqual(expected);
	});

	it('is a duplicate while the execution is being resumed, and counts again if n8n fails to', () => {
		const progress = start();
		markResumed(progress, early);
		for (const options of [{}, unsigned, ours]) {
			expect(screen(progress, request(options), early + 29_999)).toEqual(responses.duplicate);
			expect(screen(progress, request(options), early + 30_000)).toBeUndefined();
		}
	});
});

describe('after authentication', () => {
	it.each<[string, Options, object]>([
		['a signed callback is followed by a reconciliation', {}, { reconcile: false, schedule: true }],
		['any other asks about the rest at once', unsigned, { reconcile: true, schedule: false }],
		['our own request records nothing', ours, { reconcile: true, schedule: false }],
	])('%s', (_, options, expected) => {
		const step = decideNext(start(), request(options), early);
		expect(step).toMatchObject(expected);
		expect('call' in step).toBe(options !== ours);
	});

	it('a signed callback asks about the rest at once where the time is up', () => {
		expect(decideNext(start(), request(), deadline)).toMatchObject({ reconcile: true });
	});

	it('our own request leaves it to the callbacks that are coming in', () => {
		const progress = { ...start(), lastCallback: early };
		const reconcile = (at: number, more = {}) =>
			decideNext({ ...progress, ...more }, request(ours), at);
		expect(reconcile(early + 899)).toMatchObject({ reconcile: false });
		expect(reconcile(early + 900)).toMatchObject({ reconcile: true });
		expect(reconcile(early + 900, { isReconciling: true })).toMatchObject({ reconcile: false });
		expect(reconcile(deadline, { isReconciling: true })).toMatchObject({ reconcile: true });
	});

	it('an outcome that has come meanwhile is a duplicate', () => {
		const progress = start();
		const next = decideNext(progress, request(), early);
		if (!('call' in next) || !next.call) throw new Error('It names no call');
		recordOutcome(progress, next.call, { status: 'busy' });
		expect(decideNext(progress, request(), early)).toEqual(responses.duplicate);
	});
});

describe('the execution is resumed', () => {
	it('once all calls have ended, or once the time is up and AlloMia was asked', () => {
		const progress = start();
		const complete = () =>
			[early, deadline].flatMap((now) => [false, true].map((it) => isComplete(progress, it, now)));
		expect(complete()).toEqual([false, false, false, true]);
		for (const open of progress.open) recordOutcome(progress, open, { status: 'busy' });
		expect(complete()).toEqual([true, true, true, true]);
	});

	it('once, unless n8n has failed to: then all outcomes are open again', () => {
		const progress = start();
		for (const open of progress.open) recordOutcome(progress, open, { status: 'busy' });
		markResumed(progress, early);
		expect([progress.open.size, progress.outcomes.size]).toEqual([2, 0]);
		expect(isComplete(progress, true, early + 1)).toBe(false);
		expect(isComplete(progress, true, deadline)).toBe(true);
	});
});
