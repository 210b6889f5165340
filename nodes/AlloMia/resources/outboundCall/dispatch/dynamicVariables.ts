import { isLosslessNumber, parse, stringify } from 'lossless-json';
import { toJson } from '../../../../shared/values/readParameter';

/** A dynamic variable's value as AlloMia accepts it, or why it is invalid. */
export type VariableValue = { ok: true; value: string } | { ok: false; message: string };

/** Date objects with a method for ISO 8601, such as those of Luxon and Moment. */
interface DateLike {
	isValid: boolean | (() => boolean);
	toISO?: () => string | null;
	toISOString?: () => string | null;
}

/**
 * Converts a value to a string, since AlloMia accepts no other type: dates to ISO 8601, objects and arrays to
 * JSON. Empty values are invalid: a voice that says "undefined" to a patient is worse than no call.
 */
export function toVariable(value: unknown): VariableValue {
	switch (typeof value) {
		case 'string':
			return { ok: true, value };
		case 'boolean':
		case 'bigint':
			return { ok: true, value: String(value) };
		case 'number':
			return Number.isFinite(value)
				? { ok: true, value: String(value) }
				: invalid(`is ${value}, not a number. Check the expression.`);
		case 'object':
			return value === null
				? invalid('is null. Check the expression, or remove it.')
				: ofObject(value);
		case 'undefined':
			return invalid('is undefined. Check the expression, or remove it.');
		default:
			return invalid(`is a ${typeof value}, which has no text form. Use text, a number or a date.`);
	}
}

function ofObject(value: object): VariableValue {
	if (value instanceof Date) {
		return Number.isNaN(value.getTime())
			? invalid('is not a valid date. Check the expression.')
			: { ok: true, value: value.toISOString() };
	}
	if (isDateLike(value)) {
		const valid = typeof value.isValid === 'function' ? value.isValid() : value.isValid;
		const text = valid ? (value.toISO ?? value.toISOString)?.call(value) : null;
		return text ? { ok: true, value: text } : invalid('is not a valid date. Check the expression.');
	}
	const json = toJson(value);
	return json === undefined
		? invalid('cannot be converted to JSON. Use text, a number or a date.')
		: { ok: true, value: json };
}

function isDateLike(value: object): value is DateLike {
	const { toISO, toISOString } = value as DateLike;
	return 'isValid' in value && typeof (toISO ?? toISOString) === 'function';
}

function invalid(message: string): VariableValue {
	return { ok: false, message };
}

/**
 * Parses a JSON object with all digits of its numbers: numbers become text, nested objects and arrays JSON.
 * @throws SyntaxError
 */
export function parseVariables(json: string): unknown {
	const parsed = parse(json);
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return parsed;
	if (isLosslessNumber(parsed)) return Number(parsed.value);
	const isText = (value: unknown) => typeof value !== 'object' || value === null;
	return Object.fromEntries(
		Object.entries(parsed).map(([name, value]) => [name, isText(value) ? value : stringify(value)]),
	);
}

/**
 * Finds duplicate names at the top level of a JSON object, which JSON.parse ignores.
 * @param json valid JSON
 */
export function repeatedNames(json: string): string[] {
	const seen = new Set<string>();
	const repeated = new Set<string>();
	let depth = 0;
	for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs)) {
		const token = match[0];
		if (token === '{' || token === '[') depth += 1;
		else if (token === '}' || token === ']') depth -= 1;
		else if (depth === 1 && match[1] !== undefined) {
			const name = String(JSON.parse(token.slice(0, token.length - match[1].length)));
			if (seen.has(name)) repeated.add(name);
			seen.add(name);
		}
	}
	return [...repeated];
}
