import { readUuid } from '../../../../../../nodes/shared/api/ids';
import { DateTime } from 'luxon';
import {
	readCallbackUrl,
	readCallRequest,
	type CallParameters,
} from '../../../../../../nodes/AlloMia/resources/outboundCall/dispatch/callRequest';
import type { ValidationIssue } from '../../../../../../nodes/shared/values/validation';

const assistantId = 'a1b2c3d4-e5f6-7890-abcd-123456789012';
const phoneNumberId = 'b2c3d4e5-f6a7-8901-bcde-234567890123';
const minimal = { phoneNumber: '+15145551234', assistantId, phoneNumberId };

const untouched: CallParameters = {
	...minimal,
	customerName: '',
	specifyDynamicVariables: 'keyValue',
	dynamicVariables: {},
	dynamicVariablesJson: '{}',
	options: {},
};

const read = (change: Partial<CallParameters>) => readCallRequest({ ...untouched, ...change });

const variables = (...pairs: Array<[unknown, unknown]>) => ({
	variable: pairs.map(([name, value]) => ({ name, value })),
});
const entries = (...pairs: Array<[unknown, unknown]>) => ({
	entry: pairs.map(([name, value]) => ({ name, value })),
});
const metadata = (given: unknown): Partial<CallParameters> => ({ options: { metadata: given } });
const json = (value: unknown): Partial<CallParameters> => ({
	specifyDynamicVariables: 'json',
	dynamicVariablesJson: value,
});

describe('the body', () => {
	it('is AlloMia’s own example for what its documentation shows', () => {
		const result = read({
			customerName: 'John Doe',
			dynamicVariables: variables(
				['patientId', 12345],
				['appointmentSlot', '2026-04-01T10:00:00Z'],
				['practitioner', 'Dr. Smith'],
			),
		});
		expect(result).toEqual({
			ok: true,
			value: {
				body: {
					...minimal,
					customerName: 'John Doe',
					dynamicVariables: {
						patientId: '12345',
						appointmentSlot: '2026-04-01T10:00:00Z',
						practitioner: 'Dr. Smith',
					},
				},
				dryRun: false,
			},
		});
	});

	it.each<[string, Partial<CallParameters>]>([
		['empty', {}],
		['undefined', { customerName: undefined, dynamicVariables: undefined, ...metadata(undefined) }],
		[
			'null',
			{
				customerName: null,
				dynamicVariables: null,
				options: { metadata: null, defaultCountry: null },
			},
		],
		['blank', { customerName: ' \u200b\n', options: { defaultCountry: ' ' }, ...json(' \n') }],
		['empty lists', { dynamicVariables: variables(), ...metadata(entries()) }],
		['empty JSON', json('{}')],
		['an empty object', json({})],
		['JSON left undefined', json(undefined)],
	])('holds nothing that was not set: optional fields %s', (_, change) => {
		const result = read(change);
		expect(result).toEqual({ ok: true, value: { body: minimal, dryRun: false } });
		expect(result.ok && Object.keys(result.value.body)).toEqual(Object.keys(minimal));
	});

	it.each([
		[` ${assistantId} `],
		[`\n${assistantId}\r\n`],
		[`\u200b${assistantId}\ufeff`],
		[`${assistantId.slice(0, 9)}\u00ad${assistantId.slice(9)}`],
	])('has ids without what was pasted around them: %j', (pasted) => {
		expect(read({ assistantId: pasted })).toEqual({
			ok: true,
			value: { body: minimal, dryRun: false },
		});
	});

	it('has an empty variable as empty text: its placeholder would be read aloud', () => {
		for (const change of [{ dynamicVariables: variables(['a', '']) }, json('{ "a": "" }')]) {
			const result = read(change);
			expect(result.ok && result.value.body.dynamicVariables).toEqual({ a: '' });
		}
	});

	it('has the numbers of JSON text as they were typed', () => {
		const text =
			'{ "id": 7615917337495251231, "price": 10.50, "list": [1.10, {"n": 1e2}], "x": -0 }';
		const result = read(json(text));
		expect(result.ok && result.value.body.dynamicVariables).toEqual({
			id: '7615917337495251231',
			price: '10.50',
			list: '[1.10,{"n":1e2}]',
			x: '-0',
		});
	});

	it('takes ids in capitals as they come', () => {
		expect(read({ assistantId: assistantId.toUpperCase() }).ok).toBe(true);
	});

	it('has the number and the name of a sheet’s cell that holds a number', () => {
		expect(
			read({ phoneNumber: 15145551234, customerName: 7, options: { defaultCountry: 'CA' } }),
		).toEqual({
			ok: true,
			value: {
				body: { ...minimal, phoneNumber: '+15145551234', customerName: '7' },
				dryRun: false,
			},
		});
	});

	it.each<[string, unknown]>([
		['JSON text', '{ "n": 1.5, "b": false, "o": { "a": [1] }, "d": "x" }'],
		['an object', { n: 1.5, b: false, o: { a: [1] }, d: 'x' }],
	])('has every variable of %s as text', (_, value) => {
		const result = read(json(value));
		expect(result.ok && result.value.body.dynamicVariables).toEqual({
			n: '1.5',
			b: 'false',
			o: '{"a":[1]}',
			d: 'x',
		});
	});

	it('has dates of expressions as ISO 8601', () => {
		const at = DateTime.fromISO('2026-04-01T10:00:00Z', { zone: 'utc' });
		const result = read({ dynamicVariables: variables(['at', at]) });
		expect(result.ok && result.value.body.dynamicVariables).toEqual({
			at: '2026-04-01T10:00:00.000Z',
		});
	});

	it('never holds metadata, which comes back with the outcome as it was', () => {
		const at = { nested: [1, null] };
		const result = read(metadata(entries(['id', 7], ['at', at], ['none', undefined])));
		expect(result).toEqual({
			ok: true,
			value: { body: minimal, metadata: { id: 7, at, none: null }, dryRun: false },
		});
	});
});

describe('a refusal names the field as the editor shows it', () => {
	it.each<[string, Partial<CallParameters>, string, RegExp]>([
		['no number', { phoneNumber: '' }, 'Phone Number to Call', /It is empty/],
		['a number that is none', { phoneNumber: 'x' }, 'Phone Number to Call', /"x"/],
		['a number that is an object', { phoneNumber: {} }, 'Phone Number to Call', /It is an object/],
		[
			'a number that is a list',
			{ phoneNumber: ['+15145551234'] },
			'Phone Number to Call',
			/It is a list/,
		],
		['an assistant that is a boolean', { assistantId: true }, 'Assistant ID', /It is a boolean/],
		[
			'a country that is a list',
			{ options: { defaultCountry: ['CA'] } },
			'Default Country',
			/two letters/,
		],
		[
			'a dry run that may be none',
			{ options: { dryRun: 'yes' } },
			'Dry Run',
			/"yes"[^]*true or false/,
		],
		['a dry run of undefined', { options: { dryRun: undefined } }, 'Dry Run', /true or false/],
		[
			'variables in a way that does not exist',
			{ specifyDynamicVariables: 'JSON' },
			'Specify Dynamic Variables',
			/Using JSON/,
		],
		['no assistant', { assistantId: ' ' }, 'Assistant ID', /It is empty/],
		['an assistant’s name', { assistantId: 'Eve' }, 'Assistant ID', /"Eve" is not a valid ID/],
		[
			'no number to call from',
			{ phoneNumberId: undefined },
			'Call From (Phone Number ID)',
			/It is empty/,
		],
		[
			'a number for its id',
			{ phoneNumberId: '+15145550000' },
			'Call From (Phone Number ID)',
			/is not a valid ID/,
		],
		['a name that is an object', { customerName: { a: 1 } }, 'Customer Name', /an object/],
		['a name that is a list', { customerName: ['a'] }, 'Customer Name', /a list/],
		['no such country', { options: { defaultCountry: 'Canada' } }, 'Default Country', /"Canada"/],
		[
			'a variable without a name',
			{ dynamicVariables: variables(['a', 1], ['', 'x']) },
			'Dynamic Variables',
			/Entry 2 has no name/,
		],
		[
			'a variable that stands there twice',
			{ dynamicVariables: variables(['a', 1], [' a ', 2]) },
			'Dynamic Variables',
			/"a" appears twice/,
		],
		[
			'null as a variable',
			{ dynamicVariables: variables(['slot', null]) },
			'Dynamic Variables',
			/"slot" is null/,
		],
		[
			'undefined as a variable',
			{ dynamicVariables: variables(['slot', undefined]) },
			'Dynamic Variables',
			/"slot" is undefined/,
		],
		[
			'a variable that would do harm',
			{ dynamicVariables: variables(['__proto__', 'x']) },
			'Dynamic Variables',
			/"__proto__"/,
		],
		[
			'variables of another shape',
			{ dynamicVariables: ['a'] },
			'Dynamic Variables',
			/list of names/,
		],
		[
			'variables under another key',
			{ dynamicVariables: { variables: [{ name: 'a', value: 'b' }] } },
			'Dynamic Variables',
			/list of names/,
		],
		['broken JSON', json('{ "a": '), 'Dynamic Variables (JSON)', /It is not JSON/],
		['a list as JSON', json('["a"]'), 'Dynamic Variables (JSON)', /a list, not an object/],
		['null as JSON', json('null'), 'Dynamic Variables (JSON)', /null, not an object/],
		['null from an expression', json(null), 'Dynamic Variables (JSON)', /null, not an object/],
		['text as JSON', json('"a"'), 'Dynamic Variables (JSON)', /a string, not an object/],
		['a number as JSON', json(7), 'Dynamic Variables (JSON)', /a number, not an object/],
		['null in JSON', json('{ "a": null }'), 'Dynamic Variables (JSON)', /"a" is null/],
		['undefined in an object', json({ a: undefined }), 'Dynamic Variables (JSON)', /"a" is undef/],
		[
			'a name twice in JSON',
			json('{"a":1,"a":2}'),
			'Dynamic Variables (JSON)',
			/"a" appears twice/,
		],
		['an empty name in JSON', json('{"":1}'), 'Dynamic Variables (JSON)', /has no name/],
		[
			'a harmful name in JSON',
			json('{"__proto__":{"x":1}}'),
			'Dynamic Variables (JSON)',
			/"__proto__"/,
		],
		['metadata without a name', metadata(entries(['', 1])), 'Metadata', /has no name/],
		['metadata twice', metadata(entries(['a', 1], ['a', 2])), 'Metadata', /"a" appears twice/],
		['harmful metadata', metadata(entries(['constructor', 1])), 'Metadata', /"constructor"/],
		['metadata of another shape', metadata({ id: 7 }), 'Metadata', /list of names/],
	])('for %s', (_, change, field, says) => {
		expect(read(change)).toEqual({
			ok: false,
			issues: [{ field, message: expect.stringMatching(says) }],
		});
	});

	it('for every field at once, so that nobody has to try again and again', () => {
		const result = read({
			phoneNumber: '1',
			assistantId: '',
			phoneNumberId: 'x',
			customerName: [],
			dynamicVariables: variables(['', 1], ['a', null]),
			...metadata(entries(['', 1])),
		});
		expect(result.ok ? [] : result.issues.map(({ field }) => field)).toEqual([
			'Phone Number to Call',
			'Assistant ID',
			'Call From (Phone Number ID)',
			'Customer Name',
			'Dynamic Variables',
			'Dynamic Variables',
			'Metadata',
		]);
	});

	it('and harms nothing: no object gets a property that it had not', () => {
		read(json('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'));
		read(metadata(JSON.parse('{"entry":[{"name":"__proto__","value":{"polluted":true}}]}')));
		expect('polluted' in {}).toBe(false);
	});
});

describe('an id of AlloMia', () => {
	it.each([
		'c3d4e5f6-a7b8-9012-cdef-345678901234',
		'00000000-0000-0000-0000-000000000000',
		'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
	])('may have any bits: %s is one', (id) => {
		const issues: ValidationIssue[] = [];
		expect(readUuid('ID', id, issues)).toBe(id);
		expect(issues).toEqual([]);
	});

	it.each([
		`${assistantId}/../calls`,
		`${assistantId}x`,
		`{${assistantId}}`,
		assistantId.replace(/-/g, ''),
		`${assistantId} ${assistantId}`,
		'g'.repeat(36),
	])('leads nowhere else: %s is refused', (id) => {
		const issues: ValidationIssue[] = [];
		readUuid('ID', id, issues);
		expect(issues).toEqual([{ field: 'ID', message: expect.stringContaining('not a valid ID') }]);
	});
});

describe('a callback URL', () => {
	it.each([
		'https://example.com/webhook?a=b#c',
		'http://localhost:5678/webhook/x',
		'https://user:pass@example.com/%20',
		'HTTPS://EXAMPLE.com',
	])('goes out exactly as given: %s', (url) => {
		const issues: ValidationIssue[] = [];
		expect(readCallbackUrl(` ${url}\n`, issues)).toBe(url);
		expect(issues).toEqual([]);
	});

	it.each<[unknown, RegExp]>([
		['', /It is empty/],
		[undefined, /It is empty/],
		[{}, /It is an object/],
		['example.com/webhook', /not a valid URL/],
		['ftp://example.com', /not a valid URL/],
		['javascript:alert(1)', /not a valid URL/],
		['https:example.com', /not a valid URL/],
		['https://', /not a valid URL/],
		['https://exa mple.com', /not a valid URL/],
		['https://example.com/a b', /not a valid URL/],
		['https://example.com/a\nb', /not a valid URL/],
	])('that AlloMia could not post to is refused: %j', (value, says) => {
		const issues: ValidationIssue[] = [];
		readCallbackUrl(value, issues);
		expect(issues).toEqual([{ field: 'Webhook URL', message: expect.stringMatching(says) }]);
	});
});
