import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** How many schedules are played, in each of n8n's modes. */
const schedules = process.env.ALLOMIA_SCHEDULES ?? '50000';

/** The same each time, so that a change is judged by itself; by hand, others are played. */
const seed = process.env.ALLOMIA_SEED ?? '2026';

/** How long they may take, in ms. */
export const limit = 30 * 60_000;

/**
 * Plays schedules in a process of their own.
 * @returns what the process says at the end
 * @throws with what it says of the schedule that failed
 */
export async function playIn(mode: 'regular' | 'queue'): Promise<string> {
	const script = path.join(__dirname, 'main.ts');
	const { stdout } = await promisify(execFile)(
		process.execPath,
		// Most of what a schedule makes is garbage at its end.
		['--max-semi-space-size=64', '--import', 'tsx', script, mode, schedules, seed],
		{ timeout: limit - 5_000 },
	);
	return stdout;
}
