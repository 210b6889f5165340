import { maxBodyBytes, parseCallback } from '../../../../nodes/shared/callbacks/parseCallback';
import { documentedStatus as event } from '../../../documented';

const { outboundCallId } = event;

const read = (body: unknown, contentType: string | undefined = 'application/json', bytes = 300) =>
	parseCallback({ contentType, bytes, body });

/** A refusal with 400 that names this field, and what is wrong with it. */
const invalid = (field: string, message: unknown = expect.any(String)) => ({
	ok: false,
	response: {
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
		const details = result.ok ? [] : result.response.body.details;
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
