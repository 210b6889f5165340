import {
	isSupportedCountry,
	ParseError,
	parsePhoneNumberWithError,
	type CountryCode,
} from 'libphonenumber-js/min';
import { clean } from './text';

/** A number ready to be sent, or why it cannot be. */
export type PhoneNumber = { ok: true; number: string } | { ok: false; message: string };

/** AlloMia's own limits (POST /outbound, phoneNumber), in characters. */
const shortest = 10;
const longest = 20;

const example = 'Write it with its country code, for example +15145551234.';

/** The country's code in upper case, or undefined where there is no such country. */
export function readCountry(text: string): CountryCode | undefined {
	const code = clean(text).toUpperCase();
	return isSupportedCountry(code) ? code : undefined;
}

/**
 * The number as AlloMia takes it. A number with `+`, and with a default country any other too,
 * becomes E.164. Without a default country, a number without `+` goes out as it was written, as
 * AlloMia's documentation allows.
 */
export function readPhoneNumber(value: string, country?: CountryCode): PhoneNumber {
	const text = clean(value.normalize('NFKC')).replace(/[\u2010-\u2015\u2212]/g, '-');
	if (text === '') return refuse(`It is empty. ${example}`);
	if (!/^\+?[\d\s().\-/]+$/.test(text)) {
		return refuse(
			`"${value}" holds characters that cannot be dialled (an extension cannot either). ${example}`,
		);
	}
	if (!text.startsWith('+') && country === undefined) return national(text);
	try {
		const parsed = parsePhoneNumberWithError(text, { defaultCountry: country, extract: false });
		if (!parsed.isPossible()) {
			return refuse(`"${value}" has not the number of digits that its country uses. ${example}`);
		}
		return fitting(parsed.number);
	} catch (error) {
		const code = error instanceof ParseError ? error.message : 'NOT_A_NUMBER';
		return refuse(`"${value}" ${explain(code)} ${example}`);
	}
}

function national(text: string): PhoneNumber {
	if (text.replace(/\D/g, '').length < shortest) {
		return refuse(
			`"${text}" has fewer than ${shortest} digits. ${example} Or set Options > Default Country.`,
		);
	}
	return fitting(text);
}

function fitting(number: string): PhoneNumber {
	if (number.length < shortest || number.length > longest) {
		return refuse(`"${number}" must have ${shortest} to ${longest} characters. ${example}`);
	}
	return { ok: true, number };
}

function refuse(message: string): PhoneNumber {
	return { ok: false, message };
}

function explain(code: string): string {
	switch (code) {
		case 'INVALID_COUNTRY':
			return 'begins with a country code that does not exist.';
		case 'TOO_SHORT':
			return 'has too few digits.';
		case 'TOO_LONG':
			return 'has too many digits.';
		default:
			return 'is not a phone number.';
	}
}
