import { KeyedLimiter } from '../../../../nodes/shared/callbacks/keyedLimiter';

/** Something to wait for, and what ends the wait. */
function held() {
	let end = (): void => {};
	const body = new Promise<string>((resolve) => (end = () => resolve('done')));
	return { body: async () => await body, end };
}

const never = jest.fn(async () => 'not to be waited for');

describe('waiting lines', () => {
	afterEach(() => expect(never).not.toHaveBeenCalled());

	it('send away at once whoever is one too many in a line, and nobody in another', async () => {
		const lines = new KeyedLimiter(10);
		const { body, end } = held();
		const waiting = [lines.run('a', 2, body), lines.run('a', 2, body)];
		expect(await lines.run('a', 2, never)).toBeUndefined();
		expect(await lines.run('b', 2, async () => 'let in')).toBe('let in');
		end();
		expect(await Promise.all(waiting)).toEqual(['done', 'done']);
		expect(await lines.run('a', 2, async () => 'let in')).toBe('let in');
	});

	it('send away whoever is one too many in all', async () => {
		const lines = new KeyedLimiter(2);
		const { body, end } = held();
		const waiting = [lines.run('a', 2, body), lines.run('b', 2, body)];
		expect(await lines.run('c', 2, never)).toBeUndefined();
		end();
		await Promise.all(waiting);
	});

	it('make room where the wait fails, and keep nothing of a line that is empty', async () => {
		const lines = new KeyedLimiter(1);
		for (const name of ['a', 'b', 'c']) {
			const failing = lines.run(name, 1, async () => await Promise.reject(new Error('gone')));
			await expect(failing).rejects.toThrow('gone');
		}
		expect(Reflect.get(lines, 'lines')).toEqual(new Map());
	});
});
