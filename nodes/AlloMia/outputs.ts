/** The node's outputs as an expression, evaluated by the editor: see `statusOutputs`. */
export const outputsExpression = `={{
	$parameter.resource === 'outboundCall' && $parameter.operation === 'createAndWait'
		&& /^\\s*true\\s*$/i.test(($parameter.options || {}).outputPerStatus)
		? ['Completed', 'No Answer', 'Busy', 'Failed', 'Timed Out']
			.concat($parameter.options.onceKey ? ['Already Called'] : [])
			.map((displayName) => ({ type: 'main', displayName }))
		: ['main']
}}` as const;
