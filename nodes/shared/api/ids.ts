import { bareHost, parseUrl } from '../values/hosts';
import { readText, show } from '../values/readParameter';
import type { ValidationIssue } from '../values/validation';
import { toText } from '../values/strings';

/** The format of a UUID. AlloMia's IDs do not have the version and variant bits of RFC 9562. */
export const uuidForm = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** UUIDs within a text, not those within longer words. */
const uuids = /(?<![\da-z-])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\da-z-])/gi;

/** Characters that are not allowed in a path segment: slashes, control characters and lone surrogates. */
const unsafe = /[/\\\p{Cc}\p{Cs}]/u;

const emptyId = 'It is empty. Copy the ID from AlloMia and paste it here.';

/** The maximum length of an ID. */
const maxLength = 200;

/**
 * Reads an ID for use as a path segment. AlloMia documents no format for the IDs of calls and organizations,
 * so only what would change the path is rejected.
 * @param value text, or the value of a resource locator: `{ mode, value }`
 * @returns the ID, not URL-encoded
 */
export function readPathId(
	field: string,
	value: unknown,
	issues: ValidationIssue[],
	whenEmpty = emptyId,
): string {
	const id = readAddress(field, locatorText(value), issues);
	if (id === undefined) return '';
	if (id === '') {
		issues.push({ field, message: whenEmpty });
	} else if (id === '.' || id === '..' || unsafe.test(id) || id.length > maxLength) {
		const shown = id.length > 60 ? `${id.slice(0, 60)}…` : id;
		issues.push({
			field,
			message: `${JSON.stringify(shown)} is not a valid ID. Paste only the ID, not a URL.`,
		});
	}
	return id;
}

/** The text of a parameter, which may be the value of a resource locator: `{ mode, value }`. */
export function locatorText(value: unknown): string {
	return toText(isLocator(value) ? value.value : value);
}

/**
 * Finds the ID in the address of one of AlloMia's pages, which people paste in its place.
 * @returns the text if it is no such address; undefined if that has no ID, or several
 */
function readAddress(field: string, text: string, issues: ValidationIssue[]): string | undefined {
	const url = /^https?:/i.test(text) ? parseUrl(text) : undefined;
	if (!url || !/(^|\.)allomia\.com$/i.test(bareHost(url.hostname))) return text;
	const ids = new Set((text.match(uuids) ?? []).map((id) => id.toLowerCase()));
	const [id] = ids;
	if (ids.size === 1) return id;
	const found = ids.size === 0 ? 'no ID' : 'several IDs';
	issues.push({ field, message: `The address has ${found}. Paste only the ID itself.` });
	return undefined;
}

function isLocator(value: unknown): value is { value: unknown } {
	return typeof value === 'object' && value !== null && 'value' in value;
}

/** Reads a UUID in AlloMia's format, trimmed. */
export function readUuid(field: string, value: unknown, issues: ValidationIssue[]): string {
	const text = readText(field, value, issues);
	const id = text === undefined ? undefined : readAddress(field, text, issues);
	if (id === undefined) return '';
	if (id === '') {
		issues.push({ field, message: emptyId });
	} else if (!uuidForm.test(id)) {
		issues.push({
			field,
			message: `${show(id)} is not a valid ID. An ID looks like a1b2c3d4-e5f6-7890-abcd-123456789012.`,
		});
	}
	return id;
}
