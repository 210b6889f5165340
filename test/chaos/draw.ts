/** How likely something is, compared with the others, and what it is. */
export type Weighted<T> = [weight: number, value: T];

/** Draws one of them. */
export function oneOf<T>(choices: Array<Weighted<T>>, random: () => number): T {
	const total = choices.reduce((sum, [weight]) => sum + weight, 0);
	let left = random() * total;
	const chosen = choices.find(([weight]) => (left -= weight) < 0) ?? choices[0];
	if (!chosen) throw new Error('There is nothing to draw from');
	return chosen[1];
}

/** Waits between two limits, in ms. */
export const between = (random: () => number, least: number, most: number) =>
	least + random() * (most - least);
