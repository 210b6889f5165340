import { limit, playIn } from '../../../../../ledgerModel/run';

describe('the ledger, in a model of n8n’s store', () => {
	it.concurrent.each(['regular', 'queue'] as const)(
		'calls nobody twice, and leaves few alone, whatever is killed or fails (%s mode)',
		async (mode) => {
			expect(await playIn(mode)).toContain('hold');
		},
		limit,
	);
});
