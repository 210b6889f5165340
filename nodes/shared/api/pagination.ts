import type { ApiResult } from './client';
import type { Failure } from './failure';

/** One page of a list. */
export interface Page<T> {
	entries: T[];
	hasNextPage: boolean;
}

/** The number of consecutive pages without new entries after which a list is considered endless. */
const maxIdlePages = 3;

/** The maximum number of pages: a longer list does not fit into an execution. */
const maxPages = 10_000;

/**
 * Reads a list page by page. Entries that move to the next page, since others were added meanwhile, are
 * returned once.
 * @param readPage reads a page by its number, from 1
 * @param limit the maximum number of entries; `Infinity` for all
 * @param signal aborts when the result is no longer needed: no further page is read
 * @returns the first failure of a page, or a failure if the list is endless
 */
export async function collectPages<T extends { id: string }>(
	readPage: (page: number) => Promise<ApiResult<Page<T>>>,
	limit: number,
	signal: AbortSignal,
): Promise<ApiResult<T[]>> {
	const found = new Map<string, T>();
	let idle = 0;
	for (let page = 1; page <= maxPages; page += 1) {
		const result = await readPage(page);
		if (!result.ok) return result;
		const before = found.size;
		for (const entry of result.value.entries) {
			if (!found.has(entry.id)) found.set(entry.id, entry);
		}
		if (found.size >= limit || !result.value.hasNextPage || signal.aborted) {
			return { ok: true, value: [...found.values()].slice(0, limit) };
		}
		idle = found.size > before ? 0 : idle + 1;
		if (idle === maxIdlePages) return { ok: false, failure: endless(page) };
	}
	return { ok: false, failure: endless(maxPages) };
}

function endless(page: number): Failure {
	return {
		kind: 'refused',
		message: 'AlloMia keeps returning more pages',
		description: `After page ${page} there is still another one, but there are no new entries. Narrow the list with Filters, or turn Return All off and set a Limit.`,
	};
}
