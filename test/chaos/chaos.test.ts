import { describeIfComplete } from '../e2e/support/missing';
import { since } from '../e2e/support/version';
import { report } from './report';
import { runChaos } from './run';

const minutes = 5;
const seed = 1;

describeIfComplete('chaos')('lists in queue mode, while everything is killed,', () => {
	// An older n8n loses lists that it has accepted, whatever is in them.
	since('2.41.0').it(
		'keep all promises',
		async () => {
			const chaos = await runChaos({ minutes, seed, say: () => undefined });
			const broken = Object.values(chaos.faults).flat();
			// With what it takes to find the cause, and to play it again.
			if (broken.length > 0) throw new Error(`With the seed ${seed}:\n\n${report(chaos)}`);
			expect(chaos.counts.calls).toBeGreaterThan(200);
			expect([...chaos.blows.values()].length).toBeGreaterThan(4);
		},
		20 * 60_000,
	);
});
