const { randomUUID } = require('node:crypto');

/** A node of a workflow that is measured. */
const node = (name, type, typeVersion, parameters, extras = {}) => ({
	id: randomUUID(),
	name,
	type,
	typeVersion,
	position: [0, 0],
	parameters,
	...extras,
});

/** What AlloMia posts when a call has ended. */
const event = (status, outboundCallId = randomUUID()) => ({
	outboundCallId,
	contactId: randomUUID(),
	status,
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
});

module.exports = { event, node };
