import { displayName, lookItUp, type Purpose } from '../../../../nodes/shared/api/errorMessages';
import {
	failureOfResponse,
	failureOfNetworkError,
	readRetryAfter,
	invalidResponse,
	type Failure,
} from '../../../../nodes/shared/api/failure';
import { toNetworkError } from '../../../../nodes/shared/api/networkError';
import { broken } from '../../support/broken';

const now = Date.parse('2026-04-01T10:00:00Z');

function answered(
	statusCode: number,
	body: unknown,
	headers: Record<string, unknown> = {},
	purpose: Purpose = 'dial',
): Failure {
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	return failureOfResponse({ statusCode, headers, body: text }, purpose, now);
}

describe('a documented error of a dial', () => {
	it.each<[number, string, Failure['kind'], RegExp]>([
		[400, 'Invalid request data', 'refused', /^Nobody was called[^]*Correct the fields/],
		[401, 'Invalid or missing API key', 'refused', /^Nobody was called[^]*Settings > API Keys/],
		[403, 'Insufficient permissions', 'refused', /^Nobody was called[^]*organization’s key/],
		[403, 'Organization is inactive', 'refused', /^Nobody was called[^]*activate/],
		[404, 'Assistant or phone number not found', 'refused', /^Nobody was called[^]*Assistant ID/],
		[500, 'Internal server error occurred', 'uncertain', /^The call may have been placed/],
	])('%d %s says what AlloMia said and what to do', (statusCode, error, kind, todo) => {
		expect(answered(statusCode, { error })).toEqual({
			kind,
			message: error,
			description: expect.stringMatching(todo),
			httpCode: statusCode,
			said: error,
		});
	});

	it('names each refused field as the editor does', () => {
		const details = [
			{ field: 'phoneNumber', message: 'Phone number must be at least 10 digits', code: 'x' },
			{ field: 'dynamicVariables.slot', message: 'Expected string' },
			{ field: 'futureField', message: 'Odd' },
		];
		const { description } = answered(400, { error: 'Invalid request data', details });
		expect(description.split('\n').slice(0, 3)).toEqual([
			'Phone Number to Call: Phone number must be at least 10 digits',
			'Dynamic Variables > slot: Expected string',
			'futureField: Odd',
		]);
	});

	it.each<[string, unknown]>([
		['missing', undefined],
		['null', null],
		['text', 'everything'],
		['a list of text', ['x']],
		['half', [{ field: 'x' }]],
	])('is still understood where its details are %s', (_, details) => {
		expect(answered(400, { error: 'Invalid request data', details })).toMatchObject({
			kind: 'refused',
			message: 'Invalid request data',
		});
	});
});

describe('an undocumented answer', () => {
	it.each<[number, Failure['kind']]>([
		[300, 'uncertain'],
		[301, 'uncertain'],
		[302, 'uncertain'],
		[307, 'uncertain'],
		[402, 'refused'],
		[405, 'refused'],
		[408, 'uncertain'],
		[413, 'refused'],
		[422, 'refused'],
		[429, 'notTaken'],
		[501, 'uncertain'],
		[502, 'uncertain'],
		[503, 'uncertain'],
		[504, 'uncertain'],
		[520, 'uncertain'],
	])('%d rings nobody twice: it is %s', (statusCode, kind) => {
		const failure = answered(statusCode, '<html>');
		expect(failure.kind).toBe(kind);
		expect(failure.description.includes('may have been placed')).toBe(kind === 'uncertain');
	});

	it('503 with Retry-After says that the call was not taken', () => {
		const failure = answered(503, { error: 'Service unavailable' }, { 'retry-after': '2' });
		expect(failure).toMatchObject({ kind: 'notTaken', retryAfter: 2000 });
		expect(failure.description).toMatch(/^Nobody was called/);
	});

	it('429 says when to come again, and what to lower', () => {
		const failure = answered(429, { error: 'Too many requests' }, { 'retry-after': '3' });
		expect(failure).toMatchObject({ kind: 'notTaken', retryAfter: 3000 });
		expect(failure.description).toMatch(/^Nobody was called[^]*Max Parallel Requests/);
	});

	it.each([
		['3', 3, '2026-04-01T10:00:03Z'],
		['3600', 3600, '2026-04-01T11:00:00Z'],
		['Wed, 01 Apr 2026 10:02:00 GMT', 120, '2026-04-01T10:02:00Z'],
		// Nobody waits for years, and no date can hold all of them.
		['9'.repeat(400), 86_400, '2026-04-02T10:00:00Z'],
	])('Retry-After: %s is told as a time to try again', (header, seconds, at) => {
		for (const statusCode of [429, 503]) {
			expect(answered(statusCode, {}, { 'retry-after': header }).description).toMatch(
				new RegExp(`^Nobody was called[^]*wait ${seconds} seconds: try again after ${at}\\.$`),
			);
		}
	});

	it.each([404, 403, 400])('%d without a word of AlloMia’s points to the address', (statusCode) => {
		expect(answered(statusCode, '<html>').description).toContain('check Base URL');
		expect(answered(statusCode, { error: 'x' }).description).not.toContain('check Base URL');
	});

	it.each(['', '<html>502</html>', '{', 'null', '[]', '{"error":""}', '{"error":{"code":1}}'])(
		'%j has a message that says the status',
		(body) => {
			expect(answered(502, body).message).toBe('AlloMia responded with HTTP status 502');
		},
	);

	it('a redirect is not followed: key and call stay here', () => {
		const failure = answered(302, '', { location: 'https://elsewhere.example' });
		expect(failure.message).toContain('redirects');
		expect(failure.description).toMatch(/Base URL[^]*not followed/);
	});
});

describe('the wait that Retry-After asks for', () => {
	it.each<[unknown, number | undefined]>([
		['1', 1000],
		['0', 0],
		[' 120 ', 120_000],
		['Wed, 01 Apr 2026 10:00:02 GMT', 2000],
		['Wed, 01 Apr 2026 09:59:00 GMT', 0],
		['soon', undefined],
		['', undefined],
		[' ', undefined],
		[undefined, undefined],
		[null, undefined],
		[['1', '2'], undefined],
	])('%j is %s ms', (header, expected) => expect(readRetryAfter(header, now)).toBe(expected));

	it.each(['-1', '1.5'])(
		'%j is no time that anybody could mean: nothing is sent at once',
		(header) => {
			expect(readRetryAfter(header, now)).toBeUndefined();
		},
	);
});

describe('no answer', () => {
	it.each<[string | undefined, Failure['kind'], RegExp]>([
		['ECONNREFUSED', 'notTaken', /refused the connection/],
		['ENOTFOUND', 'notTaken', /was not found/],
		['EAI_AGAIN', 'notTaken', /DNS/],
		['EHOSTUNREACH', 'refused', /cannot be reached/],
		['CERT_HAS_EXPIRED', 'refused', /cannot be reached/],
		['SELF_SIGNED_CERT_IN_CHAIN', 'refused', /cannot be reached/],
		['DEPTH_ZERO_SELF_SIGNED_CERT', 'refused', /cannot be reached/],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'refused', /cannot be reached/],
		['ERR_TLS_CERT_ALTNAME_INVALID', 'refused', /cannot be reached/],
		['ECONNRESET', 'uncertain', /lost before its response/],
		['EPIPE', 'uncertain', /lost before its response/],
		['ECONNABORTED', 'uncertain', /did not respond in time/],
		['ETIMEDOUT', 'uncertain', /did not respond in time/],
		['ERR_CANCELED', 'uncertain', /./],
		['ESOMETHINGNEW', 'uncertain', /lost before its response/],
		[undefined, 'uncertain', /lost before its response/],
	])('%s rings nobody twice: it is %s', (code, kind, says) => {
		const failure = failureOfNetworkError(broken(code), 'dial');
		expect(failure.kind).toBe(kind);
		expect(failure.message).toMatch(says);
		expect(failure.description).toContain(kind === 'uncertain' ? lookItUp : 'Nobody was called');
	});
});

describe('a connection that broke', () => {
	const codes = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH'];

	it.each(codes)('before the request can have been sent, by %s, has called nobody', (code) => {
		const error = Object.assign(new Error(`connect ${code}`), { code });
		expect(failureOfNetworkError(toNetworkError(error), 'dial').description).toMatch(
			/^Nobody was called/,
		);
	});

	it.each(codes)('after it came about, by %s, may have called', (code) => {
		for (const syscall of ['read', 'write']) {
			const error = Object.assign(new Error(code), { code, syscall });
			const ofOldN8n = Object.assign(new Error('n8n'), {
				httpCode: code,
				messages: [`${syscall} ${code}`],
			});
			for (const it of [error, ofOldN8n]) {
				expect(failureOfNetworkError(toNetworkError(it), 'dial').kind).toBe('uncertain');
			}
		}
	});
});

describe('an answer that cannot be read', () => {
	it('leaves it open whether somebody was called, and says how to look it up', () => {
		const failure = invalidResponse(200, 'not with JSON', 'dial');
		expect(failure).toMatchObject({ kind: 'uncertain', httpCode: 200 });
		expect(failure.description).toContain('200');
		expect(failure.description).toContain(lookItUp);
	});

	it('tells whoever only looked that nothing was changed', () => {
		expect(invalidResponse(200, 'empty', 'read').description).toContain('Nothing was changed');
		expect(invalidResponse(200, 'empty', 'write').description).toMatch(/change may have been made/);
	});
});

it('whoever must not call twice reads that the call may have been placed, and where to look', () => {
	expect(lookItUp).toMatch(/^The call may have been placed\./);
	expect(lookItUp).toMatch(/call log/);
});

it.each<Purpose>(['read', 'write'])('nobody reads of calls who wanted to %s', (purpose) => {
	const failures = [
		answered(400, { error: 'x' }, {}, purpose),
		answered(429, '', {}, purpose),
		answered(500, '', {}, purpose),
		failureOfNetworkError(broken('ECONNREFUSED'), purpose),
		failureOfNetworkError(broken('ECONNRESET'), purpose),
	];
	for (const { description } of failures) {
		expect(description).not.toMatch(/Nobody was called|have been placed/);
	}
});

it.each([
	['phoneNumber', 'Phone Number'],
	['phoneNumberId', 'Call From (Phone Number ID)'],
	['callbackUrl', 'Webhook URL'],
	['dynamicVariables.a.b', 'Dynamic Variables > a.b'],
	['brandNew', 'brandNew'],
	['', ''],
])('the field %j is shown as %j', (field, expected) => expect(displayName(field)).toBe(expected));
