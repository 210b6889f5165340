import { isLosslessNumber, parse, stringify } from 'lossless-json';

/** A dynamic variable's value as AlloMia takes it, or why it has none. */
export type VariableValue = { ok: true; value: string } | { ok: false; message: string };

/** Objects that know their own ISO 8601 form: Luxon's DateTime, Moment's moment. */
interface DateLike {
	isValid: boolean | (() => boolean);
	toISO?: () => string | null;
	toISOString?: () => string | null;
}

/**
 * AlloMia takes strings only: numbers and booleans in their usual form, dates as ISO 8601, objects
 * and lists as JSON. What stands for "nothing" is refused: a caller who says "undefined" to a
 * patient is worse than no call.
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
				: refuse(`is ${value}, not a number. Check the expression.`);
		case 'object':
			return value === null
				? refuse('is null. Check the expression, or remove it.')
				: ofObject(value);
		case 'undefined':
			return refuse('is undefined. Check the expression, or remove it.');
		default:
			return refuse(`is a ${typeof value}, which cannot be spoken. Use text, a number or a date.`);
	}
}

function ofObject(value: object): VariableValue {
	if (value instanceof Date) {
		return Number.isNaN(value.getTime())
			? refuse('is not a valid date. Check the expression.')
			: { ok: true, value: value.toISOString() };
	}
	if (isDateLike(value)) {
		const valid = typeof value.isValid === 'function' ? value.isValid() : value.isValid;
		const text = valid ? (value.toISO ?? value.toISOString)?.call(value) : null;
		return text ? { ok: true, value: text } : refuse('is not a valid date. Check the expression.');
	}
	const json = toJson(value);
	return json === undefined
		? refuse('cannot be written as JSON. Use text, a number or a date.')
		: { ok: true, value: json };
}

/** The value as JSON, or undefined where it has none: it holds itself, or its `toJSON` says so. */
function toJson(value: object): string | undefined {
	try {
		return JSON.stringify(value) as string | undefined;
	} catch {
		return undefined;
	}
}

function isDateLike(value: object): value is DateLike {
	return 'isValid' in value && ('toISO' in value || 'toISOString' in value);
}

function refuse(message: string): VariableValue {
	return { ok: false, message };
}

/**
 * An object's JSON text as values that keep the digits of numbers as they were typed: a number becomes
 * its text, an object or a list becomes JSON.
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
 * The names at the top level of a JSON object's text that stand there more than once, which
 * JSON.parse would swallow.
 * @param json text that JSON.parse accepts
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
