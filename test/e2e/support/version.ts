import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compare } from '../../../scripts/lib/testedVersions';
import { readEnvironment } from './instance';

/** Whether the n8n of this run has this version, or a newer one. */
export function isSince(version: string): boolean {
	return compare(readEnvironment().n8n.version, version) >= 0;
}

/** Whether n8n has this version of one of its own nodes, by the file that lists them. */
export function hasNodeVersion(file: string, version: number): boolean {
	const { home } = readEnvironment().n8n;
	const list = readFileSync(path.join(home, 'node_modules', file), 'utf8');
	return new RegExp(`^\\s*${version}: new `, 'm').test(list);
}

/**
 * `describe` and `it` for what n8n has since some version. In an older one these tests are skipped, and
 * count as such.
 */
export const since = (version: string) =>
	isSince(version) ? { describe, it } : { describe: describe.skip, it: it.skip };
