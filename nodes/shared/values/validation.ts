/** One field that cannot be used, by the name that the editor shows, and what to do about it. */
export interface Refusal {
	field: string;
	message: string;
}

/** What was read from parameters, or everything that is wrong with them. */
export type Checked<T> = { ok: true; value: T } | { ok: false; refusals: Refusal[] };

/** The value, unless something was refused while it was read. */
export function checked<T>(value: T, refusals: Refusal[]): Checked<T> {
	return refusals.length > 0 ? { ok: false, refusals } : { ok: true, value };
}

/** What is wrong with one item, one line per field. */
export function describeRefusals(refusals: readonly Refusal[]): string {
	return refusals.map(({ field, message }) => `${field}: ${message}`).join('\n');
}
