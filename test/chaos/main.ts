import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { judge } from './judge';
import { report } from './report';
import { runChaos } from './run';

/** Started by `npm run chaos`, which installs n8n and packs the package. */
async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			minutes: { type: 'string' },
			seed: { type: 'string' },
			evidence: { type: 'string' },
		},
	});
	const minutes = Number(values.minutes ?? 5);
	const seed = Number(values.seed ?? randomInt(2 ** 31));
	if (!(minutes > 0) || !Number.isInteger(seed)) {
		throw new Error('--minutes must be a number above 0, and --seed a whole number');
	}
	console.log(
		`${minutes} minutes of chaos. Again with: npm run chaos -- --minutes ${minutes} --seed ${seed}`,
	);
	const chaos = await runChaos({ minutes, seed, say: (line) => console.log(line) });
	if (values.evidence) fs.writeFileSync(values.evidence, JSON.stringify(chaos));
	const verdict = judge(chaos.evidence);
	console.log(`\n${report(chaos, verdict)}\n`);
	const wrong = Object.values(verdict.faults).flat().length;
	console.log(wrong === 0 ? 'Every promise was kept.' : `${wrong} promises were broken.`);
	process.exit(wrong === 0 ? 0 : 1);
}

main().catch((error: unknown) => {
	console.error(error);
	process.exit(1);
});
