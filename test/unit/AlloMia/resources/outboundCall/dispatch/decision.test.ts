import {
	decide,
	type Known,
	type LedgerEntry,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/decision';

const answered: LedgerEntry = {
	kind: 'answered',
	answer: { outboundCallId: 'o', contactId: 'c', status: 'calling' },
};
const uncertain: Known['entry'] = {
	kind: 'uncertain',
	failure: { kind: 'uncertain', message: 'It broke', description: '' },
};

const kindOf = (known: Known, redial = false) => decide(known, redial).kind;

describe('what is done with an item', () => {
	it.each<[string, Known, string, string]>([
		['of which nothing is known', {}, 'dial', 'dial'],
		['that was answered', { entry: answered }, 'answered', 'answered'],
		[
			'that was answered, whatever else is known',
			{ entry: answered, attempted: true, key: 'taken' },
			'answered',
			'answered',
		],
		['that was left uncertain', { entry: uncertain }, 'uncertain', 'dial'],
		['that a dead process may have called', { attempted: true }, 'uncertain', 'dial'],
		[
			'that a dead process may have called, with its key',
			{ attempted: true, key: 'taken' },
			'uncertain',
			'dial',
		],
		['of which the store says nothing', { attemptedUnknown: true }, 'notKnown', 'dial'],
		[
			'of which the store says nothing, not even of its key',
			{ attemptedUnknown: true, key: 'unknown' },
			'notKnown',
			'refused',
		],
		[
			'that a dead process may have called, as another with the same key that is called now',
			{ attempted: true, key: 'takenHere' },
			'uncertain',
			'alreadyCalled',
		],
		[
			'with a key that was called for a moment ago',
			{ key: 'takenHere' },
			'alreadyCalled',
			'alreadyCalled',
		],
		['with a free key', { key: 'free' }, 'dial', 'dial'],
		['with a taken key', { key: 'taken' }, 'alreadyCalled', 'alreadyCalled'],
		[
			'with a key that nobody knows who has',
			{ key: 'perhapsOurs' },
			'uncertainKey',
			'uncertainKey',
		],
		['with a key that may be somebody else’s', { key: 'doubtful' }, 'uncertain', 'uncertain'],
		['with a key that could not be claimed', { key: 'unknown' }, 'refused', 'refused'],
	])('%s', (_what, known, usual, withRedial) => {
		expect([kindOf(known), kindOf(known, true)]).toEqual([usual, withRedial]);
	});

	it('says that somebody may have been called exactly where that may be', () => {
		for (const known of [
			{ attempted: true },
			{ attemptedUnknown: true },
			{ key: 'perhapsOurs' },
			{ key: 'doubtful' },
		]) {
			expect(decide(known as Known, false)).toMatchObject({
				failure: {
					kind: 'uncertain',
					description: expect.stringContaining('may have been placed'),
				},
			});
		}
		expect(decide({ key: 'unknown' }, false)).toMatchObject({
			failure: { kind: 'refused', description: expect.stringContaining('Nobody was called') },
		});
	});
});
