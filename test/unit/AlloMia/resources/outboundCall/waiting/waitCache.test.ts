import { WaitCache } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/waitCache';
import { grace } from '../../../../../../nodes/AlloMia/resources/outboundCall/waiting/reconciliation';

const wait = (name: string, calls = 1, deadline = Date.now() + 60_000) => ({
	wait: name,
	deadline,
	calls: new Map(Array.from({ length: calls }, (_, index) => [String(index), {}])),
});

const known = (waits: WaitCache<ReturnType<typeof wait>>, names: string) =>
	[...names].filter((name) => waits.get(name) !== undefined).join('');

describe('what a process knows of waits', () => {
	it('is bounded: the oldest are forgotten', () => {
		const waits = new WaitCache<ReturnType<typeof wait>>({ waits: 3, calls: 100 });
		for (const name of 'abcde') waits.add(wait(name));
		expect(known(waits, 'abcde')).toBe('cde');
	});

	it('is bounded by the number of calls, too; the newest is always known', () => {
		const waits = new WaitCache<ReturnType<typeof wait>>({ waits: 100, calls: 10 });
		for (const name of 'abc') waits.add(wait(name, 4));
		expect(known(waits, 'abc')).toBe('bc');
		waits.add(wait('c', 2));
		waits.add(wait('d', 4));
		expect(known(waits, 'abcd')).toBe('bcd');
		waits.add(wait('e', 11));
		expect(known(waits, 'abcde')).toBe('e');
	});

	it('is forgotten once they are over', () => {
		const waits = new WaitCache<ReturnType<typeof wait>>({ waits: 100, calls: 100 });
		waits.add(wait('a', 1, Date.now() - grace - 1));
		waits.add(wait('b'));
		expect(known(waits, 'ab')).toBe('b');
	});
});
