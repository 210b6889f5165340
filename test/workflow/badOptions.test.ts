import type {
	INode,
	INodeParameters,
	INodeProperties,
	INodePropertyCollection,
} from 'n8n-workflow';
import { resources } from '../../nodes/AlloMia/resources';
import { cases, type Case, type CaseName } from '../badItems';
import { keys } from '../simulator';
import { call, credential, simulator } from './bench';
import { errorOf, execute, outputJson, runOf } from './engine';

interface Field {
	shown: string;
	name: string;
	type: string;
	collection?: string;
	/** What its entries are called, and what the last field of one, if it has such. */
	entry?: [entries: string, last: string];
	/** What else has to be chosen so that it is shown: beside it in its collection, and above. */
	beside: INodeParameters;
	chosen: INodeParameters;
}

function fieldsOf(operation: string, fields: INodeProperties[], collection?: string): Field[] {
	return fields.flatMap((field): Field[] => {
		const { displayName: shown, name, type, options, displayOptions } = field;
		if (type === 'collection') {
			return fieldsOf(operation, options as INodeProperties[], name);
		}
		const { operation: own, '/operation': above = own, ...show } = displayOptions?.show ?? {};
		delete show.resource;
		if (type === 'notice' || (above && !above.includes(operation))) return [];
		const isBeside = (it: string) => collection !== undefined && !it.startsWith('/');
		const choose = (some: string[]) =>
			Object.fromEntries(some.map((it) => [it.replace('/', ''), show[it]?.[0]])) as INodeParameters;
		const beside = choose(Object.keys(show).filter(isBeside));
		const chosen = choose(Object.keys(show).filter((it) => !isBeside(it)));
		return [{ shown, name, type, collection, entry: entryOf(field), beside, chosen }];
	});
}

function entryOf({ type, options }: INodeProperties): Field['entry'] {
	if (type !== 'fixedCollection') return undefined;
	const [entries] = options as INodePropertyCollection[];
	return [entries?.name ?? '', entries?.values.at(-1)?.name ?? ''];
}

const spoilt = (
	parameters: INodeParameters,
	{ name, collection, entry, beside, chosen }: Field,
	expression: string,
) => {
	const value = entry ? { [entry[0]]: [{ [entry[1]]: expression }] } : expression;
	const nonsense = { [name]: value };
	const others = collection === undefined ? {} : (parameters[collection] as INodeParameters);
	return {
		...parameters,
		...chosen,
		...(collection === undefined
			? nonsense
			: { [collection]: { ...others, ...beside, ...nonsense } }),
	};
};

const fields = resources.flatMap(({ name: resource, operations }) =>
	operations.flatMap((it) => {
		const operation = `${resource}: ${it.name}` as CaseName;
		return fieldsOf(it.value, it.fields).map((field) => [operation, field.shown, field] as const);
	}),
);

/** Those that take a number, a switch, a date, or some of a few values. */
const types = ['boolean', 'number', 'options', 'multiOptions', 'dateTime'];

/** Runs an operation where a field is spoilt: for one item that is good otherwise. */
async function runSpoilt(
	name: CaseName,
	field: Field,
	expression: string,
	onError: INode['onError'],
) {
	const { parameters, good }: Case = cases[name];
	const [value = ''] = await good(simulator);
	simulator.requests.length = 0;
	const usable = { callbackUrl: 'https://n8n.example/hook', ...(parameters as INodeParameters) };
	return await execute({
		parameters: spoilt(call(usable), field, expression),
		credential: {
			...credential,
			...(parameters.resource === 'organization' ? { apiKey: keys.tenant } : {}),
		},
		items: [{ value }],
		settings: { onError },
	});
}

const changes = () => simulator.requests.filter(({ method }) => method !== 'GET');
const said = (error: unknown, message: unknown) => `${String(error)}\n${String(message)}`;

it.each(fields.filter(([, , { type }]) => types.includes(type)))(
	'%s does nothing where %s holds nonsense, and names it',
	async (name, shown, field) => {
		const run = async (onError: INode['onError']) =>
			await runSpoilt(name, field, '={{ "nonsense" }}', onError);
		const named = new RegExp(`^(.* > )?${shown}: `, 'm');
		const { message, description } = errorOf(await run('stopWorkflow'));
		expect(said(message, description)).toMatch(named);
		const items = outputJson(await run('continueRegularOutput'));
		expect(items.map((it) => said(it.error, it.message))).toEqual([expect.stringMatching(named)]);
		expect(changes()).toEqual([]);
	},
);

it.each(fields)(
	'%s does nothing where an expression for %s fails, and hands on no item as it came in',
	async (name, _shown, field) => {
		const run = async (onError: INode['onError']) =>
			await runSpoilt(name, field, "={{ $('Nobody').item.json.it }}", onError);
		expect(errorOf(await run('stopWorkflow')).message).not.toBe('');
		const error = { error: expect.stringContaining('node') as string };
		const [item, ...rest] = outputJson(await run('continueRegularOutput'));
		expect([item, rest]).toMatchObject([error, []]);
		expect(item).not.toHaveProperty('value');
		// n8n itself puts the item beside its error there.
		const apart = await run('continueErrorOutput');
		const outputs = runOf(apart).data?.main ?? [];
		const [last, ...others] = outputs.map((_, index) => outputJson(apart, index)).reverse();
		expect([others.flat(), last]).toMatchObject([[], [error]]);
		expect(changes()).toEqual([]);
	},
);

it('an operation that there is not is named', async () => {
	const parameters = { ...call(), resource: 'call', operation: 'dial' };
	expect(errorOf(await execute({ parameters, credential })).message).toBe(
		'AlloMia has no operation "dial" for "call". Choose one from the lists.',
	);
});
