import { RecentKeys } from '../../nodes/shared/duplicates';

describe('events seen', () => {
	it('start a workflow once, however often they arrive', () => {
		const keys = new RecentKeys(10);
		expect(keys.add('a')).toBe(true);
		expect(keys.has('a')).toBe(true);
		expect(keys.add('a')).toBe(false);
		expect(keys.add('b')).toBe(true);
	});

	it('take no more memory than they may: the oldest is forgotten first', () => {
		const keys = new RecentKeys(2);
		['a', 'b', 'c'].forEach((key) => keys.add(key));
		expect(['a', 'b', 'c'].map((key) => keys.has(key))).toEqual([false, true, true]);
		for (let index = 0; index < 10_000; index += 1) keys.add(`k${index}`);
		expect(keys.has('k9999')).toBe(true);
		expect(keys.has('k9997')).toBe(false);
	});

	it('are told apart where their names are those of JavaScript’s own', () => {
		const keys = new RecentKeys(10);
		expect(keys.has('__proto__')).toBe(false);
		expect(keys.add('constructor')).toBe(true);
	});
});
