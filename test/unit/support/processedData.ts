import { randomUUID } from 'node:crypto';

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
	return { helpers, rows, values };
}

/** An execution that begins, as far as a ledger sees it: its first run. */
export function anExecution(helpers: ReturnType<typeof processedData>['helpers']) {
	const [id, workflow, memory] = [randomUUID(), randomUUID(), {}];
	return {
		helpers,
		isToolExecution: () => false,
		getContext: () => memory,
		getNode: () => ({ id: 'n', name: 'AlloMia', type: 'n8n-nodes-allomia.alloMia' }),
		getWorkflow: () => ({ id: workflow, active: true }),
		getMode: () => 'webhook',
		getExecutionId: () => id,
		getExecutionCancelSignal: () => undefined,
		evaluateExpression: () => 0,
		logger: { warn: () => undefined },
	};
}
