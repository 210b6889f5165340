import { readWholeNumber } from '../../nodes/shared/options';
import type { Refusal } from '../../nodes/shared/refusal';

const limits = { fallback: 10, min: 1, max: 100 };

function read(value: unknown) {
	const refusals: Refusal[] = [];
	return { value: readWholeNumber('Limit', value, limits, refusals), refusals };
}

describe('an option that is a whole number', () => {
	it.each<[unknown, number]>([
		[undefined, 10],
		[null, 10],
		['', 10],
		[1, 1],
		[100, 100],
		['25', 25],
		[' 25 ', 25],
	])('%j means %d', (value, expected) => {
		expect(read(value)).toEqual({ value: expected, refusals: [] });
	});

	it.each<[unknown]>([
		[0],
		[101],
		[1.5],
		[-1],
		['ten'],
		['1.5'],
		[NaN],
		[Infinity],
		[true],
		[[]],
		[[5]],
		[{}],
		[' '],
	])('%p is refused by its name, with what is allowed', (value) => {
		expect(read(value).refusals).toEqual([
			{ field: 'Limit', message: expect.stringContaining('from 1 to 100') },
		]);
	});
});
