import { suite } from './testFiles';

/** The model of the ledger, with a few schedules and in this process, so that mutants are active there. */
suite('model', () => {
	it.each(['regular', 'queue'])('the ledger holds in its model (%s mode)', async (mode) => {
		const { playMany } = await import('../ledgerModel/schedules');
		await playMany(mode === 'queue', 150, 2026);
	});
});
