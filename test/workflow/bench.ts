import type { ICredentialDataDecryptedObject, IDataObject, INodeParameters } from 'n8n-workflow';
import { ids, keys, startSimulator, type Simulator } from '../simulator';
import type { Execution } from './engine';

/** The simulator of this file's tests, as new before each of them. */
export let simulator: Simulator;

/** The credential that leads to it. */
export let credential: ICredentialDataDecryptedObject;

beforeAll(async () => {
	simulator = await startSimulator({ pace: 20 });
	credential = { apiKey: keys.organization, baseUrl: simulator.baseUrl };
});
beforeEach(() => simulator.reset());
afterAll(async () => await simulator.stop());

/** The parameters of a call to the number in the item's field `number`. */
export function call(change: INodeParameters = {}): INodeParameters {
	return {
		resource: 'outboundCall',
		operation: 'create',
		phoneNumber: '={{ $json.number }}',
		assistantId: ids.assistantId,
		phoneNumberId: ids.phoneNumberId,
		...change,
	};
}

/** Makes executions that call the items' `number`, with some options always set. */
export function callingWith(preset: INodeParameters) {
	return (
		options: INodeParameters,
		items: IDataObject[],
		{ operation = 'create', ...more }: Partial<Execution> & { operation?: string } = {},
	): Execution => ({
		parameters: call({ operation, waitFor: 'polling', options: { ...preset, ...options } }),
		credential,
		items,
		...more,
	});
}

/** A number with this ending, which tells the simulator what to do. */
export function ending(digits: string): string {
	return `+1514555${digits}`;
}

/** One item for each number. */
export function numbers(...list: string[]): IDataObject[] {
	return list.map((number) => ({ number }));
}

/** How often a telephone would have rung, by number. */
export function rung(number: string): number {
	return simulator.dials.filter(({ body }) => body.phoneNumber === number).length;
}

/** The requests to dial that reached AlloMia, whatever became of them. */
export function dialRequests(): number {
	return simulator.requests.filter(({ method }) => method === 'POST').length;
}

/** Waits until something has happened, 5 s at most. */
export async function until(happened: () => boolean): Promise<void> {
	const patience = Date.now() + 5000;
	while (!happened()) {
		if (Date.now() > patience) throw new Error('It did not happen within 5 s');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
