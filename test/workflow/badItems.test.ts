import type { INodeParameters } from 'n8n-workflow';
import { cases, describeOneBadItem, type Run } from '../badItems';
import { keys } from '../simulator';
import { call, credential, simulator } from './bench';
import { execute, runOf } from './engine';

const bench = {
	get simulator() {
		return simulator;
	},
};

const run: Run = async (parameters, onError, items) => {
	const apiKey = parameters.resource === 'organization' ? keys.tenant : keys.organization;
	const ran = runOf(
		await execute({
			parameters: call(parameters as INodeParameters),
			credential: { ...credential, apiKey },
			items,
			settings: { onError },
		}),
	);
	return { error: ran.error, outputs: (ran.data?.main ?? []).map((it) => it ?? []) };
};

// This engine parks nothing.
const names = Object.keys(cases).filter((name) => !name.endsWith('Create and Wait'));
describeOneBadItem(bench, run, names);
