import fc from 'fast-check';
import examples from 'libphonenumber-js/examples.mobile.json';
import {
	getCountries,
	parsePhoneNumberWithError,
	type CountryCode,
	type MetadataJson,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max.json';
import { withoutFormats } from '../../../../scripts/lib/phoneMetadata';

const whole = metadata as unknown as MetadataJson;
const slim = withoutFormats(whole);
const countries = getCountries(whole);

/** What the node takes from libphonenumber: the number, whether it is possible, or the error. */
function read(text: string, country: CountryCode, rules: MetadataJson) {
	try {
		const number = parsePhoneNumberWithError(
			text,
			{ defaultCountry: country, extract: false },
			rules,
		);
		return [number.number, number.isPossible(), number.isValid()];
	} catch (error) {
		return (error as Error).message;
	}
}

describe('the metadata that the package ships', () => {
	it('is less than three quarters of libphonenumber’s', () => {
		const [large, small] = [whole, slim].map((it) => JSON.stringify(it).length);
		expect(Number(small)).toBeLessThan((3 * Number(large)) / 4);
		expect(getCountries(slim)).toEqual(countries);
	});

	it.each(countries.map((country) => [country]))('reads %s as libphonenumber does', (country) => {
		const national = (examples as Record<string, string>)[country] ?? '';
		for (const text of [
			national,
			`0${national}`,
			`1${national}`,
			`00${national}`,
			`+1${national}`,
		]) {
			expect(read(text, country, slim)).toEqual(read(text, country, whole));
		}
	});

	it('reads any digits in any country as libphonenumber does', () => {
		fc.assert(
			fc.property(
				fc.constantFrom(...countries),
				fc.stringMatching(/^\+?[0-9]{3,16}$/),
				(country, text) => {
					expect(read(text, country, slim)).toEqual(read(text, country, whole));
				},
			),
			{ numRuns: 3000 },
		);
	});

	it('is of the version whose shape is known', () => {
		expect(() => withoutFormats({ ...whole, version: 5 })).toThrow(/version 5/);
	});
});
