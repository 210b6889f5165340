import type { Refusal } from './refusal';

/**
 * A whole number from the options, or the default where it was not set.
 * @param max the largest that makes sense
 */
export function readWholeNumber(
	field: string,
	value: unknown,
	{ fallback, min, max }: { fallback: number; min: number; max: number },
	refusals: Refusal[],
): number {
	if (value === undefined || value === null || value === '') return fallback;
	const number = typeof value === 'string' ? Number(value) : value;
	if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) {
		return number;
	}
	refusals.push({
		field,
		message: `It is ${JSON.stringify(value)}. Use a whole number from ${min} to ${max}.`,
	});
	return fallback;
}
