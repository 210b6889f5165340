import { toText } from './strings';
import type { ValidationIssue } from './validation';

/** The range of a number, and its default. */
interface NumberLimits {
	fallback: number;
	min: number;
	max: number;
}

/** Reads an integer; the default if it is not set. */
export function readInteger(
	field: string,
	value: unknown,
	limits: NumberLimits,
	issues: ValidationIssue[],
): number {
	return readNumber(field, value, limits, issues, 'a whole number');
}

/** Reads a number; the default if it is not set. */
export function readNumber(
	field: string,
	value: unknown,
	{ fallback, min, max }: NumberLimits,
	issues: ValidationIssue[],
	kind: 'a number' | 'a whole number' = 'a number',
): number {
	if (value === undefined || value === null || value === '') return fallback;
	const number = typeof value === 'string' ? Number(value) : value;
	const fits = kind === 'a number' ? Number.isFinite : Number.isInteger;
	if (typeof number === 'number' && fits(number) && number >= min && number <= max) return number;
	issues.push({
		field,
		message: `It is ${show(value)}. Use ${kind} from ${min} to ${max}.`,
	});
	return fallback;
}

/**
 * Reads a boolean option. Anything but true or false is an issue, never guessed at: a wrong guess may place a
 * call.
 * @param fallback the value if the option is not set
 */
export function readBoolean(
	field: string,
	options: Record<string, unknown>,
	name: string,
	issues: ValidationIssue[],
	fallback = false,
): boolean {
	if (!(name in options)) return fallback;
	const value = options[name];
	if (typeof value === 'boolean') return value;
	const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
	if (text === 'true' || text === 'false') return text === 'true';
	issues.push({ field, message: `It is ${show(value)}. Use true or false.` });
	return false;
}

/** Reads a text parameter, trimmed; empty if it is not set, undefined if its type is rejected. */
export function readText(
	field: string,
	value: unknown,
	issues: ValidationIssue[],
): string | undefined {
	if (isText(value)) return toText(value);
	issues.push({ field, message: `It is ${kindOf(value)}. Use text.` });
	return undefined;
}

/** Whether a value is a string, converts to one without surprises, or is missing. */
export function isText(value: unknown): boolean {
	return value === null || ['string', 'number', 'bigint', 'undefined'].includes(typeof value);
}

/** How much of a value is shown in an error message. */
const longestShown = 100;

/** A value as error messages show it: as JSON, shortened, or its type if it has none. */
export function show(value: unknown): string {
	const text = value === undefined ? 'undefined' : (toJson(value) ?? kindOf(value));
	return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

/** A value as JSON; undefined if it has none, such as a function, or an object that refers to itself. */
export function toJson(value: unknown): string | undefined {
	try {
		return JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? String(it) : it));
	} catch {
		return undefined;
	}
}

/** The type of a value, as error messages name it. */
export function kindOf(value: unknown): string {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'a list';
	return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
