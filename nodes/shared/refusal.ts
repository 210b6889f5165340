/** One field that cannot be used, by the name that the editor shows, and what to do about it. */
export interface Refusal {
	field: string;
	message: string;
}

/** What is wrong with one item, one line per field. */
export function describeRefusals(refusals: readonly Refusal[]): string {
	return refusals.map(({ field, message }) => `${field}: ${message}`).join('\n');
}
