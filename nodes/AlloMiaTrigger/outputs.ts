/**
 * The trigger's outputs as an expression, evaluated by the editor: one, or one per chosen status, always in the
 * same order (see `outputOrder`).
 */
export const outputsExpression = `={{
	/^\\s*true\\s*$/i.test(($parameter.options || {}).outputPerStatus)
		? [
			['completed', 'Completed'], ['no-answer', 'No Answer'], ['busy', 'Busy'], ['failed', 'Failed'],
		].filter(([status]) => ($parameter.statuses || []).includes(status))
			.map(([, displayName]) => ({ type: 'main', displayName }))
		: ['main']
}}` as const;
