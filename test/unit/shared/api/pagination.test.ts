import { collectPages, type Page } from '../../../../nodes/shared/api/pagination';

const never = new AbortController().signal;

type Entry = { id: string };

const entries = (from: number, to: number): Entry[] =>
	Array.from({ length: to - from + 1 }, (_, index) => ({ id: String(from + index) }));

/** Collects from these pages; the last one is given again and again. */
async function collect(pages: Array<Page<Entry>>, wanted = Infinity) {
	const asked: number[] = [];
	const result = await collectPages(
		async (page) => {
			asked.push(page);
			return { ok: true, value: pages[Math.min(page, pages.length) - 1] as Page<Entry> };
		},
		wanted,
		never,
	);
	return { asked, ids: result.ok ? result.value.map(({ id }) => Number(id)) : undefined, result };
}

describe('a list in pages', () => {
	it('is followed to its end', async () => {
		const { asked, ids } = await collect([
			{ entries: entries(1, 50), hasNextPage: true },
			{ entries: entries(51, 100), hasNextPage: true },
			{ entries: entries(101, 101), hasNextPage: false },
		]);
		expect(asked).toEqual([1, 2, 3]);
		expect(ids).toHaveLength(101);
	});

	it('is not read further than wanted', async () => {
		const { asked, ids } = await collect(
			[
				{ entries: entries(1, 50), hasNextPage: true },
				{ entries: entries(51, 100), hasNextPage: true },
			],
			60,
		);
		expect(asked).toEqual([1, 2]);
		expect(ids?.at(-1)).toBe(60);
	});

	it('gives each entry once though new ones push it onto the next page', async () => {
		const { ids } = await collect([
			{ entries: entries(1, 50), hasNextPage: true },
			{ entries: entries(49, 98), hasNextPage: false },
		]);
		expect(ids).toEqual(Array.from({ length: 98 }, (_, index) => index + 1));
	});

	it.each([
		['repeats its last page', { entries: entries(1, 50), hasNextPage: true }],
		['has empty pages without end', { entries: [], hasNextPage: true }],
	])('that %s is an error, not an endless run', async (_, page) => {
		const { asked, result } = await collect([page]);
		expect(asked.length).toBeLessThan(6);
		expect(result).toMatchObject({ ok: false, failure: { kind: 'refused' } });
	});

	it('that grows as fast as it is read is an error in the end', async () => {
		let next = 0;
		const result = await collectPages(
			async () => {
				next += 1;
				return { ok: true, value: { entries: [{ id: String(next) }], hasNextPage: true } };
			},
			Infinity,
			never,
		);
		expect(result.ok).toBe(false);
	});

	it('fails with the page that fails', async () => {
		const failure = { kind: 'uncertain' as const, message: 'broken', description: '' };
		expect(await collectPages(async () => ({ ok: false, failure }), 10, never)).toEqual({
			ok: false,
			failure,
		});
	});

	it('ends where nobody waits for it any more', async () => {
		const stop = new AbortController();
		let pages = 0;
		await collectPages(
			async (page) => {
				pages = page;
				if (page === 3) stop.abort();
				return { ok: true, value: { entries: [{ id: String(page) }], hasNextPage: true } };
			},
			Infinity,
			stop.signal,
		);
		expect(pages).toBe(3);
	});
});
