/**
 * The node's outputs as an expression, evaluated by the editor: see `waitingOutputs` and `dialOutputs`. An agent's tool
 * has outputs of its own. The editor does not know what an expression gives: all outputs that there may be are shown.
 */
export const outputsExpression = `={{
	((options, isWaiting) => {
		const isUnknown = /^=/.test(options.outputPerStatus);
		const isPerStatus = isWaiting && (isUnknown || /^\\s*true\\s*$/i.test(options.outputPerStatus));
		const isDialling = $parameter.resource === 'outboundCall'
			&& (isWaiting || $parameter.operation === 'create');
		const names = []
			.concat(isPerStatus ? ['Completed' + (isUnknown ? ', or All' : ''), 'No Answer', 'Busy', 'Failed', 'Timed Out'] : [])
			.concat(isPerStatus && options.onceKey ? ['Already Called'] : [])
			.concat(isDialling && options.callingHours ? ['Outside Hours'] : [])
			.concat(isPerStatus && !/^\\s*false\\s*$/i.test(options.dryRun ?? false) ? ['Dry Run'] : []);
		if (names.length === 0) return ['main'];
		return (isPerStatus ? names : ['Called'].concat(names))
			.map((displayName) => ({ type: 'main', displayName }));
	})($parameter.options || {}, $parameter.resource === 'outboundCall' && $parameter.operation === 'createAndWait')
}}` as const;
