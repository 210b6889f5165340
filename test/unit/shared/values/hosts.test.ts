import { isLoopbackHost, parseUrl } from '../../../../nodes/shared/values/hosts';
import { isPrivateHost } from '../../../../nodes/shared/values/privateHosts';

const loopback = [
	'localhost',
	'LOCALHOST',
	'n8n.localhost',
	'127.0.0.1',
	'127.9.8.7',
	'::1',
	'[::1]',
];

describe('this machine', () => {
	it.each([...loopback, 'localhost.'])('is %s: the key may go there without https', (host) => {
		expect(isLoopbackHost(host)).toBe(true);
		expect(isPrivateHost(host)).toBe(true);
	});

	it.each([
		'allomia.com',
		'localhost.example.com',
		'127.0.0.1.example.com',
		'notlocalhost',
		'10.0.0.1',
		'::2',
		'128.0.0.1',
		'0.0.0.0',
	])('is not %s: the key would travel in the open', (host) => {
		expect(isLoopbackHost(host)).toBe(false);
	});
});

it('what is no URL is told from what is one', () => {
	expect(parseUrl('nonsense')).toBeUndefined();
	expect(parseUrl('https://a.b/c')?.pathname).toBe('/c');
});
