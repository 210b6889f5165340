import { call, credential, numbers, simulator } from './bench';
import { errorOf, execute } from './engine';

jest.mock('time-zones', () => {
	throw new Error('The time zones are loaded');
});

it('the time zones of numbers are loaded only where calling hours are set', async () => {
	const items = numbers('+15145551234');
	const run = async (options: object) =>
		await execute({ parameters: call({ options: { ...options } }), credential, items });
	expect((await run({ maxInProgress: 1 })).status).toBe('success');
	expect(simulator.dials).toHaveLength(1);
	expect(errorOf(await run({ callingHours: 'canada' })).message).toBe('The time zones are loaded');
});
