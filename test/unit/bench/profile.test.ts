import { sharesOf } from '../../../bench/profile';

/** A function that calls the others, and their files. */
const called = (id: number, functionName: string, url = '', ...children: number[]) => ({
	id,
	callFrame: { functionName, url },
	children,
});

const modules = 'file:///home/n8n-nodes-allomia/node_modules';

describe('the shares of a profile', () => {
	const nodes = [
		called(1, '(root)', '', 2, 3, 5, 6),
		called(2, 'execute', `${modules}/n8n-nodes-allomia/dist/x.js`, 4),
		called(3, '(idle)'),
		called(4, 'toString'),
		called(5, 'get', `${modules}/axios/lib/axios.js`),
		called(6, 'run', `${modules}/n8n-core/dist/run.js`, 7),
		called(7, '(garbage collector)'),
	];
	const profile = { nodes, samples: [2, 3, 4, 5, 6, 7], timeDeltas: [10, 900, 20, 30, 20, 20] };

	it('are those of the places that functions are in, without idling', () => {
		expect(sharesOf(profile).map(({ place, share }) => [place, share])).toEqual([
			// With what it calls that is in no file.
			['this package', 0.3],
			['n8n: its HTTP client', 0.3],
			['n8n: all else', 0.2],
			['garbage collection', 0.2],
		]);
	});

	it('are one together', () => {
		const sum = sharesOf(profile).reduce((all, { share }) => all + share, 0);
		expect(sum).toBeCloseTo(1);
	});
});
