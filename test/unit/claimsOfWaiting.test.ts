import type { IExecuteFunctions } from 'n8n-workflow';
import { ModelProcess } from './model/process';
import { ModelStore } from './model/store';
import { World } from './model/world';

const call = {
	itemIndex: 0,
	body: { phoneNumber: '+15145551234', assistantId: 'a', phoneNumberId: 'p' },
};

/** A ledger of one call, in a process of its own. */
function open(world: World, store: ModelStore, mode: 'webhook' | 'retry') {
	const process = new ModelProcess(world);
	const lifetime = {};
	const context = {
		helpers: store.helpersFor(process, 'node1'),
		getWorkflow: () => ({ id: 'workflow1', active: mode === 'webhook' }),
		getNode: () => ({ id: 'node1', name: 'AlloMia', type: 'n8n-nodes-allomia.alloMia' }),
		getExecutionId: () => mode,
		getExecutionContext: () => ({ establishedAt: 1 }),
		getExecutionCancelSignal: () => undefined,
		getMode: () => mode,
		getContext: () => lifetime,
		evaluateExpression: () => 0,
		logger: { warn: () => {} },
	};
	const settings = { redialOnUncertain: false, keyed: false };
	return process.Ledger.open(context as unknown as IExecuteFunctions, [call], settings);
}

it.each([
	['works', 0],
	['fails for some seconds', 5_900],
])('a call that waited is marked again where the database %s', async (_how, outage) => {
	const world = new World(1);
	const store = new ModelStore(world);
	const ledger = open(world, store, 'webhook');
	const mayCall = () => true;
	const said: string[] = [];
	void (async () => {
		said.push((await ledger.admit(call, mayCall)).kind);
		store.isDown = outage > 0;
		world.after(outage, () => (store.isDown = false));
		said.push((await ledger.rest(call, 7_000, mayCall)).kind);
	})();
	await world.run();
	expect(said).toEqual(['dial', 'dial']);
	// It is being called: whoever runs the execution again is to find it.
	void open(world, store, 'retry')
		.admit(call, mayCall)
		.then(({ kind }) => said.push(kind));
	await world.run();
	expect(said).toEqual(['dial', 'dial', 'uncertain']);
});

it('a call that waits is not marked, so that a re-run calls', async () => {
	const world = new World(1);
	const store = new ModelStore(world);
	const ledger = open(world, store, 'webhook');
	const said: string[] = [];
	await Promise.all([
		(async () => {
			await ledger.admit(call, () => true);
			// n8n is killed meanwhile.
			void ledger.rest(call, 7_000, () => false);
			await world.sleep(1_000);
			said.push((await open(world, store, 'retry').admit(call, () => true)).kind);
		})(),
		world.run(),
	]);
	expect(said).toEqual(['dial']);
});
