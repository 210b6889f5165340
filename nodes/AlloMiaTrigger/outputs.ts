/**
 * The trigger's outputs as an expression, evaluated by the editor: one, or one per chosen status, always in the
 * same order (see `outputOrder`). The editor does not know what an expression gives: all outputs that there may be
 * are shown.
 */
export const outputsExpression = `={{
	/^(=|\\s*true\\s*$)/i.test(($parameter.options || {}).outputPerStatus)
		? [
			['completed', 'Completed'], ['no-answer', 'No Answer'], ['busy', 'Busy'], ['failed', 'Failed'],
		].filter(([status]) => ($parameter.statuses || []).includes(status))
			.map(([, name], index) => ({
				type: 'main',
				displayName: name + (index === 0 && /^=/.test($parameter.options.outputPerStatus) ? ', or All' : ''),
			}))
		: ['main']
}}` as const;
