import { createHash } from 'node:crypto';
import path from 'node:path';

const [count, seed] = (process.env.ALLOMIA_MUTATION_SAMPLE ?? '1/').split('/');

/** Whether a mutant belongs to the sample: one of so many, the same ones for the same seed. */
function isChosen({ fileName, location, replacement }) {
	const mutant = JSON.stringify([seed, path.basename(fileName), location, replacement]);
	return createHash('sha256').update(mutant).digest().readUInt32BE() % Number(count) === 0;
}

const notChosen = { status: 'compileError', reason: 'It is not in the sample.' };

/** Leaves out what is not in the sample: what does not compile is not counted in the score. */
export const strykerPlugins = [
	{
		kind: 'Checker',
		name: 'sample',
		value: {
			init: async () => {},
			check: async (mutants) =>
				Object.fromEntries(
					mutants.map((mutant) => [mutant.id, isChosen(mutant) ? { status: 'passed' } : notChosen]),
				),
			group: async (mutants) => [mutants.map(({ id }) => id)],
		},
	},
];
