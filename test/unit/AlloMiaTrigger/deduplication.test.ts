import { RecentKeys } from '../../../nodes/AlloMiaTrigger/deduplication';

describe('events seen', () => {
	it('start a workflow once, however often they arrive', () => {
		const keys = new RecentKeys(10);
		expect(keys.add('trigger', 'a')).toBe(true);
		expect(keys.has('trigger', 'a')).toBe(true);
		expect(keys.add('trigger', 'a')).toBe(false);
		expect(keys.add('trigger', 'b')).toBe(true);
		expect(keys.add('another', 'a')).toBe(true);
	});

	it('take no more memory than they may: the oldest is forgotten first', () => {
		const keys = new RecentKeys(2);
		['a', 'b', 'c'].forEach((key) => keys.add('trigger', key));
		expect(['a', 'b', 'c'].map((key) => keys.has('trigger', key))).toEqual([false, true, true]);
		for (let index = 0; index < 10_000; index += 1) keys.add('trigger', `k${index}`);
		expect(keys.has('trigger', 'k9999')).toBe(true);
		expect(keys.has('trigger', 'k9997')).toBe(false);
	});

	it('of a trigger that has many take nothing from the others', () => {
		const keys = new RecentKeys(100);
		for (let index = 0; index < 10; index += 1) keys.add('quiet', `k${index}`);
		for (let index = 0; index < 10_000; index += 1) keys.add('busy', `k${index}`);
		expect(keys.has('quiet', 'k0')).toBe(true);
		expect(keys.has('busy', 'k9910')).toBe(true);
		expect(keys.has('busy', 'k9909')).toBe(false);
	});

	it('take no more memory than they may with any number of triggers', () => {
		const keys = new RecentKeys(100);
		const kept = () => {
			const all = Array.from({ length: 1_000 }, (_, index) => keys.has(`t${index}`, 'a'));
			return all.filter(Boolean).length;
		};
		for (let index = 0; index < 1_000; index += 1) keys.add(`t${index}`, 'a');
		expect(kept()).toBe(100);
		expect((Reflect.get(keys, 'keys') as Map<string, unknown>).size).toBe(100);
		expect(keys.has('t999', 'a')).toBe(true);
	});

	it('count no more once they are removed', () => {
		const keys = new RecentKeys(2);
		keys.add('trigger', 'a');
		keys.remove('trigger', 'a');
		keys.remove('trigger', 'unknown');
		expect(keys.has('trigger', 'a')).toBe(false);
		expect((Reflect.get(keys, 'keys') as Map<string, unknown>).size).toBe(0);
		['a', 'b'].forEach((key) => keys.add('trigger', key));
		expect(['a', 'b'].map((key) => keys.has('trigger', key))).toEqual([true, true]);
	});

	it('are told apart where their names are those of JavaScript’s own', () => {
		const keys = new RecentKeys(10);
		expect(keys.has('__proto__', '__proto__')).toBe(false);
		expect(keys.add('__proto__', 'constructor')).toBe(true);
		expect(keys.has('__proto__', 'constructor')).toBe(true);
	});
});
