/** What n8n keeps of processed values, in memory: its rows, and the helpers of an execution. */
export function processedData() {
	const rows = new Map<string, Set<string>>();
	const rowOf = (name: string) => {
		const row = rows.get(name) ?? new Set();
		rows.set(name, row);
		return row;
	};
	const helpers = {
		checkProcessedAndRecord: async (values: string[], name: string) => {
			const row = rowOf(name);
			const processed = values.filter((it) => row.has(it));
			values.forEach((it) => row.add(it));
			return { new: values.filter((it) => !processed.includes(it)), processed };
		},
		getProcessedDataCount: async (name: string) => rowOf(name).size,
		removeProcessed: async (values: string[], name: string) =>
			values.forEach((it) => rowOf(name).delete(it)),
	};
	const values = () => [...rows.values()].flatMap((row) => [...row]);
	return { helpers, values };
}
