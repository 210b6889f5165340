import {
	CredentialError,
	defaultBaseUrl,
	readApiKey,
	readBaseUrl,
	assertAllowedHost,
} from '../../../../nodes/shared/api/credential';

describe('the base URL of the credential', () => {
	it.each<[unknown, string]>([
		['', defaultBaseUrl],
		[undefined, defaultBaseUrl],
		['  ', defaultBaseUrl],
		['https://allomia.com/api', 'https://allomia.com/api'],
		['https://allomia.com/api///', 'https://allomia.com/api'],
		[' \u200bhttps://allomia.com/api/\n', 'https://allomia.com/api'],
		['https://allomia.example.com', 'https://allomia.example.com'],
		['HTTPS://Allomia.com:8443/api', 'https://allomia.com:8443/api'],
		['http://127.0.0.1:4010/api/', 'http://127.0.0.1:4010/api'],
		['http://localhost:4010/api', 'http://localhost:4010/api'],
		['http://[::1]:4010/api', 'http://[::1]:4010/api'],
	])('%j is used as %s', (value, expected) => expect(readBaseUrl(value)).toBe(expected));

	it.each<[string, RegExp]>([
		['http://allomia.com/api', /use https:\/\//],
		['http://10.0.0.1/api', /use https:\/\//],
		['http://localhost.evil.example/api', /use https:\/\//],
		['http://localhost@evil.example/api', /without a user name/],
		['https://user:pass@allomia.com/api', /without a user name/],
		['https://allomia.com/api?x=1', /"\?"/],
		['https://allomia.com/api#x', /"#"/],
		['allomia.com/api', /is not a valid URL/],
		['ftp://allomia.com', /is not a valid URL/],
		['file:///etc/hosts', /is not a valid URL/],
		['localhost:4010', /is not a valid URL/],
		['https://', /is not a valid URL/],
	])('%s is refused, and the key stays here', (value, says) => {
		expect(() => readBaseUrl(value)).toThrow(CredentialError);
		expect(() => readBaseUrl(value)).toThrow(says);
	});
});

describe('a request with the credential', () => {
	const base = 'https://allomia.example.com/api';

	it.each([
		{ url: 'https://allomia.example.com/api/calls' },
		{ uri: 'https://allomia.example.com/another' },
		{ url: 'HTTPS://ALLOMIA.example.com:443/api' },
		{ url: '/calls', baseURL: base },
	])('to AlloMia is sent: %j', (request) => {
		expect(() => assertAllowedHost(request, base)).not.toThrow();
	});

	it.each([
		{ url: 'http://allomia.example.com/api/calls' },
		{ url: 'https://allomia.example.com:8443/api/calls' },
		{ uri: 'https://evil.example/api' },
		{ url: 'https://allomia.example.com@evil.example/api' },
		{ url: 'https://allomia.example.com.evil.example/' },
		{ url: '//evil.example/', baseURL: base },
		{ url: 'https://evil.example/', baseURL: base },
		{ url: '/calls', baseURL: 'https://evil.example' },
		{ url: '/calls' },
		{ url: '/calls', baseURL: '' },
		{},
	])('to another address is refused, and the key stays here: %j', (request) => {
		expect(() => assertAllowedHost(request, base)).toThrow(CredentialError);
		expect(() => assertAllowedHost(request, base)).toThrow(
			/may only be sent to https:\/\/allomia\.example\.com,/,
		);
	});
});

describe('the API key of the credential', () => {
	it.each([
		'sk-abc.DEF_123',
		' sk-abc.DEF_123\r\n',
		'\ufeffsk-abc.DEF_123\u200b',
		'sk-abc.\n  DEF_123',
		'Bearer sk-abc.DEF_123',
		'bearer  sk-abc.DEF_123 ',
	])('%j is used without what was pasted along', (value) => {
		expect(readApiKey(value)).toBe('sk-abc.DEF_123');
	});

	it.each<[unknown, RegExp]>([
		['', /it is empty/],
		[' \n', /it is empty/],
		['Bearer ', /it is empty|invalid characters/],
		[undefined, /it is empty/],
		[null, /it is empty/],
		[{}, /it is empty/],
		['••••••••', /invalid characters/],
		['clé-123', /invalid characters/],
		['key\u0000', /invalid characters/],
	])('%j is refused before anything is sent', (value, says) => {
		expect(() => readApiKey(value)).toThrow(CredentialError);
		expect(() => readApiKey(value)).toThrow(says);
	});

	it('is not repeated in what is said of it', () => {
		expect(() => readApiKey('secrét-key')).toThrow(/^(?!.*secr).*$/);
	});
});
