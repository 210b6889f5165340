import { DateTime } from 'luxon';
import {
	repeatedNames,
	toVariable,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/dynamicVariables';

class Loop {
	self = this;
}

describe('what the assistant is told', () => {
	it.each<[string, unknown, string]>([
		['text', 'Dr. Smith', 'Dr. Smith'],
		['text with blanks', ' a ', ' a '],
		['empty text', '', ''],
		['a number', 42, '42'],
		['a fraction', 0.1, '0.1'],
		['zero', 0, '0'],
		['a large number', 12345678901234567890n, '12345678901234567890'],
		['true', true, 'true'],
		['false', false, 'false'],
		['a date', new Date('2026-04-01T10:00:00Z'), '2026-04-01T10:00:00.000Z'],
		[
			'a Luxon date in its own zone',
			DateTime.fromISO('2026-04-01T10:00:00', { zone: 'America/Toronto' }),
			'2026-04-01T10:00:00.000-04:00',
		],
		[
			'a Moment date',
			{ isValid: () => true, toISOString: () => '2026-04-01T10:00:00.000Z' },
			'2026-04-01T10:00:00.000Z',
		],
		['an object', { a: 1, b: [true] }, '{"a":1,"b":[true]}'],
		['a list', ['a', 1], '["a",1]'],
		['an empty list', [], '[]'],
	])('%s is said in its usual form', (_, value, expected) => {
		expect(toVariable(value)).toEqual({ ok: true, value: expected });
	});

	it.each<[string, unknown, string]>([
		['null', null, 'null'],
		['undefined', undefined, 'undefined'],
		['NaN', NaN, 'NaN'],
		['infinity', Infinity, 'Infinity'],
		['a date that is none', new Date('never'), 'valid date'],
		['a Luxon date that is none', DateTime.fromISO('never'), 'valid date'],
		['a Moment date that is none', { isValid: () => false, toISOString: () => null }, 'valid date'],
		['a function', () => 1, 'function'],
		['a symbol', Symbol('x'), 'symbol'],
		['an object that holds itself', new Loop(), 'JSON'],
	])('%s is never said to anybody: it is refused', (_, value, says) => {
		expect(toVariable(value)).toEqual({ ok: false, message: expect.stringContaining(says) });
	});

	it('is never missing where an object has no JSON of its own', () => {
		const result = toVariable({ toJSON: () => undefined });
		expect(result.ok ? typeof result.value : 'refused').toMatch(/^(string|refused)$/);
	});
});

describe('names that stand twice in a JSON text', () => {
	it.each<[string, string[]]>([
		['{}', []],
		['{"a":1,"b":2}', []],
		['{"a":1,"a":2}', ['a']],
		['{"a":1,"b":2,"a":3,"b":4,"a":5}', ['a', 'b']],
		['{"a":1,"\\u0061":2}', ['a']],
		['{"a" : 1, "a"\n:2}', ['a']],
		['{"a":{"b":1,"b":2},"b":3}', []],
		['{"a":[{"a":1},"a"],"b":"a"}', []],
		['{"a":"\\"a\\":","b":"{\\"a\\":1}"}', []],
		['{"a\\"":1,"a":2}', []],
		['{"":1,"":2}', ['']],
		['[{"a":1},{"a":2}]', []],
		['"a"', []],
		['{"x":"}{","y":1,"y":2}', ['y']],
	])('%s: %j, which JSON.parse would lose', (json, expected) => {
		expect(repeatedNames(json)).toEqual(expected);
	});

	it('are found in large texts in no time', () => {
		const many = Object.fromEntries(
			Array.from({ length: 50_000 }, (_, it) => [`n${it}`, '"'.repeat(9)]),
		);
		const started = Date.now();
		expect(repeatedNames(JSON.stringify(many))).toEqual([]);
		expect(Date.now() - started).toBeLessThan(2000);
	});
});
