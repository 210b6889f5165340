import { readCountry, readPhoneNumber } from '../../../../nodes/shared/values/phone';

const number = (text: string, country?: string) =>
	readPhoneNumber(text, country === undefined ? undefined : readCountry(country));

describe('a number with its country code', () => {
	it.each([
		['+15145551234', '+15145551234'],
		['+1 (514) 555-1234', '+15145551234'],
		['+1.514.555.1234', '+15145551234'],
		['+33 1 23 45 67 89', '+33123456789'],
		[' \u200b+15145551234\u00a0\n', '+15145551234'],
		['\u202a+1 514\u2011555\u20111234\u202c', '+15145551234'],
		['＋１５１４５５５１２３４', '+15145551234'],
		['+49 30 123456', '+4930123456'],
	])('%j is dialled as %s, however it was pasted', (text, expected) => {
		expect(number(text)).toEqual({ ok: true, number: expected });
	});

	it('keeps its own country where the default is another', () => {
		expect(number('+33 1 23 45 67 89', 'CA')).toEqual({ ok: true, number: '+33123456789' });
	});

	it.each([
		['+999 123 456 789', /country code that does not exist/],
		['+1514555', /digits/],
		['+151455512345678901234', /digits/],
		['+', /./],
	])('%j calls no stranger: it is refused', (text, says) => {
		expect(number(text)).toEqual({ ok: false, message: expect.stringMatching(says) });
	});
});

describe('a number without a country code', () => {
	it.each([
		['(514) 555-1234', 'CA', '+15145551234'],
		['514-555-1234', 'ca', '+15145551234'],
		['1 514 555 1234', 'US', '+15145551234'],
		['01 23 45 67 89', 'FR', '+33123456789'],
		['020 7946 0958', ' gb ', '+442079460958'],
	])('%j with the default country %s is dialled as %s', (text, country, expected) => {
		expect(number(text, country)).toEqual({ ok: true, number: expected });
	});

	it.each(['514 - 555 - 1234 - 567', '555-1234', '514 555 12345678'])(
		'%j does not fit its country: refused',
		(text) => {
			expect(number(text, 'CA').ok).toBe(false);
		},
	);
});

describe('without a country', () => {
	it.each([
		['4915112345678', '+4915112345678'],
		['33612345678', '+33612345678'],
		['00 49 151 12345678', '+4915112345678'],
		['001 514 555 1234', '+15145551234'],
		['011 44 20 7946 0958', '+442079460958'],
	])('%j is dialled as %s', (text, expected) => {
		expect(number(text)).toEqual({ ok: true, number: expected });
	});

	it.each([
		['5145551234', 'a number of no country but North America’s'],
		['514-255-1234', 'one of Montreal, and of Peru'],
		['15123456789', 'one of Germany, and of Texas'],
		['0612345678', 'one of many countries'],
	])('%j is refused: %s', (text) => {
		expect(number(text)).toEqual({
			ok: false,
			message: expect.stringMatching(/has no country code[^]*Default Country/),
		});
	});
});

describe('a text that may be two numbers is refused, and both are named', () => {
	it.each([
		['4915112345678', 'DE', '+494915112345678', '+4915112345678'],
		['491773333333', 'DE', '+49491773333333', '+491773333333'],
		['3612345678', 'US', '+13612345678', '+3612345678'],
		['5142551234', 'CA', '+15142551234', '+5142551234'],
		['13123456789', 'CN', '+8613123456789', '+13123456789'],
	])('%j (%s): %s and %s', (text, country, ...both) => {
		const read = number(text, country);
		for (const one of both) expect(read).toMatchObject({ message: expect.stringContaining(one) });
	});

	it.each([
		['514-255-1234', 'CA', '+15142551234'],
		['(201) 555-0123', 'US', '+12015550123'],
		['15142551234', 'CA', '+15142551234'],
		['8 (495) 123-45-67', 'RU', '+74951234567'],
		['33612345678', 'FR', '+33612345678'],
	])('%j (%s) is no such text: %s', (text, country, expected) => {
		expect(number(text, country)).toEqual({ ok: true, number: expected });
	});
});

describe('what a spreadsheet makes of a number', () => {
	it.each([
		['6641234567.0', 'AT', '+436641234567'],
		['0151 23456789.0', 'DE', '+4915123456789'],
		['9876543210.0', 'IN', '+919876543210'],
		['0412345678.0', 'AU', '+61412345678'],
		['4915112345678.00', undefined, '+4915112345678'],
		['+4930123456.0', undefined, '+4930123456'],
		['+49 30 123456.0', undefined, '+4930123456'],
		["'+15145551234", undefined, '+15145551234'],
	])('%j (%s) is %s', (text, country, expected) => {
		expect(number(text, country)).toEqual({ ok: true, number: expected });
	});

	it.each([
		['5145551234.5', 'CA'],
		['030123456.7', 'DE'],
		['4.91511E+12', 'DE'],
		['-5145551234', 'CA'],
		['5145551234-', 'CA'],
		['(5145551234)', 'CA'],
	])('%j (%s) is refused', (text, country) => expect(number(text, country).ok).toBe(false));
});

describe('what people put into one cell', () => {
	it.each([
		['(+33) 6 12 34 56 78', undefined, '+33612345678'],
		['+44 (0)20 7946 0958', undefined, '+442079460958'],
		['+39 (0)6 12345678', undefined, '+390612345678'],
		['+33 06 12 34 56 78', undefined, '+33612345678'],
		['0044 (0) 20 7946 0958', 'DE', '+442079460958'],
		['011 15-2345-6789', 'AR', '+5491123456789'],
		['0151/23456789', 'DE', '+4915123456789'],
		['02203 / 123456', 'DE', '+492203123456'],
		['030 12345-0', 'DE', '+4930123450'],
	])('%j (%s) is %s', (text, country, expected) => {
		expect(number(text, country)).toEqual({ ok: true, number: expected });
	});

	it.each([
		['+49 30 1234567/68', 'DE'],
		['+43 1 5123456/57', undefined],
		['0301234567/68', 'DE'],
		['0301234567/1234569', 'DE'],
		['0301234/0301235', 'DE'],
		['06 12 34 56 78 / 06 98 76 54 32', 'FR'],
		['030 123456\n030 654321', 'DE'],
		['030 12345/12346', 'DE'],
		['(0512) 56070/56071', 'AT'],
		['030 12345 030 54321', 'DE'],
		['49 93 76 95 / 56 44 32 24', 'DK'],
		['49937695 56443224', 'DK'],
		['519-555-1234-2', 'CA'],
		['(416) 928-2305 6', 'CA'],
		['4169282305 6', 'CA'],
		['674 86 57 60 8', 'ES'],
		['(431) 688-083', 'CA'],
		['010-3179-1748 998', 'KR'],
		['011 4943-7331 2', 'AR'],
		['011 95123-4567', undefined],
		['(011) 95123-4567', undefined],
		['8 (487) 229-46-56', undefined],
		['009 1 415 5552671', undefined],
		['+86 138 1234 5678 2', undefined],
		['+91 98765 43210 2', undefined],
		['2024-10-12', 'DK'],
		['12.10.2024', 'AT'],
		['912345.67', 'NO'],
		['(514) 555-1234 (2)', undefined],
		['030 1234567 (2)', 'DE'],
		['030 1234567²', 'DE'],
		['+49 30 1234567 +49 30 1234568', undefined],
	])('%j (%s) is refused', (text, country) => expect(number(text, country).ok).toBe(false));
});

describe('what is no number', () => {
	it.each([
		'',
		'   ',
		'\u200b',
		'Dr. Smith',
		'+1514555CALL',
		'514-555-1234 ext. 7',
		'514-555-1234;7',
		'+15145551234,+15145551235',
		'tel:+15145551234',
		'undefined',
		'+15145551234\u0000',
		'٠١٢٣٤٥٦٧٨٩٠',
		'1'.repeat(100_000),
	])('%.40j is refused with an example, in no time', (text) => {
		const before = process.cpuUsage();
		expect(number(text)).toEqual({
			ok: false,
			message: expect.stringContaining('+15145551234'),
		});
		// Of the processor's time, which a busy machine does not stretch.
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / 1000).toBeLessThan(200);
	});
});

describe('a default country', () => {
	it.each([
		['CA', 'CA'],
		[' ca\n', 'CA'],
		['gb', 'GB'],
	])('%j is %s', (text, expected) => expect(readCountry(text)).toBe(expected));

	it.each(['', 'Canada', 'XX', 'C', 'CAN', '+1', '__proto__', 'constructor'])(
		'%j is none, and no number is read by it',
		(text) => expect(readCountry(text)).toBeUndefined(),
	);
});
