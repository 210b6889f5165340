import {
	currentUrl,
	isRegistered,
	ownTrigger,
	register,
	unregister,
	type TriggerStore,
} from '../../nodes/shared/triggerRegistry';

const baseUrl = 'https://n8n.example.com/';
const path = (id: string) => `webhook/${id}/webhook`;
const url = (id: string) => `${baseUrl}${path(id)}`;

describe('the triggers of a workflow', () => {
	it('are none before any was activated', () => {
		expect(ownTrigger({})).toEqual({ kind: 'none' });
		expect(isRegistered({}, 'n1', url('1'))).toBe(false);
	});

	it('are found under the name that users’ workflows rely on', () => {
		const store: TriggerStore = {};
		register(store, 'n1', { name: 'East', url: url('1'), baseUrl });
		expect(store.alloMiaTrigger).toBe(url('1'));
		expect(ownTrigger(store)).toEqual({ kind: 'one', path: path('1') });
		expect(isRegistered(store, 'n1', url('1'))).toBe(true);
		expect(isRegistered(store, 'n1', url('2'))).toBe(false);
		expect(isRegistered(store, 'n2', url('1'))).toBe(false);
	});

	it('are named where there are several, and nothing is guessed', () => {
		const store: TriggerStore = {};
		register(store, 'n1', { name: 'East', url: url('1'), baseUrl });
		register(store, 'n2', { name: 'West', url: url('2'), baseUrl });
		expect(ownTrigger(store)).toEqual({ kind: 'several', names: ['East', 'West'] });
	});

	it('count once where one is activated again', () => {
		const store: TriggerStore = {};
		register(store, 'n1', { name: 'East', url: url('1'), baseUrl });
		register(store, 'n1', { name: 'Renamed', url: url('1b'), baseUrl });
		expect(ownTrigger(store)).toEqual({ kind: 'one', path: path('1b') });
	});

	it.each([
		['n1', '2'],
		['n2', '1'],
	])('are clear again once %s has gone', (gone, left) => {
		const store: TriggerStore = {};
		register(store, 'n1', { name: 'East', url: url('1'), baseUrl });
		register(store, 'n2', { name: 'West', url: url('2'), baseUrl });
		unregister(store, gone);
		expect(ownTrigger(store)).toEqual({ kind: 'one', path: path(left) });
		expect(store.alloMiaTrigger).toBe(url(left));
	});

	it('leave nothing behind', () => {
		const store: TriggerStore = {};
		register(store, 'n1', { name: 'East', url: url('1'), baseUrl });
		unregister(store, 'n1');
		unregister(store, 'n1');
		expect(store).toEqual({});
	});
});

describe('a trigger’s URL under the address that n8n has today', () => {
	const today = (store: TriggerStore, address: string): string => {
		const trigger = ownTrigger(store);
		if (trigger.kind !== 'one') throw new Error('there is no trigger');
		return currentUrl(trigger.path, `${address}/webhook-waiting/17?signature=abc`);
	};

	it.each<[string, string, string]>([
		['the same host', 'https://a.example', 'https://a.example'],
		['another host', 'https://a.example', 'https://b.example'],
		['another port', 'http://localhost:5678', 'http://localhost:5680'],
		['https since', 'http://a.example', 'https://a.example'],
		['a base path since', 'https://a.example', 'https://a.example/n8n'],
		['no base path since', 'https://a.example/n8n', 'https://a.example'],
		['a deep base path', 'https://a.example/x/y', 'https://b.example/p/q/r'],
		['a host that begins alike', 'https://a.example.com', 'https://a.example'],
	])('is right with %s', (_, old, address) => {
		for (const endpoint of ['webhook', 'hooks', 'api/hooks']) {
			const store: TriggerStore = {};
			const stored = `${old}/${endpoint}/3f0c/webhook`;
			register(store, 'n1', { name: 'East', url: stored, baseUrl: `${old}/` });
			expect(today(store, address)).toBe(`${address}/${endpoint}/3f0c/webhook`);
		}
	});

	it('is right where the editor has an address of its own', () => {
		const store: TriggerStore = {};
		const stored = 'https://hooks.example/n8n/webhook/3f0c/webhook';
		register(store, 'n1', { name: 'East', url: stored, baseUrl: 'https://editor.example/' });
		expect(today(store, 'https://b.example')).toBe('https://b.example/webhook/3f0c/webhook');
	});

	it('is right where only the URL was stored', () => {
		const store: TriggerStore = { alloMiaTrigger: 'https://a.example/webhook/3f0c/webhook' };
		expect(today(store, 'https://b.example')).toBe('https://b.example/webhook/3f0c/webhook');
	});
});
