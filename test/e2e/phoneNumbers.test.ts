import { outputsOf } from '../../scripts/lib/workflows';
import { examples, ways } from '../unit/support/writings';
import { activeWorkflow, useBench } from './support/bench';
import { alloMia } from './support/nodes';

const bench = useBench();

/** Of all writings of all examples, one in so many. */
const every = 97;

it('reads people’s numbers in n8n as in the proof: the number that is meant, or none', async () => {
	const all = examples.flatMap((example) =>
		ways.flatMap((way) =>
			way.write(example).flatMap((phone) =>
				[example.country, 'DE', ''].flatMap((country) => {
					const isOthers = country !== example.country;
					return way.isNational && isOthers ? [] : [{ phone, country, meant: example.number }];
				}),
			),
		),
	);
	const items = all.filter((_, index) => index % every === 0);
	const workflow = await activeWorkflow(bench, [
		alloMia(
			bench.credential,
			{
				phoneNumber: '={{ $json.phone }}',
				options: { dryRun: true, defaultCountry: '={{ $json.country }}' },
			},
			{ onError: 'continueRegularOutput' },
		),
	]);
	const [read = []] = outputsOf(await workflow.run(items), 'AlloMia');
	expect(read).toHaveLength(items.length);
	const numbers = read.map(({ request }) => (request as { phoneNumber?: string })?.phoneNumber);
	const strangers = numbers.flatMap((number, index) =>
		number === undefined || number === items[index]?.meant ? [] : [[items[index], number]],
	);
	expect(strangers).toEqual([]);
	const dialled = numbers.filter((number) => number !== undefined);
	expect(dialled.length / items.length).toBeGreaterThan(0.7);
	expect(bench.simulator.dials).toEqual([]);
});
