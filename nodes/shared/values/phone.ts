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

/** A valid number as E.164, or why there is none. */
export type PhoneNumber = { ok: true; number: string } | { ok: false; message: string };

/** AlloMia's limits (POST /outbound, phoneNumber), in characters. */
const shortest = 10;
const longest = 20;

/** How much of an invalid text is shown in its error message. */
const longestShown = 60;

const example = 'Write it with + and its country code, for example +15145551234.';

const rules = metadata as unknown as MetadataJson;

/** Parses a country code (ISO 3166-1). Returns undefined if there is no such country. */
export function readCountry(text: string): CountryCode | undefined {
	const code = clean(text).toUpperCase() as CountryCode;
	return isSupportedCountry(code, rules) ? code : undefined;
}

/**
 * Parses a phone number. A text that can be read as two numbers that may both exist is an error: one of them
 * is a stranger's.
 * @param country the country of numbers without a country code
 */
export function readPhoneNumber(value: string, country?: CountryCode): PhoneNumber {
	const text = plain(value);
	const problem = findProblem(text);
	if (problem !== undefined) return invalid(text, problem);
	const [before = '', after] = text.split('/');
	const isWhole = digitsOf(before).length >= 7 && parse(before, country)?.isValid();
	if (after !== undefined && isWhole) return invalid(text, 'holds several numbers.');
	const [number, other] = readings(text, country);
	if (number === undefined) return invalid(text, whyUnreadable(text, country));
	if (other !== undefined) return invalid(text, `can be read as ${number} and as ${other}.`);
	if (number.length < shortest || number.length > longest) {
		return invalid(number, `does not have ${shortest} to ${longest} characters.`);
	}
	return { ok: true, number };
}

/**
 * Whether a text can be read as a number, in any of the ways in which it is written in its country.
 * @param number as E.164
 */
export function couldBe(value: string, number: string): boolean {
	const [text, known] = [plain(value), parse(number)];
	if (!known || findProblem(text) !== undefined) return false;
	return readings(text, known.country).includes(known.number);
}

/** Why a text is not a phone number of any country; undefined if it may be one. */
export function findPhoneProblem(value: string): string | undefined {
	return findProblem(plain(value));
}

/** Normalizes a text to ASCII characters, without what spreadsheets add to numbers. */
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

function findProblem(text: string): string | undefined {
	if (text === '') return 'is empty.';
	if (/[\r\n]/.test(text) || holdsSeveral(text)) return 'holds several numbers.';
	if (/^\+?\d{5,}\.\d{1,2}$/.test(text)) return 'is a number with a fraction.';
	if (dateForm.test(text)) return 'is a date.';
	if (/^-|-$/.test(text)) return 'starts or ends with a hyphen.';
	if (!/^\(?\+?[ ().\-/]*\d[\d ().\-/]*$/.test(text)) {
		return 'contains characters that cannot be dialed (extensions are not supported).';
	}
	if (text.endsWith(')')) return 'ends with something in parentheses.';
	return undefined;
}

/** Whether a text holds several numbers, as `030 1234567/68` and `030 12345/12346` do; `0151/2345678` does not. */
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

/** All numbers that a text can be read as, in E.164. */
function readings(text: string, country?: CountryCode): string[] {
	const isInternational = /^\(?\+/.test(text);
	const spellings = withAndWithoutZero(text);
	const found = spellings.flatMap((it) =>
		isInternational ? [parse(it)] : readWithoutPlus(it, country),
	);
	const valid = numbersOf(found, 'isValid');
	if (valid.length > 0) return valid;
	if (!isInternational) return numbersOf(spellings.map(readDialledAbroad), 'isValid');
	// Where no such number is known, not a digit may be left out.
	const asWritten = found.filter((it, index) => it?.number === dialled(spellings[index] ?? ''));
	return isFollowed(text) ? [] : numbersOf(asWritten, 'isPossible');
}

/** Whether a valid number is followed by a single digit, such as an extension or its position in a list. */
function isFollowed(text: string, country?: CountryCode): boolean {
	return parse(text.replace(/[^\d+]+\d$/, ''), country)?.isValid() === true;
}

function numbersOf(
	found: ReadonlyArray<ParsedNumber | undefined>,
	check: 'isValid' | 'isPossible',
): string[] {
	return [...new Set(found.flatMap((it) => (it?.[check]() ? [it.number] : [])))];
}

/** `(0)` is either dialled inside the country only, or part of the number, as in Italy. */
function withAndWithoutZero(text: string): string[] {
	const without = text.replace(/(?<=\d *)\( *0\d? *\)/, ' ');
	return without === text ? [text] : [text, without];
}

/** Reads a number without `+` as a number of the country, and as an international one whose `+` is missing. */
function readWithoutPlus(text: string, country?: CountryCode): Array<ParsedNumber | undefined> {
	const digits = digitsOf(text);
	const national = country && parse(digits, country);
	// The international prefix of most countries, and of those of the CIS.
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
	// Country code and area code are never written as one group with the rest in others.
	const isApart = others.length === 0 || first === plusMissing.countryCallingCode;
	const isAlone = !national?.isValid();
	if (isAlone && (!isApart || isFollowed(text, country))) return [national];
	const isNational = country ? isGrouped(text, country, plusMissing) : isUsedSomewhere(digits);
	return isNational ? [national] : [national, plusMissing];
}

/** Reads a number with the international prefix of North America, Australia or Japan. */
function readDialledAbroad(text: string): ParsedNumber | undefined {
	const [first = '', code, ...others] = groupsOf(text);
	if (!['011', '0011', '010'].includes(first)) return undefined;
	const international = parse(`+${code}${others.join('')}`);
	return international?.countryCallingCode === code ? international : undefined;
}

/** Whether the grouping of the digits rules out that they begin with a country code. */
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

/** The national patterns of mobile numbers, by country. */
let mobileNumbers: RegExp[] | undefined;

/** Whether the digits are a national mobile number in some country: the number's own country is not known. */
function isUsedSomewhere(digits: string): boolean {
	mobileNumbers ??= Object.values(metadata.countries).flatMap((country) => {
		// Metadata format 4 has the patterns by type there. In North America, mobile equals fixed-line.
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

/** The groups of digits between separators. */
const groupsOf = (text: string) => text.split(/\D+/).filter((group) => group !== '');

const digitsOf = (text: string) => text.replace(/\D/g, '');

function invalid(text: string, why: string): PhoneNumber {
	const shown = text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
	const what = text === '' ? 'It' : `"${shown.replace(/\s+/g, ' ')}"`;
	return { ok: false, message: `${what} ${why} ${example}` };
}

function whyUnreadable(text: string, country?: CountryCode): string {
	if (!text.includes('+')) {
		return country
			? `is not a valid phone number in ${country}, and does not start with another country’s code.`
			: 'has no country code. Set Options > Default Country.';
	}
	try {
		parsePhoneNumberWithError(dialled(text), { extract: false }, rules);
	} catch (error) {
		if ((error as Error).message === 'INVALID_COUNTRY') {
			return 'starts with a country code that does not exist.';
		}
	}
	return 'has the wrong number of digits for its country.';
}
