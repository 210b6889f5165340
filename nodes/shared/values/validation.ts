/** One field that cannot be used, by the name that the editor shows, and what to do about it. */
export interface ValidationIssue {
	field: string;
	message: string;
}

/** What was read from parameters, or everything that is wrong with them. */
export type Validated<T> = { ok: true; value: T } | { ok: false; issues: ValidationIssue[] };

/** The value, unless something was refused while it was read. */
export function validated<T>(value: T, issues: ValidationIssue[]): Validated<T> {
	return issues.length > 0 ? { ok: false, issues } : { ok: true, value };
}

/** What is wrong with one item, one line per field. */
export function describeIssues(issues: readonly ValidationIssue[]): string {
	return issues.map(({ field, message }) => `${field}: ${message}`).join('\n');
}
