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
import { clean } from './strings';

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
	const [before = '', after] = text.split('/');
	const isWhole = digitsOf(before).length >= 7 && parse(before, country)?.isValid();
	if (after !== undefined && isWhole) return refuse(text, 'holds several numbers.');
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
export function couldBe(value: string, number: string): boolean {
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
		.replace(/^(\+?[\d ]+)\.0+$/, '$1');
}

const dateForm = /^(?:(?:19|20)\d\d[-.]\d\d[-.]\d\d|\d\d[-.]\d\d[-.](?:19|20)\d\d)$/;

function faultOf(text: string): string | undefined {
	if (text === '') return 'is empty.';
	if (/[\r\n]/.test(text) || holdsSeveral(text)) return 'holds several numbers.';
	if (/^\+?\d{5,}\.\d{1,2}$/.test(text)) return 'is a number with a fraction.';
	if (dateForm.test(text)) return 'is a date.';
	if (/^-|-$/.test(text)) return 'has a sign.';
	if (!/^\(?\+?[ ().\-/]*\d[\d ().\-/]*$/.test(text)) {
		return 'contains characters that cannot be dialled (extensions are not supported).';
	}
	if (text.endsWith(')')) return 'ends with something in parentheses.';
	return undefined;
}

/** `030 1234567/68` and `030 12345/12346` stand for two numbers, `0151/2345678` for one. */
function holdsSeveral(text: string): boolean {
	const [first = '', ...others] = groupsOf(text);
	if (/^0\d\d/.test(first) && others.includes(first)) return true;
	const [before = '', after, ...more] = text.split('/');
	if (after === undefined) return false;
	const [digits, length] = [digitsOf(after), digitsOf(before).replace(/^0+/, '').length];
	const groups = groupsOf(before);
	const last = groups.length > 1 ? (groups.at(-1) ?? '').length : 0;
	const isAlike = last >= 4 && Math.abs(digits.length - last) <= 1;
	return more.length > 0 || /^0|^\d{0,3}$/.test(digits) || length >= 9 || isAlike;
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
	if (!isInternational) return numbersOf(spellings.map(readDialledAbroad), 'isValid');
	return isFollowed(text) ? [] : numbersOf(found, 'isPossible');
}

/** Whether a digit stands behind a number that exists: its place in a list, or an extension. */
function isFollowed(text: string, country?: CountryCode): boolean {
	return parse(text.replace(/[^\d+]+\d$/, ''), country)?.isValid() === true;
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
	const [first = '', ...others] = groupsOf(text);
	const [, dialOut = '', rest] = /^(00|810)(.+)/.exec(digits) ?? [];
	if (rest !== undefined) {
		const international = parse(`+${rest}`);
		const length = first.length - dialOut.length;
		const isSplit = length > 0 && length < (international?.countryCallingCode.length ?? 0);
		return isSplit ? [national] : [national, international];
	}
	const plusMissing = digits.startsWith('0') ? undefined : parse(`+${digits}`);
	if (!plusMissing?.isValid()) return [national];
	// Nobody writes a country's code and the area's in one group, and the rest in others.
	const isApart = others.length === 0 || first === plusMissing.countryCallingCode;
	const isAlone = !national?.isValid();
	if (isAlone && (!isApart || isFollowed(text, country))) return [national];
	const isNational = country ? isGrouped(text, country, plusMissing) : isUsedSomewhere(digits);
	return isNational ? [national] : [national, plusMissing];
}

/** What North America, Australia and Japan dial before the code of another country. */
function readDialledAbroad(text: string): ParsedNumber | undefined {
	const [first = '', code, ...others] = groupsOf(text);
	if (!['011', '0011', '010'].includes(first)) return undefined;
	const international = parse(`+${code}${others.join('')}`);
	return international?.countryCallingCode === code ? international : undefined;
}

/** Whether the digits stand in groups in which they do not begin with that number's country code. */
function isGrouped(text: string, country: CountryCode, plusMissing: ParsedNumber): boolean {
	const groups = groupsOf(text);
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

/** What stands between separators. */
const groupsOf = (text: string) => text.split(/\D+/).filter((group) => group !== '');

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
