/** A trigger that does nothing but pass on what is posted to it. */
class BareTrigger {
	description = {
		displayName: 'Bare Trigger',
		name: 'bareTrigger',
		group: ['trigger'],
		version: 1,
		description: 'Passes on what is posted to it',
		defaults: { name: 'Bare Trigger' },
		inputs: [],
		outputs: ['main'],
		credentials: [{ name: 'alloMiaApi', required: false }],
		webhooks: [
			{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' },
		],
		properties: [],
	};

	/** With `?ignore` in its address it only answers: what n8n itself takes for any trigger. */
	async webhook() {
		if ('ignore' in this.getQueryData()) return { webhookResponse: { ignored: true } };
		return { workflowData: [[{ json: this.getBodyData() }]] };
	}
}

module.exports = { BareTrigger };
