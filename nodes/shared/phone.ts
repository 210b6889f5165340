import {
	getCountryCallingCode,
	isSupportedCountry,
	parsePhoneNumberFromString,
	parsePhoneNumberWithError,
	type CountryCode,
	type MetadataJson,
	type PhoneNumber as ParsedNumber,
} from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/metadata.max.json';
import { clean } from './text';

/** A number ready to be sent, or why it cannot be. */
export type PhoneNumber = { ok: true; number: string } | { ok: false; message: string };

/** AlloMia's own limits (POST /outbound, phoneNumber), in characters. */
const shortest = 10;
const longest = 20;

/** How much of a text that is refused is shown. */
const longestShown = 60;

const example = 'Write it with + and its country code, for example +15145551234.';

const rules = metadata as unknown as MetadataJson;

/** The country's code in upper case, or undefined where there is no such country. */
export function readCountry(text: string): CountryCode | undefined {
	const code = clean(text).toUpperCase() as CountryCode;
	return isSupportedCountry(code, rules) ? code : undefined;
}

/**
 * The number as E.164. A text that can be read as two numbers that may both exist is refused: one of
 * them is a stranger's.
 * @param country where a number without a country code is to be dialled
 */
export function readPhoneNumber(value: string, country?: CountryCode): PhoneNumber {
	const text = plain(value);
	const fault = faultOf(text);
	if (fault !== undefined) return refuse(text, fault);
	const [number, other] = readings(text, country);
	if (number === undefined) return refuse(text, whyUnread(text, country));
	if (other !== undefined) return refuse(text, `can be read as ${number} and as ${other}.`);
	if (number.length < shortest || number.length > longest) {
		return refuse(number, `does not have ${shortest} to ${longest} characters.`);
	}
	return { ok: true, number };
}

/**
 * Whether a text may mean a number, in whichever way people of its country write it.
 * @param number with `+` and its country code
 */
export function mayMean(value: string, number: string): boolean {
	const [text, known] = [plain(value), parse(number)];
	if (!known || faultOf(text) !== undefined) return false;
	return readings(text, known.country).includes(known.number);
}

/** Why a text is not one telephone number, whatever its country; undefined where it may be. */
export function phoneFault(value: string): string | undefined {
	return faultOf(plain(value));
}

/** The text in the characters of a keyboard, without what a spreadsheet adds to a number. */
function plain(value: string): string {
	const narrow = clean(value).replace(/[\uFF01-\uFF5E]/g, (wide) =>
		String.fromCharCode(wide.charCodeAt(0) - 0xfee0),
	);
	return narrow
		.replace(/[\u2010-\u2015\u2212\u30FC]/g, '-')
		.replace(/[^\S\r\n]/g, ' ')
		.replace(/^'/, '')
		.replace(/^(\d+)\.0+$/, '$1');
}

function faultOf(text: string): string | undefined {
	if (text === '') return 'is empty.';
	if (/[\r\n]/.test(text) || holdsSeveral(text)) return 'holds several numbers.';
	if (/^\d{7,}\.\d{1,2}$/.test(text)) return 'is a number with a fraction.';
	if (/^-|-$/.test(text)) return 'has a sign.';
	if (!/^\(?\+?[ ().\-/]*\d[\d ().\-/]*$/.test(text)) {
		return 'contains characters that cannot be dialled (extensions are not supported).';
	}
	if (text.endsWith(')')) return 'ends with something in parentheses.';
	return undefined;
}

/** `030 1234567/68` stands for two numbers, `0151/2345678` for one. */
function holdsSeveral(text: string): boolean {
	const [before = '', after, ...more] = text.split('/').map(digitsOf);
	if (after === undefined) return false;
	return more.length > 0 || /^0|^\d{0,3}$/.test(after) || before.replace(/^0+/, '').length >= 9;
}

/** All numbers that a text may mean, as E.164. */
function readings(text: string, country?: CountryCode): string[] {
	const isInternational = /^\(?\+/.test(text);
	const spellings = withAndWithoutZero(text);
	const found = spellings.flatMap((it) =>
		isInternational ? [parse(it)] : readWithoutPlus(it, country),
	);
	const valid = numbersOf(found, 'isValid');
	if (valid.length > 0) return valid;
	return isInternational
		? numbersOf(found, 'isPossible')
		: numbersOf(spellings.map(readDialledAbroad), 'isValid');
}

function numbersOf(
	found: ReadonlyArray<ParsedNumber | undefined>,
	check: 'isValid' | 'isPossible',
): string[] {
	return [...new Set(found.flatMap((it) => (it?.[check]() ? [it.number] : [])))];
}

/** `(0)` is for those who dial inside the country, or part of the number: in Italy, for example. */
function withAndWithoutZero(text: string): string[] {
	const without = text.replace(/(?<=\d *)\( *0\d? *\)/, ' ');
	return without === text ? [text] : [text, without];
}

/** What a number without `+` may be: one of the country, or one whose `+` is missing. */
function readWithoutPlus(text: string, country?: CountryCode): Array<ParsedNumber | undefined> {
	const digits = digitsOf(text);
	const national = country && parse(digits, country);
	// What is dialled before the code of another country: in most countries, and in those of the CIS.
	const international = /^(?:00|810)(.+)/.exec(digits)?.[1];
	if (international !== undefined) return [national, parse(`+${international}`)];
	const plusMissing = parse(`+${digits}`);
	if (!plusMissing?.isValid()) return [national];
	const isNational = country ? isGrouped(text, country, plusMissing) : isUsedSomewhere(digits);
	return isNational ? [national] : [national, plusMissing];
}

/** What North America, Australia and Japan dial before the code of another country. */
function readDialledAbroad(text: string): ParsedNumber | undefined {
	const international = /^(?:0?011|010)(.+)/.exec(digitsOf(text))?.[1];
	return international === undefined ? undefined : parse(`+${international}`);
}

/** Whether the digits stand in groups in which they do not begin with that number's country code. */
function isGrouped(text: string, country: CountryCode, plusMissing: ParsedNumber): boolean {
	const groups = text.split(/\D+/).filter((group) => group !== '');
	const [first = ''] = groups;
	const code = plusMissing.countryCallingCode;
	if (groups.length > 1 && first.length < code.length) return true;
	const isNorthAmerican =
		getCountryCallingCode(country, rules) === '1' &&
		groups.map(({ length }) => length).join('-') === '3-3-4';
	return isNorthAmerican && (first !== code || text.startsWith('('));
}

/** What people of each country dial for a mobile telephone. */
let mobileNumbers: RegExp[] | undefined;

/** Whether people of some country write their numbers like that: nobody has said which it is. */
function isUsedSomewhere(digits: string): boolean {
	mobileNumbers ??= Object.values(metadata.countries).flatMap((country) => {
		// Version 4 of the metadata has the patterns there, by kind. In North America, they are the same.
		const [fixed, mobile] = (country[11] || []) as Array<[pattern: string] | 0>;
		const pattern = mobile && (mobile[0] || (fixed && fixed[0]));
		return pattern ? [new RegExp(`^(?:${pattern})$`)] : [];
	});
	return mobileNumbers.some((pattern) => pattern.test(digits));
}

function parse(text: string, defaultCountry?: CountryCode): ParsedNumber | undefined {
	return parsePhoneNumberFromString(dialled(text), { defaultCountry, extract: false }, rules);
}

const dialled = (text: string) => text.replace(/[^\d+]/g, '');

const digitsOf = (text: string) => text.replace(/\D/g, '');

function refuse(text: string, why: string): PhoneNumber {
	const shown = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
	const what = text === '' ? 'It' : `"${shown.replace(/\s+/g, ' ')}"`;
	return { ok: false, message: `${what} ${why} ${example}` };
}

function whyUnread(text: string, country?: CountryCode): string {
	if (!text.includes('+')) {
		return country
			? `is not a phone number in ${country}, and begins with no other country’s code.`
			: 'has no country code. Set Options > Default Country.';
	}
	try {
		parsePhoneNumberWithError(dialled(text), { extract: false }, rules);
	} catch (error) {
		if ((error as Error).message === 'INVALID_COUNTRY') {
			return 'begins with a country code that does not exist.';
		}
	}
	return 'has the wrong number of digits for its country.';
}
