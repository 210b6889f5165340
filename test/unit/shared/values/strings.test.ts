import { describeIssues } from '../../../../nodes/shared/values/validation';
import { clean, redact, shortList, toText } from '../../../../nodes/shared/values/strings';

describe('pasted text', () => {
	it.each([
		['plain', 'plain'],
		[' \t\n around \r\n', 'around'],
		['\ufeffbyte order mark', 'byte order mark'],
		['zero\u200bwidth\u200d', 'zerowidth'],
		['soft\u00adhyphen', 'softhyphen'],
		['\u202adirection\u202c\u2066s\u2069', 'directions'],
		['\u00a0no-break\u00a0', 'no-break'],
		['in side', 'in side'],
		['', ''],
	])('%j is read as %j', (text, expected) => expect(clean(text)).toBe(expected));
});

describe('a value that should be text', () => {
	it.each<[unknown, string]>([
		[' a ', 'a'],
		[15145551234, '15145551234'],
		[15145551234n, '15145551234'],
		[0, '0'],
		[true, ''],
		[null, ''],
		[undefined, ''],
		[{}, ''],
		[['a'], ''],
	])('%p counts as %j', (value, expected) => expect(toText(value)).toBe(expected));
});

describe('a secret', () => {
	it('is blanked out wherever it stands in a text', () => {
		expect(redact('key-1234 and Bearer key-1234.', 'key-1234')).toBe('*** and Bearer ***.');
	});

	it.each(['.*', '$&+[', 'a|b|c'])('is taken literally: %s', (secret) => {
		expect(redact(`x ${secret}${secret} y`, `${secret}1`)).toBe(`x ${secret}${secret} y`);
	});

	it.each(['', 'a', 'abc'])('too short to be one (%j) does not tear texts apart', (secret) => {
		expect(redact('a cab', secret)).toBe('a cab');
	});
});

describe('a list in one line', () => {
	it.each<[string[], number | undefined, string]>([
		[[], undefined, ''],
		[['a', 'b'], undefined, 'a, b'],
		[['a', 'b', 'c'], 2, 'a, b and 1 more'],
		[['a', 'b'], 2, 'a, b'],
	])('%j with at most %s is readable: %j', (list, max, expected) => {
		expect(shortList(list, max)).toBe(expected);
	});
});

it('every refused field stands in a line of its own', () => {
	const issues = [
		{ field: 'A', message: 'x.' },
		{ field: 'B', message: 'y.' },
	];
	expect(describeIssues(issues)).toBe('A: x.\nB: y.');
});
