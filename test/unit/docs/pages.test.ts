import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { IExecuteFunctions, INode, INodeProperties } from 'n8n-workflow';
import { AlloMiaApi } from '../../../credentials/AlloMiaApi.credentials';
import { AlloMia } from '../../../nodes/AlloMia/AlloMia.node';
import { resources } from '../../../nodes/AlloMia/resources';
import {
	callbackAdder,
	signedCallbackUrl,
} from '../../../nodes/AlloMia/resources/outboundCall/callback/callback';
import {
	alreadyCalledOutput,
	dialOutputs,
	postponed,
	throwFailure,
} from '../../../nodes/AlloMia/resources/outboundCall/dispatch/dialResults';
import {
	legalHours,
	type CallingHours,
} from '../../../nodes/AlloMia/resources/outboundCall/hours/callingHours';
import {
	findOutsideHours,
	outsideHoursFailure,
} from '../../../nodes/AlloMia/resources/outboundCall/hours/outsideHours';
import { hoursReader } from '../../../nodes/AlloMia/resources/outboundCall/hours/readHours';
import { throwUnlessContinuing } from '../../../nodes/AlloMia/resources/items';
import {
	oneOutputOnly,
	assertCanWait,
} from '../../../nodes/AlloMia/resources/outboundCall/waiting/park';
import {
	assertNoTest,
	firstForTest,
	isTestRun,
} from '../../../nodes/AlloMia/resources/outboundCall/dispatch/testRun';
import { AlloMiaTrigger } from '../../../nodes/AlloMiaTrigger/AlloMiaTrigger.node';
import { readConnection } from '../../../nodes/shared/api/client';
import { matchCall, callTimeOf } from '../../../nodes/AlloMia/resources/call/matchCall';
import { toOutput } from '../../../nodes/AlloMiaTrigger/event';
import { parseCallback } from '../../../nodes/shared/callbacks/parseCallback';
import { responses } from '../../../nodes/shared/callbacks/responses';
import {
	signCallbackUrl,
	verificationKey,
	verifyContext,
} from '../../../nodes/shared/callbacks/signedUrl';
import type { Validated } from '../../../nodes/shared/values/validation';
import {
	readCallRequest,
	type CallParameters,
	type CallRequest,
} from '../../../nodes/AlloMia/resources/outboundCall/dispatch/callRequest';
import { readStatus } from '../../../nodes/shared/api/callStatus';
import {
	failureOfResponse,
	failureOfNetworkError,
	invalidResponse,
	type Failure,
} from '../../../nodes/shared/api/failure';
import { downloadFailure, tooLarge } from '../../../nodes/AlloMia/resources/call/fileLink';
import {
	decide,
	type Known,
} from '../../../nodes/AlloMia/resources/outboundCall/dispatch/decision';
import { readApiKey, readBaseUrl, assertAllowedHost } from '../../../nodes/shared/api/credential';
import {
	apiError,
	connectNode,
	errorItem,
	validationError,
} from '../../../nodes/shared/n8n/nodeErrors';
import { dispatchResponse, type StatusResponse } from '../../../nodes/shared/api/schemas';
import {
	waitingOutputs,
	type WaitingItem,
} from '../../../nodes/AlloMia/resources/outboundCall/waiting/waitingState';
import { documentedCall, documentedFields, documentedStatus as ended } from '../../documented';
import { errorRows, tables, type ErrorRow } from '../../errorsTable';
import { ids } from '../../simulator';
import { broken } from '../support/broken';
import { projectRoot } from '../../../scripts/lib/paths';

const samplesFolder = path.join(projectRoot, 'docs', 'samples');
const textOfDoc = (file: string) => readFileSync(path.join(projectRoot, file), 'utf8');
const nodesPage = textOfDoc('docs/nodes.md');
const reliability = textOfDoc('docs/reliability.md');
const guides = [textOfDoc('README.md'), nodesPage, reliability].join('\n');

const type = 'n8n-nodes-allomia.alloMia';
const node = { id: '1', name: 'AlloMia', type, parameters: {} } as INode;

const stub = (members: object): IExecuteFunctions =>
	({
		getNode: () => node,
		continueOnFail: () => false,
		getInputData: () => [{}],
		getNodeParameter: (_: string, __: number, fallback: unknown) => fallback,
		...members,
	}) as unknown as IExecuteFunctions;

const connection = readConnection({ apiKey: 'an-api-key', baseUrl: 'https://allomia.com/api' });

/** AlloMia's documented example, as a builder sets it. */
const parameters = {
	...documentedFields,
	phoneNumber: documentedCall.phoneNumber,
	assistantId: ids.assistantId,
	phoneNumberId: ids.phoneNumberId,
	specifyDynamicVariables: 'keyValue',
	dynamicVariablesJson: undefined,
	options: { metadata: { entry: [{ name: 'appointmentId', value: 4711 }] } },
};

const variablesGiven = {
	patientName: 'John Doe',
	room: 12,
	firstVisit: true,
	address: { street: '12 Main Street', city: 'Montreal' },
};

const answer = {
	outboundCallId: ended.outboundCallId,
	contactId: ended.contactId,
	status: 'calling',
	message: 'Outbound call dispatched',
};

const invalidRequest = {
	error: 'Invalid request data',
	details: [
		{
			field: 'phoneNumber',
			message: 'Phone number must be at least 10 digits',
			code: 'too_small',
		},
	],
};

function callOf(change: Partial<CallParameters> = {}): CallRequest {
	const call = readCallRequest({ ...parameters, ...change });
	if (!call.ok) throw new Error(JSON.stringify(call.issues));
	return call.value;
}

const inProduction = { getMode: () => 'webhook' };

async function dryRun() {
	const callbackUrl = 'https://partner.example.com/webhooks/call-status';
	const context = stub({
		...inProduction,
		getNodeParameter: (name: string) => ({ callback: 'url', callbackUrl, options: {} })[name],
	});
	const call = callOf({ options: { dryRun: true } });
	const add = await callbackAdder(context, connection);
	const item = { itemIndex: 0, ...add(0, call) };
	return dialOutputs(context, [item], [])[0]?.[0]?.json;
}

function createOutput() {
	const value = dispatchResponse.parse(answer) as typeof answer;
	return dialOutputs(
		stub({}),
		[{ itemIndex: 0, ok: true, value: callOf() }],
		[{ itemIndex: 0, outcome: { ok: true, value } }],
	)[0]?.[0]?.json;
}

/** On a Sunday at 23:00. */
function outsideHours() {
	const hours: CallingHours = { windows: legalHours.canada ?? [], zones: ['America/Toronto'] };
	const now = Date.parse('2026-11-29T23:00:00-05:00');
	const found = findOutsideHours(hours, '+15145551234', 'UTC', now);
	if (!found || !('callAt' in found)) throw new Error('It is within the hours');
	return postponed({ json: { name: 'John Doe', phone: '+15145551234' } }, found).json;
}

async function status() {
	const response = { statusCode: 200, headers: {}, body: JSON.stringify(ended) };
	const context = stub({ helpers: { httpRequestWithAuthentication: async () => response } });
	const result = await readStatus(context, connection, ended.outboundCallId);
	return result.ok ? result.value : result.failure;
}

function triggerOutput() {
	const { metadata } = callOf();
	const context = { workflowId: 'q2wJ8sYkT1bLxV3n', executionId: '231', itemIndex: 0, metadata };
	const url = new URL(
		signCallbackUrl('https://n8n.example.com/webhook/1/webhook', context, connection.apiKey),
	);
	const query = Object.fromEntries(url.searchParams);
	const read = parseCallback({ contentType: 'application/json', bytes: 300, body: ended });
	if (!read.ok) throw new Error('The callback was refused');
	return toOutput(
		read.event,
		verifyContext(query, url.pathname, verificationKey(connection.apiKey)),
	);
}

function waitOutput(call: WaitingItem['call']) {
	const metadata = callOf().metadata as WaitingItem['metadata'];
	const items = [{ itemIndex: 0, call, metadata }];
	return waitingOutputs(node, { wait: '1', deadline: 0, outputPerStatus: false, items })[0]?.[0]
		?.json;
}

function invalidCallback() {
	const body = { event: 'ping' };
	const read = parseCallback({ contentType: 'application/json', bytes: 16, body });
	return read.ok ? undefined : read.response.body;
}

const refused = (statusCode: number, error?: string, headers = {}): Failure =>
	failureOfResponse(
		{ statusCode, headers, body: error ? JSON.stringify({ error }) : '' },
		'dial',
		0,
	);

const itemOf = (failure: Failure) => errorItem(apiError(node, failure, 0), 0).json;

/** What the code makes of the examples, by the name of the file that shows it. */
async function produced(): Promise<Record<string, unknown>> {
	const asJson = {
		specifyDynamicVariables: 'json',
		dynamicVariablesJson: JSON.stringify(variablesGiven),
	};
	return {
		'dry-run.json': await dryRun(),
		'create-output.json': createOutput(),
		'already-called.json': alreadyCalledOutput(
			callOf({ keyed: true, options: { onceKey: 'A-1042' } }),
		),
		'outside-hours.json': outsideHours(),
		'variables-given.json': variablesGiven,
		'variables-sent.json': callOf(asJson).body.dynamicVariables,
		'wait-output.json': waitOutput(ended),
		'wait-timed-out.json': waitOutput({
			outboundCallId: answer.outboundCallId,
			contactId: answer.contactId,
			status: answer.status,
		}),
		'status.json': await status(),
		'trigger-output.json': triggerOutput(),
		'invalid-callback.json': invalidCallback(),
		'error-item.json': itemOf(
			failureOfResponse(
				{ statusCode: 400, headers: {}, body: JSON.stringify(invalidRequest) },
				'dial',
				0,
			),
		),
		'error-item-uncertain.json': itemOf(failureOfNetworkError(broken('ECONNABORTED'), 'dial')),
	};
}

describe('README and docs/: the samples', () => {
	const blocks = [...guides.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map((match) => match[1]);
	const files = readdirSync(samplesFolder);
	const textOf = (file: string) => readFileSync(path.join(samplesFolder, file), 'utf8');

	it('stand there, byte for byte', () => {
		const texts = files.map(textOf);
		expect(blocks.length).toBeGreaterThan(0);
		for (const block of blocks) expect(texts).toContain(block);
		for (const text of texts) expect(blocks).toContain(text);
	});

	it('are what the code produces', async () => {
		const values = await produced();
		expect(files.sort()).toEqual(Object.keys(values).sort());
		for (const file of files) {
			expect(textOf(file)).toBe(`${JSON.stringify(values[file], null, 2)}\n`);
		}
	});
});

/** `name: Display Name` of each row. */
const documented = (belongs: (subject: string) => boolean): string[] =>
	tables('parameters', nodesPage)
		.filter(({ subject }) => belongs(subject))
		.flatMap(({ rows }) => rows.map(([shown, name]) => `${name?.replace(/`/g, '')}: ${shown}`))
		.sort();

const isShown = (property: INodeProperties, at: Record<string, string>): boolean =>
	Object.entries(property.displayOptions?.show ?? {}).every(([name, values]) => {
		const value = at[name.replace('/', '')];
		return value === undefined || (values as unknown[] | undefined)?.includes(value);
	});

/** `name: Display Name` of each field; fields of a collection as `collection.field`. */
function described(properties: INodeProperties[], at: Record<string, string> = {}): string[] {
	return properties
		.filter(({ name, type }) => type !== 'notice' && !['resource', 'operation'].includes(name))
		.filter((property) => isShown(property, at))
		.flatMap((property) => {
			const own = `${property.name}: ${property.displayName}`;
			if (property.type !== 'collection') return [own];
			const fields = (property.options ?? []) as INodeProperties[];
			const inside = fields
				.filter((field) => isShown(field, at))
				.map((field) => `${property.name}.${field.name}: ${field.displayName}`);
			return property.name === 'options' ? inside : [own, ...inside];
		})
		.sort();
}

describe('docs/nodes.md: the tables of parameters', () => {
	const { properties } = new AlloMia().description;
	const trigger = new AlloMiaTrigger().description.properties;
	const credential = new AlloMiaApi().properties;
	const operations = resources.flatMap(({ value: resource, operations: list }) =>
		list.map(({ value: operation }) => [resource, operation] as const),
	);

	it.each(operations)('list what %s > %s has', (resource, operation) => {
		const [...listed] = documented((subject) => {
			const [of, ...names] = subject.split(' ');
			return of === resource && names.includes(operation);
		});
		expect(listed).toEqual(described(properties, { resource, operation }));
	});

	it('list what the trigger has', () => {
		const listed = documented((subject) => subject === 'trigger');
		expect(listed).toEqual(described(trigger));
	});

	it('list what the credential has', () => {
		const listed = documented((subject) => subject === 'credential');
		expect(listed).toEqual(described(credential));
	});

	it('name every choice of a short list by its value', () => {
		const all = [...properties, ...trigger];
		const nested = all.flatMap((it) => (it.type === 'collection' ? (it.options ?? []) : []));
		for (const property of [...all, ...nested] as INodeProperties[]) {
			const isLong = ['timezone', 'defaultCountry'].includes(property.name);
			if (!/ptions$/.test(property.type) || isLong) continue;
			for (const option of property.options ?? []) {
				const value = 'value' in option ? String(option.value) : '';
				expect(nodesPage).toContain(`\`${value}\``);
			}
		}
	});

	it('list every operation', () => {
		const listed = tables('operations', nodesPage).flatMap(({ rows }) =>
			rows.map((cells) => cells.slice(0, 3)),
		);
		const wanted = resources.flatMap(({ name: resource, value, operations: list }) =>
			list.map((it) => [resource, it.name, `\`${value}\` / \`${it.value}\``]),
		);
		expect(listed).toEqual(wanted);
	});
});

function thrownBy(act: () => unknown): string {
	try {
		act();
	} catch (error) {
		return (error as Error).message;
	}
	throw new Error('Nothing was thrown');
}

interface KnownTrigger {
	name?: string;
	/** The field Trigger Name, if it is an expression. */
	stored?: string;
	/** The names of all triggers of the workflow. */
	all?: string[];
	type?: string;
	disabled?: boolean;
	path?: string;
	mode?: string;
	/** What its address answers where it is asked whether it listens. */
	answer?: { statusCode: number; body?: object | string; headers?: object };
	waitingEndpoint?: string;
}

/** n8n's answer where no workflow with that webhook is published. */
const unregistered = {
	statusCode: 404,
	body: { code: 404, message: 'The requested webhook "POST allomia/1" is not registered.' },
};

/** A proxy's answer that lets nothing through without TLS. */
const secured = (path: string) => ({
	statusCode: 301,
	headers: { location: `https://n8n.example.com${path}` },
});

/** What is said of a call whose outcome is to go to a trigger of this workflow. */
async function refusalOf({
	name = 'AlloMia Trigger',
	stored = name,
	type = 'n8n-nodes-allomia.alloMiaTrigger',
	all = [name],
	disabled = false,
	path: ownPath = '',
	mode = 'webhook',
	answer = { statusCode: 400 },
	waitingEndpoint = 'webhook-waiting',
}: KnownTrigger): Promise<string> {
	const known = { 'AlloMia Trigger': { parameter: { options: { path: ownPath } } } };
	const parameter: Record<string, unknown> = { callback: 'trigger', triggerName: name };
	const context = stub({
		getNode: () => ({ ...node, parameters: { triggerName: stored } }),
		workflow: { nodes: all.map((it) => ({ name: it, type })) },
		getNodeParameter: (it: string) => parameter[it] ?? {},
		getWorkflowDataProxy: () => ({ $node: known }),
		getChildNodes: () => [{ name: 'Next' }],
		getParentNodes: () => [{ name, type, disabled }],
		getWorkflow: () => ({ id: '1', active: false }),
		getMode: () => mode,
		helpers: { httpRequest: async () => answer },
		evaluateExpression: () => `http://n8n.example.com/${waitingEndpoint}/1`,
	});
	const add = await callbackAdder(context, connection);
	return refusalIn(add(0, callOf()));
}

async function metadataWithoutCallback(): Promise<string> {
	const add = await callbackAdder(stub(inProduction), connection);
	return refusalIn(add(0, callOf()));
}

/** No hour of the morning is the same in Russia's zones, where a number of theirs may be. */
const neverCalled = {
	callingHours: 'custom',
	callingWindows: { window: [{ days: ['mon'], from: '09:00', to: '09:30' }] },
};

function refusalIn(result: Validated<unknown>): string {
	return result.ok ? '' : validationError(node, result.issues, 0, '').message;
}

/** Every message that the code has for a call that did not go through. */
async function messages(): Promise<string[]> {
	const short = readCallRequest({ ...parameters, phoneNumber: '123' });
	const issues = short.ok ? [] : short.issues;
	const bad = { ok: false, issues } as const;
	const waiting = (members: object) =>
		stub({
			evaluateExpression: () => 'http://localhost:5678/webhook-waiting/1',
			isToolExecution: () => false,
			...members,
		});
	const inPublic = (helpers: object) =>
		waiting({
			evaluateExpression: () => 'http://n8n.example.com/webhook-waiting/1',
			getMode: () => 'manual',
			helpers,
		});
	const ssrfError = new Error(
		'The request was blocked because it resolves to a restricted IP address',
	);
	const inContext = {
		getWorkflow: () => ({ id: '1' }),
		getExecutionId: () => '1',
	};
	const long = callOf({
		options: { metadata: { entry: [{ name: 'a', value: 'x'.repeat(4000) }] } },
	});
	const oneCall = [{ itemIndex: 0, ok: true as const, value: callOf() }];
	const tooLong = signedCallbackUrl(
		stub(inContext),
		0,
		'https://n8n.example.com/webhook/1',
		long,
		connection,
	);
	const three = stub({ getInputData: () => [{}, {}, {}] });
	return [
		validationError(node, issues, 0, '').message,
		thrownBy(() =>
			throwUnlessContinuing(
				three,
				[
					{ itemIndex: 0, ...bad },
					{ itemIndex: 1, ...bad },
					{ itemIndex: 2, ok: true, value: 1 },
				],
				'Nobody was called.',
			),
		),
		await refusalOf({ name: 'Renamed' }),
		await refusalOf({ name: '', stored: '={{ "" }}' }),
		await refusalOf({ name: '', all: ['East', 'West'] }),
		await refusalOf({ type: 'n8n-nodes-base.webhook' }),
		await refusalOf({ disabled: true }),
		await refusalOf({ path: 'two words' }),
		await refusalOf({ mode: 'manual', answer: unregistered }),
		await refusalOf({ mode: 'manual', answer: { statusCode: 502 } }),
		await refusalOf({ answer: { statusCode: 404, body: 'Cannot POST /webhook/allomia/1' } }),
		await refusalOf({ answer: secured('/webhook/allomia/1') }),
		await refusalOf({ waitingEndpoint: 'waiting' }),
		await metadataWithoutCallback(),
		refusalIn(tooLong),
		thrownBy(() => readBaseUrl('http://allomia.com/api')),
		thrownBy(() => assertAllowedHost({ url: 'https://example.com' }, 'https://allomia.com/api')),
		thrownBy(() => readApiKey('')),
		await connectNode(
			stub({ getCredentials: async () => await Promise.reject(new Error('It was deleted')) }),
		).then(String, ({ message }: Error) => message),
		refusalIn(
			readCallRequest({
				...parameters,
				phoneNumber: '+78005553535',
				options: neverCalled,
				readHours: hoursReader('UTC'),
			}),
		),
		outsideHoursFailure('+15145551234', { callAt: '2026-11-30T09:00:00-05:00' }).message,
		refusalIn(readCallRequest({ ...parameters, options: { dryRun: 'perhaps' } })),
		refused(400, 'Invalid request data').message,
		refused(401, 'Invalid or missing API key').message,
		refused(403, 'Insufficient permissions').message,
		refused(403, 'Organization is inactive').message,
		refused(404, 'Assistant or phone number not found').message,
		refused(404, 'Outbound call not found').message,
		refused(404, 'Organization not found').message,
		refused(404, 'Metadata not found').message,
		refused(429).message,
		...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'CERT_HAS_EXPIRED'].map(
			(code) => failureOfNetworkError(broken(code), 'dial').message,
		),
		failureOfNetworkError({ ...broken('EPROTO'), isBeforeRequest: true }, 'dial').message,
		refused(302).message,
		...(await Promise.all(
			[
				waiting({}),
				waiting({ isToolExecution: () => true }),
				inPublic({ httpRequest: async () => secured('/webhook-waiting/1/allomia') }),
				inPublic({ httpRequest: async () => await Promise.reject(ssrfError) }),
			].map(
				async (context) =>
					await assertCanWait(context, connection, oneCall, false).then(
						() => '',
						(error: Error) => error.message,
					),
			),
		)),
		await isTestRun(
			stub({
				getNode: () => ({ ...node, parameters: { options: { testNumber: '+15145551999' } } }),
				getContext: () => ({}),
				getMode: () => 'retry',
			}),
		).then(String, ({ message }: Error) => message),
		thrownBy(() =>
			firstForTest(
				stub({ getContext: () => ({ alloMiaTested: { 1: 5 } }), evaluateExpression: () => 0 }),
				[{ itemIndex: 0, ok: true, value: callOf() }],
			),
		),
		thrownBy(() => assertNoTest(stub({ getContext: () => ({ alloMiaTested: {} }) }))),
		oneOutputOnly(node).message,
		refused(500, 'Internal server error occurred').message,
		refused(502).message,
		failureOfNetworkError(broken('ECONNABORTED'), 'dial').message,
		failureOfNetworkError(broken('ECONNRESET'), 'dial').message,
		invalidResponse(200, 'not with JSON', 'dial').message,
		...uncertainKeys.map(keptBack),
		keptBack({ key: 'unknown' }),
		leftUncertain(),
		downloadFailure('recording', '', { kind: 'refused' }).message,
		tooLarge('recording', 1).message,
		...unfound(),
	];
}

/** What is said where the call behind an outcome is not found. */
function unfound(): string[] {
	const ended = { startedAt: '2026-04-01T10:00:05Z' };
	const time = callTimeOf({ ...statusOf('completed'), callDetails: ended });
	if (!time.ok) return [];
	const call = (id: string) => ({ id, callStartedAt: ended.startedAt });
	return [
		callTimeOf(statusOf('calling')),
		callTimeOf(statusOf('failed')),
		matchCall([], time.value, undefined, 0),
		matchCall([call('a'), call('b')], time.value, undefined, 0),
	].map((it) => ('failure' in it ? it.failure.message : ''));
}

function statusOf(name: string): StatusResponse {
	return { outboundCallId: '', contactId: '', status: name } as StatusResponse;
}

/** What makes the ledger say that a call may have been placed. */
const uncertainKeys: Known[] = [
	{ attempted: true },
	{ attemptedUnknown: true },
	{ key: 'doubtful' },
	{ key: 'perhapsOurs' },
];

/** What is said of an item that the ledger keeps from being called. */
function keptBack(known: Known): string {
	const decision = decide(known, false);
	return 'failure' in decision ? decision.failure.message : '';
}

/** What is said of a list of which an earlier attempt left a call uncertain. */
function leftUncertain(): string {
	const failure = failureOfNetworkError(broken('ECONNRESET'), 'dial');
	const body = { phoneNumber: '+15145551234', assistantId: '', phoneNumberId: '' };
	const items = [0, 1].map((itemIndex) => ({
		itemIndex,
		ok: true as const,
		value: { body, dryRun: false },
	}));
	return thrownBy(() =>
		throwFailure(stub({}).getNode(), items, [
			{ itemIndex: 1, outcome: { ok: false, failure }, leftAlone: 'uncertain' },
		]),
	);
}

describe('docs/errors.md: the table', () => {
	const rows = errorRows();

	it('has every message that the code has, and no other', async () => {
		const all = await messages();
		const known = (message: string) => rows.some(({ pattern }) => pattern.test(message));
		expect(all.filter((message) => !known(message))).toEqual([]);
		const isUsed = ({ pattern }: ErrorRow) => all.some((message) => pattern.test(message));
		expect(rows.filter((row) => !isUsed(row))).toEqual([]);
	});

	it('says "perhaps" where the code says that the call may have been placed, and only there', () => {
		const uncertain = [
			refused(500, 'Internal server error occurred'),
			refused(502),
			refused(302),
			failureOfNetworkError(broken('ECONNABORTED'), 'dial'),
			failureOfNetworkError(broken('ECONNRESET'), 'dial'),
			invalidResponse(200, '', 'dial'),
		];
		expect(uncertain.every(({ kind }) => kind === 'uncertain')).toBe(true);
		const all = [
			...uncertain.map(({ message }) => message),
			leftUncertain(),
			...uncertainKeys.map(keptBack),
		];
		const perhaps = rows.filter(({ pattern }) => all.some((message) => pattern.test(message)));
		expect(rows.filter(({ mayHaveCalled }) => mayHaveCalled)).toEqual(perhaps);
	});
});

describe('docs/reliability.md: the responses', () => {
	it.each(Object.entries(responses))('%s stands in the table', (_, { status: code, body }) => {
		expect(reliability).toContain(`| ${code} \`${JSON.stringify(body)}\` |`);
	});
});
