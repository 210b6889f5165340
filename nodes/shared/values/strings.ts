/** Characters that nobody sees and that copying from a web page, a sheet or a phone brings along. */
const invisible = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;

/** The text without characters that nobody sees, wherever they stand. */
export function withoutInvisible(text: string): string {
	return text.replace(invisible, '');
}

/** The text without blanks and newlines around it, and without invisible characters. */
export function clean(text: string): string {
	return withoutInvisible(text).trim();
}

/**
 * A pasted or computed value as clean text. Numbers count as text, since a sheet's cell may hold
 * one; anything else that is not a string counts as missing.
 */
export function toText(value: unknown): string {
	if (typeof value === 'string') return clean(value);
	if (typeof value === 'number' || typeof value === 'bigint') return String(value);
	return '';
}

/** `text` with every occurrence of `secret` blanked out. */
export function redact(text: string, secret: string): string {
	return secret.length < 4 ? text : text.split(secret).join('***');
}

/** A list of at most `max` entries as one line: `a, b, c and 4 more`. */
export function shortList(entries: readonly string[], max = 10): string {
	const shown = entries.slice(0, max).join(', ');
	return entries.length > max ? `${shown} and ${entries.length - max} more` : shown;
}
