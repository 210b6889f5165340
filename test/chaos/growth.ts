import type { Memory, Part } from '../queue/support/cluster';

/** What a part of n8n held, without garbage. */
export interface Sample extends Memory {
	part: Part;
}

/** What the processes of a part held, in MB, when they were young, and when they were old. */
export interface Growth {
	part: Part;
	young: number;
	old: number;
	/** The number of measurements. */
	count: number;
	grows: boolean;
}

/** Until then, in seconds, a process loads what it needs. */
const warm = 60;

/** With fewer measurements of a part, nothing is said about it. */
const fewest = 10;

/** How much more an old process may hold. What it has in hand varies by more than a leak of some kilobytes. */
const most = 1.25;

/**
 * Whether the processes of a part hold more the older they are. None gets very old where all are killed now and then, so
 * all processes of a part are taken together.
 */
export function growthOf(samples: Sample[]): Growth[] {
	return [...new Set(samples.map(({ part }) => part))].flatMap((part) => {
		const own = samples.filter((it) => it.part === part && it.age >= warm);
		if (own.length < fewest) return [];
		const age = median(own.map((it) => it.age));
		const young = median(own.filter((it) => it.age < age).map(({ megabytes }) => megabytes));
		const old = median(own.filter((it) => it.age >= age).map(({ megabytes }) => megabytes));
		return [{ part, young, old, count: own.length, grows: old > young * most }];
	});
}

function median(values: number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
