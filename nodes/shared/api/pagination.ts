import type { ApiResult } from './client';
import type { Failure } from './failure';

/** One page of a list. */
export interface Page<T> {
	entries: T[];
	hasNextPage: boolean;
}

/** After so many pages in a row without anything new, a list is taken to be endless. */
const maxIdlePages = 3;

/** More pages than any list has that fits into one execution. */
const maxPages = 10_000;

/**
 * The first `wanted` entries of a list, page by page. What is added to the list meanwhile pushes
 * known entries onto the next page: each entry comes out once.
 * @param readPage gives a page by its number, from 1
 * @param wanted `Infinity` for the whole list
 * @param signal says that nobody waits for the list any more: no further page is read
 * @returns the first failure of a page; also where the list does not come to an end
 */
export async function collectPages<T extends { id: string }>(
	readPage: (page: number) => Promise<ApiResult<Page<T>>>,
	wanted: number,
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
		if (found.size >= wanted || !result.value.hasNextPage || signal.aborted) {
			return { ok: true, value: [...found.values()].slice(0, wanted) };
		}
		idle = found.size > before ? 0 : idle + 1;
		if (idle === maxIdlePages) return { ok: false, failure: endless(page) };
	}
	return { ok: false, failure: endless(maxPages) };
}

function endless(page: number): Failure {
	return {
		kind: 'refused',
		message: 'AlloMia’s list does not come to an end',
		description: `Page ${page} still announces another one, though nothing new comes. Narrow the list with Filters, or turn Return All off and set a Limit.`,
	};
}
