import type { INode, INodeParameters, INodeProperties } from 'n8n-workflow';
import { resources } from '../../nodes/AlloMia/resources';
import { cases, type Case, type CaseName } from '../badItems';
import { keys } from '../simulator';
import { call, credential, simulator } from './bench';
import { errorOf, execute, outputJson } from './engine';

/** A field that takes a number, a switch, a date, or some of a few values. */
interface Field {
	shown: string;
	name: string;
	collection?: string;
	/** What else has to be chosen so that it is shown. */
	chosen: INodeParameters;
}

const types = ['boolean', 'number', 'options', 'multiOptions', 'dateTime'];

function fieldsOf(operation: string, fields: INodeProperties[], collection?: string): Field[] {
	return fields.flatMap((field): Field[] => {
		const { displayName: shown, name, type, options, displayOptions } = field;
		if (type === 'collection') {
			return fieldsOf(operation, options as INodeProperties[], name);
		}
		const { operation: own, '/operation': above = own, ...show } = displayOptions?.show ?? {};
		delete show.resource;
		if (!types.includes(type) || (above && !above.includes(operation))) return [];
		const chosen = Object.entries(show).map(([it, values]) => [it.replace('/', ''), values?.[0]]);
		return [{ shown, name, collection, chosen: Object.fromEntries(chosen) as INodeParameters }];
	});
}

const spoilt = (parameters: INodeParameters, { name, collection, chosen }: Field) => {
	const nonsense = { [name]: '={{ "nonsense" }}' };
	const others = collection === undefined ? {} : (parameters[collection] as INodeParameters);
	return {
		...parameters,
		...chosen,
		...(collection === undefined ? nonsense : { [collection]: { ...others, ...nonsense } }),
	};
};

const fields = resources.flatMap(({ name: resource, operations }) =>
	operations.flatMap((it) => {
		const operation = `${resource}: ${it.name}` as CaseName;
		return fieldsOf(it.value, it.fields).map((field) => [operation, field.shown, field] as const);
	}),
);

it.each(fields)(
	'%s does nothing where %s holds nonsense, and names it',
	async (name, shown, field) => {
		const { parameters, good }: Case = cases[name];
		const [value = ''] = await good(simulator);
		simulator.requests.length = 0;
		const usable = { callbackUrl: 'https://n8n.example/hook', ...(parameters as INodeParameters) };
		const spoiltRun = async (settings: Partial<INode>) =>
			await execute({
				parameters: spoilt(call(usable), field),
				credential:
					parameters.resource === 'organization'
						? { ...credential, apiKey: keys.tenant }
						: credential,
				items: [{ value }],
				settings,
			});
		const named = new RegExp(`^(.* > )?${shown}: `, 'm');
		const { message, description } = errorOf(await spoiltRun({}));
		expect(`${message}\n${description}`).toMatch(named);
		const items = outputJson(await spoiltRun({ onError: 'continueRegularOutput' }));
		expect(items.map((it) => `${String(it.error)}\n${String(it.message)}`)).toEqual([
			expect.stringMatching(named),
		]);
		expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
	},
);

it('an operation that there is not is named', async () => {
	const parameters = { ...call(), resource: 'call', operation: 'dial' };
	expect(errorOf(await execute({ parameters, credential })).message).toBe(
		'AlloMia has no operation "dial" for "call". Choose one from the lists.',
	);
});
