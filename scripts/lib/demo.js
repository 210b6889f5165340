/** The demo's workflow: a webhook that places a call, and a trigger for its outcome. */

const workflowName = 'AlloMia: first call';
const waitWorkflowName = 'AlloMia: call and wait';

const logWorkflowName = 'AlloMia: call log';

const note = `## A call, and its outcome
**Above**: whatever is posted to the webhook is called, with a dynamic variable of each kind.
**Below**: the AlloMia Trigger starts this workflow again with the outcome.`;

const link = (node) => ({ main: [[{ node, type: 'main', index: 0 }]] });

const stickyNote = (content) => ({
	id: 'note',
	name: 'Note',
	type: 'n8n-nodes-base.stickyNote',
	typeVersion: 1,
	position: [-40, -240],
	parameters: { content, width: 760, height: 160 },
});

const webhook = (path, responseMode, webhookId) => ({
	id: 'webhook',
	name: 'Call request',
	type: 'n8n-nodes-base.webhook',
	typeVersion: 2,
	position: [0, 0],
	webhookId,
	parameters: { httpMethod: 'POST', path, responseMode, options: {} },
});

const outcome = (position) => ({
	id: 'outcome',
	name: 'Outcome',
	type: 'n8n-nodes-base.noOp',
	typeVersion: 1,
	position,
	parameters: {},
});

/** One dynamic variable of each kind. */
const variables = [
	['patientName', '={{ $json.body.customerName }}'],
	['appointmentSlot', '={{ $now.plus({ days: 2 }).startOf("hour") }}'],
	['room', '={{ 12 }}'],
	['firstVisit', '={{ true }}'],
	['address', '={{ { street: "12 Main Street", city: "Montreal" } }}'],
].map(([name, value]) => ({ name, value }));

const alloMia = (credential, name, position, parameters) => ({
	id: name,
	name,
	type: 'n8n-nodes-allomia.alloMia',
	typeVersion: 1,
	position,
	credentials: { alloMiaApi: credential },
	parameters,
});

/** The node that places the call. */
const callNode = (credential, operation, parameters) =>
	alloMia(credential, 'AlloMia', [240, 0], {
		resource: 'outboundCall',
		operation,
		phoneNumber: '={{ $json.body.phoneNumber }}',
		assistantId: '={{ $json.body.assistantId }}',
		phoneNumberId: '={{ $json.body.phoneNumberId }}',
		customerName: '={{ $json.body.customerName }}',
		dynamicVariables: { variable: variables },
		...parameters,
	});

const metadata = { entry: [{ name: 'recordId', value: '={{ $json.body.recordId }}' }] };

/**
 * @param credential { id, name } of the AlloMia credential
 * @param callback 'trigger', or 'none' if AlloMia cannot reach this n8n
 * @param path of the webhook
 */
function demoWorkflow({ credential, callback, path, webhookIds }) {
	return {
		name: workflowName,
		nodes: [
			stickyNote(note),
			webhook(path, 'lastNode', webhookIds.request),
			callNode(credential, 'create', {
				callback,
				options: callback === 'trigger' ? { metadata } : {},
			}),
			{
				id: 'trigger',
				name: 'AlloMia Trigger',
				type: 'n8n-nodes-allomia.alloMiaTrigger',
				typeVersion: 1,
				position: [0, 240],
				webhookId: webhookIds.outcome,
				credentials: { alloMiaApi: credential },
				parameters: {},
			},
			outcome([240, 240]),
		],
		connections: { 'Call request': link('AlloMia'), 'AlloMia Trigger': link('Outcome') },
	};
}

/** The same in one step: the workflow waits in the AlloMia node until the call has ended. */
function waitWorkflow({ credential, path, webhookId }) {
	return {
		name: waitWorkflowName,
		nodes: [
			stickyNote(
				'## The outcome as a step\nThe AlloMia node places the call, waits until it has ended, and goes on with its outcome.',
			),
			webhook(path, 'onReceived', webhookId),
			callNode(credential, 'createAndWait', { options: { metadata } }),
			outcome([480, 0]),
		],
		connections: { 'Call request': link('AlloMia'), AlloMia: link('Outcome') },
	};
}

/**
 * A workflow that lists an organization's latest calls with what was said in them.
 * @param credential of a tenant, which can list organizations
 */
function logWorkflow({ credential, organizationId }) {
	return {
		name: logWorkflowName,
		nodes: [
			stickyNote(
				'## What was said\nRun this by hand: the newest calls, then the summary and the transcript of each. Under **Organization** you choose among all that the key sees.',
			),
			{
				id: 'start',
				name: 'Start',
				type: 'n8n-nodes-base.manualTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			alloMia(credential, 'Newest calls', [240, 0], {
				resource: 'call',
				operation: 'getAll',
				organizationId: {
					__rl: true,
					mode: 'list',
					value: organizationId,
					cachedResultName: 'Main Street Clinic',
				},
				limit: 5,
			}),
			alloMia(credential, 'What was said', [480, 0], {
				resource: 'call',
				operation: 'get',
				callId: '={{ $json.id }}',
				download: ['transcript'],
			}),
		],
		connections: { Start: link('Newest calls'), 'Newest calls': link('What was said') },
	};
}

/** The workflows that each start creates in place of the last ones. */
const workflowNames = [workflowName, waitWorkflowName, logWorkflowName];

module.exports = {
	demoWorkflow,
	logWorkflow,
	logWorkflowName,
	waitWorkflow,
	workflowName,
	workflowNames,
};
