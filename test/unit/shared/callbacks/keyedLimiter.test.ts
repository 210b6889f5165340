import { KeyedLimiter } from '../../../../nodes/shared/callbacks/keyedLimiter';

/** A task, and what ends it. */
function held() {
	let end = (): void => {};
	const body = new Promise<string>((resolve) => (end = () => resolve('done')));
	return { body: async () => await body, end };
}

const never = jest.fn(async () => 'not to be run');

describe('the limiter', () => {
	afterEach(() => expect(never).not.toHaveBeenCalled());

	it('rejects at once what exceeds the limit of its key, and of no other', async () => {
		const limiter = new KeyedLimiter(10);
		const { body, end } = held();
		const waiting = [limiter.run('a', 2, body), limiter.run('a', 2, body)];
		expect(await limiter.run('a', 2, never)).toBeUndefined();
		expect(await limiter.run('b', 2, async () => 'run')).toBe('run');
		end();
		expect(await Promise.all(waiting)).toEqual(['done', 'done']);
		expect(await limiter.run('a', 2, async () => 'run')).toBe('run');
	});

	it('rejects what exceeds the limit of all keys', async () => {
		const limiter = new KeyedLimiter(2);
		const { body, end } = held();
		const waiting = [limiter.run('a', 2, body), limiter.run('b', 2, body)];
		expect(await limiter.run('c', 2, never)).toBeUndefined();
		end();
		await Promise.all(waiting);
	});

	it('makes room when a task fails, and keeps no empty entries', async () => {
		const limiter = new KeyedLimiter(1);
		for (const name of ['a', 'b', 'c']) {
			const failing = limiter.run(name, 1, async () => await Promise.reject(new Error('gone')));
			await expect(failing).rejects.toThrow('gone');
		}
		expect(Reflect.get(limiter, 'running')).toEqual(new Map());
	});
});
