import { readCountry, readPhoneNumber } from '../../nodes/shared/phone';

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

	it('goes out as written where no country is set, as AlloMia’s documentation allows', () => {
		expect(number(' 514-555-1234 ')).toEqual({ ok: true, number: '514-555-1234' });
	});

	it('with too few digits is told how to set a country', () => {
		expect(number('555-12-34')).toEqual({
			ok: false,
			message: expect.stringMatching(/fewer than 10 digits[^]*Default Country/),
		});
	});

	it.each(['555-1234', '514 555 12345678'])('%j does not fit its country: refused', (text) => {
		expect(number(text, 'CA').ok).toBe(false);
	});

	it('longer than AlloMia’s 20 characters is refused before it is sent', () => {
		expect(number('514 - 555 - 1234 - 567')).toEqual({
			ok: false,
			message: expect.stringMatching(/10 to 20 characters/),
		});
	});
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
		const started = Date.now();
		expect(number(text)).toEqual({
			ok: false,
			message: expect.stringContaining('+15145551234'),
		});
		expect(Date.now() - started).toBeLessThan(200);
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
