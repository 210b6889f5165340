import { readBoolean, readInteger } from '../../../../nodes/shared/values/readParameter';
import type { ValidationIssue } from '../../../../nodes/shared/values/validation';

const limits = { fallback: 10, min: 1, max: 100 };

function read(value: unknown) {
	const issues: ValidationIssue[] = [];
	return { value: readInteger('Limit', value, limits, issues), issues };
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
		expect(read(value)).toEqual({ value: expected, issues: [] });
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
		expect(read(value).issues).toEqual([
			{ field: 'Limit', message: expect.stringContaining('from 1 to 100') },
		]);
	});
});

describe('an option that is on or off', () => {
	const turn = (options: Record<string, unknown>) => {
		const issues: ValidationIssue[] = [];
		return { on: readBoolean('Dry Run', options, 'dryRun', issues), issues };
	};

	it.each<[Record<string, unknown>, boolean]>([
		[{}, false],
		[{ dryRun: false }, false],
		[{ dryRun: true }, true],
		[{ dryRun: 'true' }, true],
		[{ dryRun: ' True\n' }, true],
		[{ dryRun: 'false' }, false],
	])('%j means %s', (options, on) => expect(turn(options)).toEqual({ on, issues: [] }));

	it.each<[unknown]>([[undefined], [null], [''], ['yes'], ['1'], [1], [0], [{}], [[true]]])(
		'%p from an expression is refused, since a guess may dial',
		(value) => {
			expect(turn({ dryRun: value }).issues).toEqual([
				{ field: 'Dry Run', message: expect.stringContaining('Use true or false') },
			]);
		},
	);
});
