import {
	responses,
	toEvent,
	isChosen,
	judge,
	maxBodyBytes,
	parseCallback,
	toOutput,
	type Verification,
} from '../../../../nodes/shared/callbacks/parseCallback';
import type { Failure } from '../../../../nodes/shared/api/failure';
import type { StatusAnswer } from '../../../../nodes/shared/api/schemas';
import { terminalStatuses } from '../../../../nodes/shared/api/terminalStatus';

const outboundCallId = 'c3d4e5f6-a7b8-9012-cdef-345678901234';
const event = {
	outboundCallId,
	contactId: 'd4e5f6a7-b8c9-0123-defa-456789012345',
	status: 'completed',
	callDetails: {
		startedAt: '2026-04-01T10:00:05Z',
		endedAt: '2026-04-01T10:02:05Z',
		duration: 120,
		endedReason: 'customer-ended-call',
	},
};

const read = (body: unknown, contentType: string | undefined = 'application/json', bytes = 300) =>
	parseCallback({ contentType, bytes, body });

/** A refusal with 400 that names this field, and what is wrong with it. */
const invalid = (field: string, message: unknown = expect.any(String)) => ({
	ok: false,
	answer: {
		status: 400,
		body: { error: 'Invalid callback', details: [{ field, message }] },
	},
});

describe('an outcome', () => {
	it.each<[string, object]>([
		['as documented', event],
		['without details', { outboundCallId, contactId: 'x', status: 'failed' }],
		['without a contact', { outboundCallId, status: 'busy' }],
		['with nulls', { outboundCallId, contactId: null, status: 'busy', callDetails: null }],
		['with fields that are new', { ...event, callDetails: { cost: { cad: 1 } }, extra: [{}] }],
		['with a status that is new', { ...event, status: 'voicemail' }],
		['with an id in capitals', { ...event, outboundCallId: outboundCallId.toUpperCase() }],
		['with harmless names', { ...event, __proto: 1, Constructor: 2 }],
	])('%s comes in untouched', (_, body) => {
		const result = read(body);
		expect(result.ok && result.event).toBe(body);
	});

	it.each([
		'application/json',
		'application/json; charset=utf-8',
		'Application/JSON',
		'application/vnd.allomia.v1+json',
	])('comes in as %s', (contentType) => expect(read(event, contentType).ok).toBe(true));
});

describe('what is no outcome is answered with 400, and why', () => {
	it.each([
		undefined,
		'',
		'text/plain',
		'application/x-www-form-urlencoded',
		'multipart/form-data; boundary=x',
		'application/xml',
		'application/jsonp',
		'text/json',
		'x-application/json',
	])('sent as %s', (contentType) => {
		expect(parseCallback({ contentType, bytes: 300, body: event })).toEqual(
			invalid('content-type', 'must be application/json'),
		);
	});

	it('larger than anything that AlloMia sends', () => {
		expect(read(event, undefined, maxBodyBytes).ok).toBe(true);
		expect(read(event, undefined, maxBodyBytes + 1)).toEqual(
			invalid('body', 'must have at most 102400 bytes'),
		);
	});

	it.each<[string, unknown]>([
		['a list', [event]],
		['text', JSON.stringify(event)],
		['null', null],
		['nothing', undefined],
		['a number', 7],
		['true', true],
	])('%s', (_, body) => expect(read(body)).toEqual(invalid('body', 'must be a JSON object')));

	it('nested without end', () => {
		expect(read(nested(18)).ok).toBe(true);
		expect(read(nested(19))).toEqual(invalid('body', 'is not allowed'));
		expect(read(nested(5_000))).toEqual(invalid('body', 'is not allowed'));
	});

	it.each<[string, string]>([
		['at the top', `{"__proto__":{"a":1},"status":"busy"}`],
		['in the details', `{"callDetails":{"__proto__":{"a":1}}}`],
		['in a list', `{"a":[[{"b":[{"__proto__":1}]}]]}`],
	])('names made to do harm, %s', (_, text) => {
		const body = { ...event, more: JSON.parse(text) as object };
		expect(read(body)).toEqual(invalid('__proto__', 'is not allowed'));
		expect('a' in {}).toBe(false);
	});

	it.each(['constructor', 'prototype'])('the name %s', (name) => {
		expect(read({ ...event, callDetails: { [name]: 1 } })).toEqual(invalid(name));
	});

	it.each<[string, object, string]>([
		['without an id', { status: 'busy' }, 'outboundCallId'],
		['with a mistyped id', { ...event, outboundCallId: 7 }, 'outboundCallId'],
		['with an id of another form', { ...event, outboundCallId: '../calls' }, 'outboundCallId'],
		['without a status', { outboundCallId }, 'status'],
		['with an empty status', { ...event, status: '' }, 'status'],
		['with a mistyped status', { ...event, status: ['busy'] }, 'status'],
		['with mistyped details', { ...event, callDetails: 'none' }, 'callDetails'],
		['with a mistyped contact', { ...event, contactId: {} }, 'contactId'],
	])('%s', (_, body, field) => {
		const isMissing = !(field in body);
		const message = isMissing ? 'is missing' : expect.not.stringContaining('missing');
		expect(read(body)).toEqual(invalid(field, message));
	});

	it('with everything that is wrong, at once', () => {
		const result = read({});
		const details = result.ok ? [] : result.answer.body.details;
		expect(details).toEqual([
			{ field: 'outboundCallId', message: 'is missing' },
			{ field: 'status', message: 'is missing' },
		]);
	});

	it('does not repeat what was sent: nobody’s data ends up in a log', () => {
		const result = read({ ...event, outboundCallId: 'secret-patient-name' });
		expect(JSON.stringify(result)).not.toContain('secret-patient-name');
	});
});

function nested(depth: number): object {
	let value: object = {};
	for (let level = 0; level < depth; level += 1) value = { value };
	return { ...event, value };
}

describe('verification', () => {
	const genuine = { kind: 'genuine' };
	const refuse = { kind: 'refuse', answer: responses.unverified };

	it.each<[Verification, boolean, object]>([
		['auto', true, genuine],
		['auto', false, { kind: 'ask' }],
		['signature', true, genuine],
		['signature', false, refuse],
		['none', true, genuine],
		['none', false, genuine],
	])('%s believes what it should (signed: %s)', (verification, signed, expected) => {
		expect(judge(verification, signed)).toEqual(expected);
	});

	it('believes nothing unsigned for a setting that it does not know', () => {
		expect(judge('other' as Verification, false)).toEqual(refuse);
	});
});

describe('AlloMia’s own word about an unsigned callback', () => {
	const answer = event as unknown as StatusAnswer;
	const failed = (kind: Failure['kind'], httpCode?: number, said?: string) => ({
		ok: false as const,
		failure: { kind, message: '', description: '', ...(httpCode ? { httpCode } : {}), said },
	});

	it('is what goes out', () => {
		expect(toEvent({ ok: true, value: answer }, outboundCallId)).toEqual({ event });
		expect(toEvent({ ok: true, value: answer }, outboundCallId.toUpperCase())).toEqual({ event });
	});

	it('proves nothing where it is about another call', () => {
		expect(toEvent({ ok: true, value: answer }, outboundCallId.replace('c', 'd'))).toEqual({
			answer: responses.unavailable,
		});
	});

	it('unmasks an invented call', () => {
		const asked = failed('refused', 404, 'Outbound call not found');
		expect(toEvent(asked, outboundCallId)).toEqual({ answer: responses.unverified });
	});

	it.each([
		['a wrong key', failed('refused', 401)],
		['the page of a gateway', failed('refused', 404)],
		['another sentence', failed('refused', 404, 'Organization not found')],
		['the sentence with another status', failed('refused', 400, 'Outbound call not found')],
		['a refusal', failed('refused', 403)],
		['too many requests', failed('notTaken', 429)],
		['a broken AlloMia', failed('uncertain', 500)],
		['no answer', failed('uncertain')],
		['no connection', failed('notTaken')],
	])('was not to be had (%s): the sender may come again, and nothing is lost', (_, asked) => {
		expect(toEvent(asked, outboundCallId)).toEqual({ answer: responses.unavailable });
	});
});

it('the answers are those that the interface promises', () => {
	expect(responses).toMatchObject({
		received: { status: 200, body: { received: true } },
		ignoredStatus: { status: 200, body: { received: true, ignored: 'status' } },
		duplicate: { status: 200, body: { received: true, ignored: 'duplicate' } },
		unverified: { status: 401, body: { error: 'Unverified callback' } },
		unavailable: { status: 503 },
	});
});

describe('a workflow starts for', () => {
	it.each(terminalStatuses)('%s where it was chosen, and only there', (status) => {
		expect(isChosen(status, terminalStatuses)).toBe(true);
		expect(
			isChosen(
				status,
				terminalStatuses.filter((it) => it !== status),
			),
		).toBe(false);
		expect(isChosen(status, [])).toBe(false);
	});

	it.each(['calling', 'voicemail', '', 'Completed', 'no_answer', 'constructor'])(
		'nothing else: %j',
		(status) => expect(isChosen(status, [...terminalStatuses, status])).toBe(false),
	);
});

describe('what goes out', () => {
	const source = { workflowId: 'w', executionId: '7', itemIndex: 0 };

	it('is the event itself where the URL carried nothing', () => {
		expect(toOutput(event, undefined)).toEqual(event);
	});

	it('says where it came from, and brings back the metadata', () => {
		expect(toOutput(event, source)).toEqual({ ...event, source });
		expect(toOutput(event, { ...source, metadata: { id: 7 } })).toEqual({
			...event,
			metadata: { id: 7 },
			source,
		});
	});

	it('cannot be given another source by its sender', () => {
		const forged = { ...event, source: { workflowId: 'other' } };
		expect(toOutput(forged, source).source).toEqual(source);
	});
});
