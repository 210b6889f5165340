import { uuidForm } from './schemas';
import { readText } from '../values/parameters';
import type { ValidationIssue } from '../values/validation';
import { toText } from '../values/strings';

/** Slashes, and what has no place in an address: control characters and halves of characters. */
const unsafe = /[/\\\p{Cc}\p{Cs}]/u;

/** Longer than any ID: beyond it, something else was pasted. */
const maxLength = 200;

/**
 * An ID that becomes a segment of a path. AlloMia documents no form for the IDs of calls and
 * organizations, so only what would lead elsewhere is refused.
 * @param value text, or what n8n keeps of a list's choice: `{ mode, value }`
 * @returns the ID, not encoded yet
 */
export function readPathId(field: string, value: unknown, issues: ValidationIssue[]): string {
	const id = toText(isLocator(value) ? value.value : value);
	if (id === '') {
		issues.push({ field, message: 'It is empty. Copy the ID from AlloMia and paste it here.' });
	} else if (id === '.' || id === '..' || unsafe.test(id) || id.length > maxLength) {
		const shown = id.length > 60 ? `${id.slice(0, 60)}…` : id;
		issues.push({
			field,
			message: `${JSON.stringify(shown)} is not an ID of AlloMia. Paste the ID alone, not an address.`,
		});
	}
	return id;
}

function isLocator(value: unknown): value is { value: unknown } {
	return typeof value === 'object' && value !== null && 'value' in value;
}

/** A UUID as AlloMia writes it, without what was pasted around it. */
export function readUuid(field: string, value: unknown, issues: ValidationIssue[]): string {
	const id = readText(field, value, issues);
	if (id === undefined) return '';
	if (id === '') {
		issues.push({ field, message: 'It is empty. Copy the ID from AlloMia and paste it here.' });
	} else if (!uuidForm.test(id)) {
		issues.push({
			field,
			message: `"${id}" is not an ID of AlloMia. It looks like a1b2c3d4-e5f6-7890-abcd-123456789012.`,
		});
	}
	return id;
}
