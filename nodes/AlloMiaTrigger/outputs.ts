/**
 * The trigger's outputs, as an expression that the editor evaluates: one, or one per chosen status.
 * Statuses keep one order, whatever order they were chosen in: see `outputOrder`.
 */
export const outputsExpression = `={{
	/^\\s*true\\s*$/i.test(($parameter.options || {}).outputPerStatus)
		? [
			['completed', 'Completed'], ['no-answer', 'No Answer'], ['busy', 'Busy'], ['failed', 'Failed'],
		].filter(([status]) => ($parameter.statuses || []).includes(status))
			.map(([, displayName]) => ({ type: 'main', displayName }))
		: ['main']
}}` as const;
