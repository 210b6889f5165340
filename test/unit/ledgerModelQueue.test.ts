import { trySchedules } from './model/schedules';

describe('the ledger in queue mode, in a model of n8n’s store', () => {
	it('calls nobody twice, and leaves few alone, whatever is killed or fails', async () => {
		await trySchedules(true);
	}, 540_000);
});
