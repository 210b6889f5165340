/** Invisible characters, which come along when text is copied from web pages, spreadsheets or phones. */
const invisible = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g;

/** Removes invisible characters from a text. */
export function withoutInvisible(text: string): string {
	return text.replace(invisible, '');
}

/** Trims a text and removes invisible characters. */
export function clean(text: string): string {
	return withoutInvisible(text).trim();
}

/**
 * Converts a parameter to clean text. Numbers are converted, since spreadsheet cells may hold them; anything
 * else counts as missing.
 */
export function toText(value: unknown): string {
	if (typeof value === 'string') return clean(value);
	if (typeof value === 'number' || typeof value === 'bigint') return String(value);
	return '';
}

/** Replaces every occurrence of a secret. */
export function redact(text: string, secret: string): string {
	return secret.length < 4 ? text : text.split(secret).join('***');
}

/** Formats a list in one line, with at most `max` entries: `a, b, c and 4 more`. */
export function shortList(entries: readonly string[], max = 10): string {
	const shown = entries.slice(0, max).join(', ');
	return entries.length > max ? `${shown} and ${entries.length - max} more` : shown;
}
