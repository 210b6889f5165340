import fc from 'fast-check';
import { readSettings as readTriggerSettings } from '../../nodes/AlloMiaTrigger/settings';
import { readCallQuery } from '../../nodes/AlloMia/resources/call/callFilters';
import { checkLink } from '../../nodes/AlloMia/resources/call/fileLink';
import { readCallRequest } from '../../nodes/AlloMia/resources/outboundCall/dispatch/callRequest';
import {
	isWithinHours,
	nextWithinHours,
} from '../../nodes/AlloMia/resources/outboundCall/hours/callingHours';
import { timeZonesOf } from '../../nodes/AlloMia/resources/outboundCall/hours/phoneTimeZones';
import { hoursReader } from '../../nodes/AlloMia/resources/outboundCall/hours/readHours';
import {
	readMetadataObject,
	readOrganization,
} from '../../nodes/AlloMia/resources/organization/organizationBody';
import { readApiKey, readBaseUrl } from '../../nodes/shared/api/credential';
import { failureOfResponse } from '../../nodes/shared/api/failure';
import { readPathId, readUuid, uuidForm } from '../../nodes/shared/api/ids';
import * as schemas from '../../nodes/shared/api/schemas';
import { maxBodyBytes, parseCallback } from '../../nodes/shared/callbacks/parseCallback';
import {
	contextParameter,
	signatureParameter,
	signCallbackUrl,
	verificationKey,
	verifyContext,
	type CallbackContext,
} from '../../nodes/shared/callbacks/signedUrl';
import { triggerPath, webhookUrl } from '../../nodes/shared/callbacks/triggerUrl';
import { isPrivateUrl } from '../../nodes/shared/values/privateHosts';
import { readCountry, readPhoneNumber } from '../../nodes/shared/values/phone';
import {
	readBoolean,
	readInteger,
	readNumber,
	readText,
} from '../../nodes/shared/values/readParameter';
import { reservedNames } from '../../nodes/shared/values/reservedNames';
import type { ValidationIssue } from '../../nodes/shared/values/validation';
import { ids } from '../simulator';

/** How many cases have held. */
let cases = 0;

/** Checks a property with so many random inputs; a failure prints the smallest that fails, and its seed. */
function holds<T>(input: fc.Arbitrary<T>, numRuns: number, check: (value: T) => void): void {
	fc.assert(fc.property(input, check), { numRuns });
	cases += numRuns;
}

afterAll(() => {
	process.stdout.write(`  hostile input: ${cases} cases\n`);
});

/** Whatever an expression can give, also what JSON has no form for. */
const anything = fc.oneof(
	fc.anything({
		withBigInt: true,
		withDate: true,
		withMap: true,
		withNullPrototype: true,
		withObjectString: true,
		withSet: true,
		withSparseArray: true,
		withTypedArray: true,
	}),
	fc.constantFrom<unknown>(
		circular(),
		Symbol('symbol'),
		() => 'function',
		NaN,
		new Date(NaN),
		'='.repeat(5_000),
		'\ud800',
		'‮+1 514‬',
	),
);

function circular(): unknown {
	const object: Record<string, unknown> = {};
	object.self = object;
	return object;
}

/** Names that mean something to JavaScript, or that AlloMia uses. */
const names = fc.oneof(
	fc.constantFrom(...reservedNames, 'toString', 'hasOwnProperty', '', 'then', 'toJSON'),
	fc.constantFrom('outboundCallId', 'status', 'callDetails', 'error', 'details', 'calls', 'id'),
	fc.string(),
);

const json = fc.letrec<{ value: unknown }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 30, depthSize: 'large' },
		fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', 'completed', 'calling', ids.assistantId),
		fc.string(),
		fc.array(tie('value'), { maxLength: 4 }),
		fc.array(fc.tuple(names, tie('value')), { maxLength: 6 }).map((it) => {
			// As JSON.parse makes them: `__proto__` is a property like any other.
			const text = it.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
			return JSON.parse(`{${text.join(',')}}`) as unknown;
		}),
	),
})).value;

/** Fields of AlloMia's responses, some of them as documented. */
const response = fc.oneof(
	json,
	fc.record(
		{
			outboundCallId: fc.oneof(fc.constant(ids.assistantId), json),
			contactId: json,
			status: fc.oneof(fc.constantFrom('completed', 'calling', 'voicemail'), json),
			callDetails: json,
			id: json,
			calls: json,
			pagination: fc.oneof(fc.record({ hasNextPage: fc.boolean() }), json),
			organizations: json,
			currentOrg: json,
			metadata: json,
			error: json,
			details: json,
		},
		{ requiredKeys: [] },
	),
);

function isWellFormed(issues: ValidationIssue[]): void {
	for (const { field, message } of issues) {
		expect(field).toMatch(/^[A-Z]/);
		expect(message.length).toBeGreaterThan(5);
		expect(message.length).toBeLessThan(1_000);
	}
}

function depthOf(value: unknown): number {
	if (typeof value !== 'object' || value === null) return 0;
	return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('a callback', () => {
	const request = fc.record({
		contentType: fc.oneof(
			fc.constantFrom('application/json', 'application/cloudevents+json; charset=utf-8'),
			fc.constantFrom('text/plain', 'multipart/form-data', 'application/jsonp', undefined),
			fc.string(),
		),
		bytes: fc.constantFrom(0, 300, maxBodyBytes, maxBodyBytes + 1),
		body: fc.oneof(response, anything),
	});

	it('is a status object, or gets a 400 that says why', () => {
		holds(request, 15_000, (it) => {
			const parsed = parseCallback(it);
			if (parsed.ok) {
				expect(it.contentType).toMatch(/json/i);
				expect(it.bytes).toBeLessThanOrEqual(maxBodyBytes);
				expect(parsed.event.outboundCallId).toMatch(uuidForm);
				expect(typeof parsed.event.status).toBe('string');
				expect(depthOf(it.body)).toBeLessThanOrEqual(20);
				const text = JSON.stringify(it.body);
				for (const name of reservedNames) expect(text).not.toContain(`"${name}":`);
				return;
			}
			const { status, body } = parsed.response;
			expect(status).toBe(400);
			expect(JSON.stringify(body).length).toBeLessThan(2_000);
			const { details } = body as unknown as { details: Array<Record<string, unknown>> };
			expect(details.length).toBeGreaterThan(0);
			for (const { field, message } of details) {
				expect([typeof field, typeof message]).toEqual(['string', 'string']);
			}
		});
	});

	it('alters no prototype', () => {
		expect(Object.keys(Object.prototype)).toEqual([]);
		expect(({} as { status?: unknown }).status).toBeUndefined();
	});
});

describe('a signature', () => {
	const context: fc.Arbitrary<CallbackContext> = fc.record(
		{
			workflowId: fc.string(),
			executionId: fc.string(),
			itemIndex: fc.nat(),
			metadata: fc.dictionary(
				fc.string().filter((name) => !reservedNames.includes(name)),
				fc.jsonValue(),
			),
		},
		{ requiredKeys: ['workflowId', 'executionId', 'itemIndex'] },
	);
	const key = fc.string({ minLength: 1 });
	const url = fc.webUrl({ withQueryParameters: true, withFragments: true }).chain((base) =>
		fc.constantFrom('webhook/allomia/w1', 'webhook-waiting/17/allomia', 'hook/a/b').map((path) => {
			const { origin, search, hash } = new URL(base);
			return `${origin}/${path}${search}${hash}`;
		}),
	);
	const queryOf = (signed: string) => Object.fromEntries(new URL(signed).searchParams);

	it('brings back what was signed', () => {
		holds(fc.tuple(url, context, key), 5_000, ([address, given, secret]) => {
			const signed = signCallbackUrl(address, given, secret);
			const { pathname, hash } = new URL(signed);
			const found = verifyContext(queryOf(signed), pathname, verificationKey(secret));
			expect(found).toEqual(JSON.parse(JSON.stringify(given)));
			expect(hash).toBe(new URL(address).hash);
			if (secret.length > 12) expect(signed).not.toContain(secret);
		});
	});

	it('does not hold for anything else', () => {
		const change = fc.record({
			name: fc.constantFrom(contextParameter, signatureParameter),
			at: fc.nat(200),
			to: fc.constantFrom(...'Aa0-_=. \u0000é'),
			kind: fc.constantFrom('replace', 'insert', 'remove', 'append'),
		});
		holds(fc.tuple(url, context, key, change), 10_000, ([address, given, secret, it]) => {
			const signed = signCallbackUrl(address, given, secret);
			const query = queryOf(signed);
			const text = query[it.name] ?? '';
			const at = it.at % text.length;
			const altered = {
				replace: text.slice(0, at) + it.to + text.slice(at + 1),
				insert: text.slice(0, at) + it.to + text.slice(at),
				remove: text.slice(0, at) + text.slice(at + 1),
				append: text + it.to,
			}[it.kind];
			const { pathname } = new URL(signed);
			const verify = (given: Record<string, unknown>, path = pathname, by = secret) =>
				verifyContext(given, path, verificationKey(by));
			if (altered !== text) expect(verify({ ...query, [it.name]: altered })).toBeUndefined();
			expect(verify(query, `${pathname}2`)).toBeUndefined();
			expect(verify(query, pathname, `${secret}2`)).toBeUndefined();
		});
	});

	it('is not found in whatever a query may hold', () => {
		const query = fc.dictionary(
			fc.oneof(fc.constantFrom(contextParameter, signatureParameter), names),
			anything,
		);
		holds(fc.tuple(query, fc.string()), 5_000, ([given, path]) => {
			expect(verifyContext(given, path, verificationKey('key'))).toBeUndefined();
		});
	});
});

describe('an answer of AlloMia', () => {
	it('is read or refused, and never more than that', () => {
		const all = Object.entries(schemas).flatMap(([name, schema]) =>
			typeof schema === 'object' && 'safeParse' in schema ? [{ name, schema }] : [],
		);
		expect(all.length).toBeGreaterThan(8);
		holds(fc.oneof(response, anything), 5_000, (answer) => {
			for (const { schema } of all) {
				const parsed = schema.safeParse(answer);
				if (!parsed.success) expect(schemas.firstIssue(parsed.error)).not.toBe('');
			}
		});
	});

	it('that is an error becomes a failure with a message, and no call is taken for refused that may ring', () => {
		const answer = fc.record({
			statusCode: fc.integer({ min: 300, max: 599 }),
			headers: fc.record({ 'retry-after': fc.oneof(fc.string(), fc.nat().map(String), anything) }),
			body: fc.oneof(
				response.map((it) => JSON.stringify(it) ?? ''),
				fc.string(),
			),
		});
		holds(answer, 10_000, (it) => {
			const failure = failureOfResponse(it, 'dial', Date.now());
			expect(failure.message).not.toBe('');
			expect(failure.description).not.toBe('');
			if (failure.kind === 'notTaken') expect([429, 503]).toContain(it.statusCode);
			if (failure.kind === 'refused') {
				expect(it.statusCode).toBeGreaterThanOrEqual(400);
				expect(it.statusCode).toBeLessThan(500);
			}
		});
	});
});

describe('an address', () => {
	const hosts = fc.oneof(
		fc.ipV4Extended(),
		fc.ipV6().map((it) => `[${it}]`),
		fc.constantFrom('localhost', 'LOCALHOST.', 'db.internal', 'metadata', '0', '[::ffff:7f00:1]'),
		fc.constantFrom('①②⑦.0.0.1', '127.1', 'allomia.com', 'allomia.com.', 'x.allomia.com'),
		fc.domain(),
	);
	const address = fc.oneof(
		fc
			.tuple(
				fc.constantFrom('http:', 'https:', 'HTTPS:', 'file:', 'javascript:', 'ftp:', ''),
				fc.constantFrom('//', '/', '\\\\', ''),
				fc.constantFrom('', 'user@', 'user:pass@', 'allomia.com@'),
				hosts,
				fc.constantFrom('', ':80', ':99999', ':'),
				fc.constantFrom('', '/', '/a?b#c', '/\r\nHost: x', '/../..', '/%2e%2e/'),
			)
			.map((parts) => parts.join('')),
		fc.string(),
		fc.webUrl(),
	);

	it('of a file leads to the internet, or nowhere', () => {
		const base = fc.option(
			fc.webUrl().map((it) => new URL(it)),
			{ nil: undefined },
		);
		holds(fc.tuple(address, base), 10_000, ([link, from]) => {
			const checked = checkLink('recording', link, 'https://allomia.com/api', from);
			if (checked.ok) {
				expect(checked.url.protocol).toMatch(/^https?:$/);
				expect(isPrivateUrl(checked.url.href)).toBe(false);
				return;
			}
			expect(checked.failure.message).not.toBe('');
		});
	});

	it('of the API is safe for a key, or refused', () => {
		holds(fc.oneof(address, anything), 5_000, (value) => {
			const url = attempt(() => readBaseUrl(value));
			if (url === undefined) return;
			const { protocol, hostname, username, password, search, hash } = new URL(url);
			expect([username, password, search, hash]).toEqual(['', '', '', '']);
			if (protocol !== 'https:') expect(isPrivateUrl(`http://${hostname}`)).toBe(true);
			expect(url.endsWith('/')).toBe(false);
		});
	});

	it('of a trigger is the one that was asked for, or refused', () => {
		holds(fc.tuple(fc.oneof(address, anything), fc.string()), 5_000, ([path, workflowId]) => {
			const found = triggerPath(path, workflowId);
			if (found === undefined) return;
			const url = webhookUrl('https://n8n.example.com/n8n/webhook-waiting/7', found);
			expect(new URL(url ?? '').pathname).toBe(`/n8n/webhook/${found}`);
		});
	});

	it('a key of the API fits into a header, or is refused', () => {
		holds(fc.oneof(fc.string({ unit: 'binary' }), anything), 2_000, (value) => {
			const key = attempt(() => readApiKey(value));
			if (key !== undefined)
				expect(() => new Headers({ authorization: `Bearer ${key}` })).not.toThrow();
		});
	});

	it('an ID is one segment of a path, or refused', () => {
		holds(fc.oneof(address, anything), 5_000, (value) => {
			const issues: ValidationIssue[] = [];
			const id = readPathId('Call ID', value, issues);
			isWellFormed(issues);
			if (issues.length > 0) return;
			const { pathname } = new URL(`https://allomia.com/api/calls/${encodeURIComponent(id)}`);
			expect(pathname.split('/')).toHaveLength(4);
			expect(decodeURIComponent(pathname.split('/')[3] ?? '')).toBe(id);
		});
	});
});

/** The value; undefined if it is refused with an error for the user. */
function attempt<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch (error) {
		expect((error as Error).constructor.name).toBe('CredentialError');
		return undefined;
	}
}

describe('a phone number', () => {
	const digit = fc.constantFrom(...'0123456789');
	const text = fc.oneof(
		fc
			.array(fc.oneof({ weight: 5, arbitrary: digit }, fc.constantFrom(...'+ ()-./')), {
				minLength: 6,
				maxLength: 20,
			})
			.map((it) => it.join('')),
		fc.array(digit, { minLength: 10, maxLength: 10 }).map((it) => `+1${it.join('')}`),
		fc.array(digit, { minLength: 8, maxLength: 12 }).map((it) => `+${it.join('')}`),
		fc.string({ unit: 'binary' }),
	);
	const country = fc.constantFrom('CA', 'US', 'FR', 'DE', 'IT', 'GB', 'MX', 'BR', 'IN', undefined);

	it('is read as the digits that are there, or refused', () => {
		holds(fc.tuple(text, country), 15_000, ([given, code]) => {
			const read = readPhoneNumber(given, code && readCountry(code));
			if (!read.ok) {
				expect(read.message).not.toMatch(/[\r\n]/);
				expect(read.message.length).toBeLessThan(300);
				return;
			}
			expect(read.number).toMatch(/^\+[1-9]\d{8,18}$/);
			// Read again, it is the same number, whatever the country.
			expect(readPhoneNumber(read.number, code && readCountry(code))).toEqual(read);
			// Its last digits are in the text, in this order: some countries add others before them.
			expect(given.normalize('NFKC').replace(/\D/g, '')).toContain(read.number.slice(-4));
		});
	});
});

describe('a parameter', () => {
	it('of any kind is read as what it is, or refused by name', () => {
		holds(anything, 10_000, (value) => {
			const issues: ValidationIssue[] = [];
			const limits = { fallback: 5, min: 1, max: 10 };
			const integer = readInteger('Limit', value, limits, issues);
			const number = readNumber('Limit', value, limits, issues);
			const flag = readBoolean('Dry Run', { dryRun: value }, 'dryRun', issues);
			readText('Name', value, issues);
			readUuid('Assistant ID', value, issues);
			isWellFormed(issues);
			expect([integer, number].every((it) => it >= 1 && it <= 10)).toBe(true);
			expect(typeof flag).toBe('boolean');
			if (flag) expect(String(value).trim().toLowerCase()).toBe('true');
		});
	});

	it('of a trigger is valid, or refused by name', () => {
		const given = fc.record(
			{
				statuses: fc.oneof(anything, fc.array(fc.constantFrom('busy', 'failed', 'x'))),
				verification: fc.oneof(anything, fc.constantFrom('auto', 'none')),
				options: fc.record({ ignoreDuplicates: anything, outputPerStatus: anything }),
			},
			{ requiredKeys: [] },
		);
		holds(given, 5_000, (parameters) => {
			const read = readTriggerSettings(parameters as never);
			if (read.ok) expect(read.value.verification).toMatch(/^(auto|signature|always|none)$/);
			else isWellFormed(read.issues);
		});
	});

	it('of a call is valid, or refused by name: every one, of any kind', () => {
		const pairs = fc.oneof(
			{ weight: 9, arbitrary: fc.constant(undefined) },
			anything,
			fc.record({
				variable: fc.array(fc.record({ name: fc.oneof(names, anything), value: anything })),
			}),
			fc.record({
				entry: fc.array(fc.record({ name: fc.oneof(names, anything), value: anything })),
			}),
		);
		const or = <T>(usual: T) => fc.oneof({ weight: 15, arbitrary: fc.constant(usual) }, anything);
		const parameters = fc.record({
			phoneNumber: or('+15145551234'),
			assistantId: or(ids.assistantId),
			phoneNumberId: or(ids.phoneNumberId),
			customerName: or('Ada'),
			specifyDynamicVariables: fc.oneof(
				{ weight: 9, arbitrary: fc.constantFrom('keyValue', 'json') },
				anything,
			),
			dynamicVariables: pairs,
			dynamicVariablesJson: fc.oneof(
				{ weight: 3, arbitrary: fc.constant('{"a": 1.50}') },
				json.map((it) => JSON.stringify(it)),
				anything,
			),
			options: fc.record(
				{
					metadata: pairs,
					onceKey: or('A-1'),
					dryRun: or(true),
					defaultCountry: or('CA'),
					testNumber: or('+15145551234'),
					callingHours: or('canada'),
					timeZone: or('America/Toronto'),
				},
				{ requiredKeys: ['callingHours'] },
			),
			keyed: fc.boolean(),
			isTest: fc.boolean(),
		});
		let valid = 0;
		const readHours = hoursReader('America/Toronto');
		holds(parameters, 10_000, (given) => {
			const read = readCallRequest({ ...given, readHours });
			if (!read.ok) return isWellFormed(read.issues);
			valid += 1;
			const { body, metadata, onceKey } = read.value;
			// What n8n stores and AlloMia gets is JSON, and says the same when it is read again.
			expect(JSON.parse(JSON.stringify({ body, metadata }))).toEqual({ body, metadata });
			expect(Object.values(body.dynamicVariables ?? {}).every(isString)).toBe(true);
			expect(body.phoneNumber).toBe('+15145551234');
			if (given.keyed && !given.isTest) expect(onceKey).not.toBe('');
		});
		expect(valid).toBeGreaterThan(100);
	});

	it('of the call log and of organizations is valid, or refused by name', () => {
		const given = fc.dictionary(
			fc.constantFrom('callType', 'agentName', 'from', 'to', 'userPrimaryIntent', 'name', 'email'),
			anything,
		);
		holds(fc.tuple(given, anything), 5_000, ([fields, value]) => {
			const issues: ValidationIssue[] = [];
			const query = { organizationId: value, filters: fields, sort: value };
			const read = readCallQuery(query, 'America/Toronto', issues);
			expect(Object.values(read).every(isString)).toBe(true);
			isWellFormed(issues);
			const organization = readOrganization(fields, ['name']);
			if (!organization.ok) isWellFormed(organization.issues);
			const metadata = readMetadataObject(value);
			if (!metadata.ok) isWellFormed(metadata.issues);
		});
	});
});

const isString = (value: unknown): value is string => typeof value === 'string';

describe('calling hours', () => {
	const windows = fc.array(
		fc.record({
			days: fc.oneof(fc.subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']), anything),
			from: fc.oneof(fc.constantFrom('00:00', '9:30', '22:00', '24:00', '09:60'), anything),
			to: fc.oneof(fc.constantFrom('24:00', '17:00', '06:00', '00:00'), anything),
		}),
		{ maxLength: 3 },
	);
	const zone = fc.oneof(
		fc.constantFrom('', 'America/Toronto', 'Asia/Kolkata', 'UTC', '+05:00', '__proto__', 'Mars/X'),
		anything,
	);
	const number = fc.oneof(
		fc
			.array(fc.constantFrom(...'0123456789'), { minLength: 9, maxLength: 14 })
			.map((it) => `+${it.join('')}`),
		fc.string(),
	);
	const minute = 60_000;
	const start = Date.now();

	it('are those that were given, whatever the number, the zone and the moment; or refused by name', () => {
		const given = fc.record({
			callingHours: fc.constantFrom('custom', 'canada', 'unitedStates', 'toString'),
			callingWindows: fc.oneof(fc.record({ window: windows }), anything),
			timeZone: zone,
		});
		const moment = fc.integer({ min: start, max: start + 400 * 24 * 60 * minute });
		let found = 0;
		holds(fc.tuple(given, number, moment), 10_000, ([options, phone, at]) => {
			const issues: ValidationIssue[] = [];
			const hours = hoursReader('Europe/Paris')(options, phone, issues);
			isWellFormed(issues);
			if (!hours || issues.length > 0) return;
			found += 1;
			const next = nextWithinHours(hours, at);
			if (next === undefined) return;
			expect(next).toBeGreaterThanOrEqual(at);
			expect(isWithinHours(hours, next)).toBe(true);
			if (next > at) expect(isWithinHours(hours, next - 1)).toBe(false);
			expect(isWithinHours(hours, at)).toBe(next === at);
		});
		expect(found).toBeGreaterThan(100);
	});

	it('know the zones of any text', () => {
		holds(number, 5_000, (phone) => {
			for (const name of timeZonesOf(phone)) expect(name).toMatch(/^[A-Z][\w/+-]+$/);
		});
	});
});

it('is tried with at least 100,000 inputs', () => {
	expect(cases).toBeGreaterThanOrEqual(100_000);
});
