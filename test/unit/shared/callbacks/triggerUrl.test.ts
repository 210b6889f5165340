import { triggerPath, webhookUrl } from '../../../../nodes/shared/callbacks/triggerUrl';

describe('the path of a trigger', () => {
	it.each<[unknown, string]>([
		[undefined, 'allomia/w1'],
		['', 'allomia/w1'],
		['  ', 'allomia/w1'],
		[' clinic/outcomes ', 'clinic/outcomes'],
		['/clinic/outcomes/', 'clinic/outcomes'],
		['a.b-c_d~e', 'a.b-c_d~e'],
		['.a/b./..c/...', '.a/b./..c/...'],
	])('with the option %j is %s', (ownPath, expected) => {
		expect(triggerPath(ownPath, 'w1')).toBe(expected);
	});

	it.each([
		...['/', 'a//b', 'two words', 'a?b', 'a#b', ':id', 'a/:id', 'été', 'a%20b', '{{ x }}'],
		...['.', '..', '../x', 'x/..', 'a/./b', 'a/../b', './'],
	])(
		'is none with the option %j: the address would be another one than n8n listens at',
		(ownPath) => {
			expect(triggerPath(ownPath, 'w1')).toBeUndefined();
		},
	);
});

describe('a webhook’s address, as of today', () => {
	it.each([
		['https://n8n.example.com', 'https://n8n.example.com'],
		['http://localhost:5678', 'http://localhost:5678'],
		['https://example.com/n8n', 'https://example.com/n8n'],
		['https://example.com/p/q', 'https://example.com/p/q'],
		['https://example.com/webhook-waiting', 'https://example.com/webhook-waiting'],
	])('under %s', (address, expected) => {
		for (const tail of ['17', '17?signature=abc', '17/?signature=a/b']) {
			expect(webhookUrl(`${address}/webhook-waiting/${tail}`, 'allomia/w1')).toBe(
				`${expected}/webhook/allomia/w1`,
			);
		}
	});

	it.each(['https://a.example/waiting/17', 'https://a.example/webhook-waiting/17/x'])(
		'is unknown where the endpoints are renamed: %s',
		(resumeUrl) => {
			expect(webhookUrl(resumeUrl, 'allomia/w1')).toBeUndefined();
		},
	);
});
