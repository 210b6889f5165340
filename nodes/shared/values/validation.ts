/** An invalid field, by its name in the editor, and how to correct it. */
export interface ValidationIssue {
	field: string;
	message: string;
}

/** A value read from parameters, or everything that is wrong with them. */
export type Validated<T> = { ok: true; value: T } | { ok: false; issues: ValidationIssue[] };

/** The value, unless there are issues with it. */
export function validated<T>(value: T, issues: ValidationIssue[]): Validated<T> {
	return issues.length > 0 ? { ok: false, issues } : { ok: true, value };
}

/** The issues of one item as text, one line per field. */
export function describeIssues(issues: readonly ValidationIssue[]): string {
	return issues.map(({ field, message }) => `${field}: ${message}`).join('\n');
}
