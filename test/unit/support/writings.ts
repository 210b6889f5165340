import {
	PhoneNumberFormat,
	PhoneNumberType,
	PhoneNumberUtil,
	type PhoneNumber,
} from 'google-libphonenumber';
import { isValidPhoneNumber, Metadata, type MetadataJson } from 'libphonenumber-js/core';
import { getCountries, type CountryCode } from 'libphonenumber-js/max';
import metadata from 'libphonenumber-js/metadata.max.json';

/** A number that libphonenumber publishes as an example, in the parts that people write it in. */
export interface Example {
	country: CountryCode;
	/** As E.164. */
	number: string;
	code: string;
	/** Without country code and without what is dialled before it. */
	digits: string;
	/** In groups, without the country code. */
	grouped: string;
	/** As people of the country write it for each other. */
	national: string;
	/** What people of the country dial before another country's code. */
	dialOut: string;
	/** What is dialled before the number inside the country. */
	prefix: string;
}

export interface Way {
	name: string;
	write(example: Example): Array<string | number>;
	/** Whether it lacks the country's code: it is then a number of the default country. */
	isNational?: boolean;
}

const util = PhoneNumberUtil.getInstance();

const all = metadata as unknown as MetadataJson;

/** The mobile and the fixed numbers of all countries. */
export const examples: readonly Example[] = getCountries().flatMap((country) =>
	[PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE].flatMap((type) => {
		const number = exampleOf(country, type);
		if (!number) return [];
		const e164 = util.format(number, PhoneNumberFormat.E164);
		// AlloMia takes no shorter ones; and one of google-libphonenumber’s is no longer in use.
		if (e164.length < 10 || !isValidPhoneNumber(e164, all)) return [];
		const code = String(number.getCountryCode());
		const international = util.format(number, PhoneNumberFormat.INTERNATIONAL);
		return [
			{
				country,
				number: e164,
				code,
				digits: util.getNationalSignificantNumber(number),
				grouped: international.slice(code.length + 2),
				national: util.format(number, PhoneNumberFormat.NATIONAL),
				dialOut: dialOutOf(country),
				prefix: util.getNddPrefixForRegion(country, true) ?? '',
			},
		];
	}),
);

function exampleOf(country: CountryCode, type: PhoneNumberType): PhoneNumber | undefined {
	try {
		return util.getExampleNumberForType(country, type) ?? undefined;
	} catch {
		return undefined;
	}
}

function dialOutOf(country: CountryCode): string {
	const rules = new Metadata(all);
	rules.selectNumberingPlan(country);
	const pattern = rules.numberingPlan?.IDDPrefix() ?? '';
	const isOne = (text: string) => new RegExp(`^(?:${pattern})$`).test(text);
	const usual = ['00', '011', '0011', '810', '001', '010', '009', '000', '119', '0'];
	// In some countries, the code of a carrier follows.
	return usual.find(isOne) ?? '00';
}

const wide = (text: string) =>
	text.replace(/[+\d]/g, (narrow) => String.fromCharCode(narrow.charCodeAt(0) + 0xfee0));

/** With each usual separator. */
const separated = (text: string): string[] =>
	[' ', '-', '.', '\u00a0', '\u2011', '\u2013'].map((it) => text.replace(/[ -]/g, it));

/** With what is before the first separator in parentheses. */
const withArea = (text: string) => (/[ -]/.test(text) ? `(${text.replace(/[ -]/, ') ')}` : text);

/** In every way that people and their tools write a number. */
export const ways: readonly Way[] = [
	{
		name: 'with +',
		write: ({ number, code, grouped }) => [
			number,
			...separated(`+${code} ${grouped}`),
			`+ ${code} ${grouped}`,
			`+${code} ${withArea(grouped)}`,
		],
	},
	{ name: 'with + in parentheses', write: ({ code, grouped }) => [`(+${code}) ${grouped}`] },
	{
		name: 'full-width digits',
		write: ({ number, code, grouped }) => [wide(number), wide(`+${code} ${grouped}`)],
	},
	{
		name: 'invisible characters',
		write: ({ number, code, grouped }) => [
			`\u202a${number}\u202c`,
			`\u200b+${code} ${grouped}`,
			`${number.slice(0, 4)}\u200d${number.slice(4)}`,
		],
	},
	{
		name: 'blanks at the ends',
		write: ({ number, code, grouped }) => [`  +${code} ${grouped}\n`, `\t${number}\u3000`],
	},
	{
		name: 'with 00',
		write: ({ code, digits, grouped }) => [
			`00${code}${digits}`,
			...separated(`00 ${code} ${grouped}`),
			`00${code} ${grouped}`,
		],
	},
	{
		name: "the country's own dial-out",
		write: ({ code, digits, grouped, dialOut }) => [
			`${dialOut}${code}${digits}`,
			`${dialOut} ${code} ${grouped}`,
			`${dialOut}-${code}-${grouped}`,
		],
	},
	{
		name: 'with + and (0)',
		write: ({ code, digits, grouped }) => [`+${code} (0)${grouped}`, `+${code}(0)${digits}`],
	},
	{ name: 'with 00 and (0)', write: ({ code, grouped }) => [`00${code} (0)${grouped}`] },
	{
		name: 'with + and the prefix',
		write: ({ code, national, prefix }) =>
			prefix === '' ? [] : [`+${code} ${national.replace(/[()]/g, '')}`],
	},
	{
		name: 'without +',
		write: ({ code, digits, grouped }) => [
			`${code}${digits}`,
			...separated(`${code} ${grouped}`),
			wide(`${code}${digits}`),
		],
	},
	{ name: 'without +, a number', write: ({ code, digits }) => [Number(`${code}${digits}`)] },
	{ name: 'without +, a float as text', write: ({ code, digits }) => [`${code}${digits}.0`] },
	{
		name: 'national',
		isNational: true,
		write: ({ national }) => [...separated(national), national.replace(/\D/g, ''), wide(national)],
	},
	{
		name: 'national, no prefix',
		isNational: true,
		write: ({ digits, grouped }) => [digits, ...separated(grouped)],
	},
	{
		name: 'national, a number',
		isNational: true,
		write: ({ digits }) => (digits.startsWith('0') ? [] : [Number(digits)]),
	},
	{ name: 'national, a float as text', isNational: true, write: ({ digits }) => [`${digits}.0`] },
];
