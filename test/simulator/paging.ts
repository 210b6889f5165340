/** The `pagination` object of a list response. */
export interface Pagination {
	page: number;
	limit: number;
	total: number;
	totalPages: number;
	hasNextPage: boolean;
	hasPreviousPage: boolean;
}

/** One page of a list. */
export function paginate<T>(
	list: readonly T[],
	{ page, limit }: { page: number; limit: number },
): { items: T[]; pagination: Pagination } {
	const total = list.length;
	const totalPages = Math.ceil(total / limit);
	return {
		items: list.slice((page - 1) * limit, page * limit),
		pagination: {
			page,
			limit,
			total,
			totalPages,
			hasNextPage: page < totalPages,
			hasPreviousPage: page > 1,
		},
	};
}
