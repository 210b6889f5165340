import type { INodeParameters } from 'n8n-workflow';
import {
	cases,
	describeMetadata,
	describeOneBadItem,
	describeOneBadItemPerStatus,
	type CaseName,
	type Run,
} from '../badItems';
import { keys } from '../simulator';
import { call, credential, simulator } from './bench';
import { runOf } from './engine';
import { begin } from './webhooks';

const bench = {
	get simulator() {
		return simulator;
	},
};

const run: Run = async (parameters, onError, items) => {
	const apiKey = parameters.resource === 'organization' ? keys.tenant : keys.organization;
	const { end } = begin({
		parameters: call(parameters as INodeParameters),
		credential: { ...credential, apiKey },
		items,
		settings: { onError },
	});
	const { error, data } = runOf(await end);
	const outputs = (data?.main ?? []).map((it) => it ?? []);
	return {
		error,
		outputs: outputs.map((all) => all.map(({ json, pairedItem }) => ({ json, pairedItem }))),
	};
};

describeOneBadItem(bench, run, Object.keys(cases) as CaseName[]);

describeMetadata(bench, run);

it('metadata is on the items of a run that failed as a whole', async () => {
	const { end } = begin({
		parameters: call({
			operation: 'createAndWait',
			options: { metadata: { entry: [{ name: 'id', value: '={{ $json.id }}' }] } },
		}),
		credential: { ...credential, baseUrl: 'http://allomia.example' },
		items: [{ id: 'A' }, { id: 'B' }],
		settings: { onError: 'continueRegularOutput' },
	});
	const { data } = runOf(await end);
	expect(data?.main?.[0]?.map(({ json }) => json)).toMatchObject([
		{ error: expect.stringContaining('https://') as string, metadata: { id: 'A' } },
		{ metadata: { id: 'B' } },
	]);
	expect(simulator.requests).toEqual([]);
});

describe.each(['callback', 'polling'] as const)(
	'one bad item of three, by %s, with an output for each status',
	(waitFor) => describeOneBadItemPerStatus(bench, run, waitFor),
);
