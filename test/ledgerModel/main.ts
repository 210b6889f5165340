import { play, playMany } from './schedules';
import type { Schedule } from './play';

/**
 * Plays schedules outside of jest, whose sandbox makes them several times slower:
 *
 *     npx tsx test/ledgerModel/main.ts regular|queue <how many> [<seed>]
 *     npx tsx test/ledgerModel/main.ts '<a schedule that failed, as JSON>'
 */
async function main([what = '', count, seed = '']: string[]): Promise<void> {
	if (what.startsWith('{')) await play(JSON.parse(what) as Schedule);
	else await playMany(what === 'queue', Number(count), Number(seed));
	console.log('All of them hold.');
}

main(process.argv.slice(2)).catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
