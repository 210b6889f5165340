import { z } from 'zod';

import { invalid, type Detail } from './responses';

/** UUID form only: AlloMia's own example ids lack RFC 9562's version and variant bits. */
export const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Converts zod's issues to the documented form. */
export function detailsOf(error: z.ZodError, prefix: string[] = []): Detail[] {
	return error.issues.flatMap((issue) => {
		const path = [...prefix, ...issue.path];
		const { message, code } = issue;
		if (issue.code === z.ZodIssueCode.unrecognized_keys) {
			return issue.keys.map((key) => ({
				field: [...path, key].join('.'),
				message: 'Unrecognized field',
				code,
			}));
		}
		return [{ field: path.join('.') || 'body', message, code }];
	});
}

/** Validates a value. Throws the documented 400 if it is invalid. */
export function check<S extends z.ZodTypeAny>(
	schema: S,
	value: unknown,
	error?: string,
	prefix?: string[],
): z.output<S> {
	const result = schema.safeParse(value);
	if (!result.success) throw invalid(detailsOf(result.error, prefix), error);
	return result.data as z.output<S>;
}

/** Parses a JSON body. It must be declared as JSON and be valid UTF-8. */
export function parseJson(body: Buffer, contentType: string | undefined): unknown {
	if (!/^application\/json\s*(;|$)/i.test(contentType ?? '')) {
		throw invalid([
			{
				field: 'content-type',
				message: 'Content-Type must be application/json',
				code: 'invalid_type',
			},
		]);
	}
	try {
		return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
	} catch {
		throw invalid([{ field: 'body', message: 'Body must be valid JSON', code: 'custom' }]);
	}
}

/** The query as an object; a parameter given twice becomes an array, which no schema accepts. */
export function queryObject(query: URLSearchParams): Record<string, string | string[]> {
	const names = [...new Set(query.keys())];
	return Object.fromEntries(
		names.map((name) => {
			const values = query.getAll(name);
			return [name, values.length === 1 ? (values[0] ?? '') : values];
		}),
	);
}

/** A whole number in a query. */
export function wholeNumber(least: number, most: number, fallback: number) {
	return z
		.string()
		.regex(/^\d{1,9}$/, 'Must be a whole number')
		.transform(Number)
		.pipe(z.number().min(least).max(most))
		.optional()
		.transform((value) => value ?? fallback);
}
