import {
	isLoopbackHost,
	isPrivateHost,
	isPrivateUrl,
	parseUrl,
} from '../../../../nodes/shared/values/hosts';

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

describe('where AlloMia’s callbacks cannot arrive', () => {
	it.each([
		'10.1.2.3',
		'172.16.0.1',
		'172.31.255.255',
		'192.168.1.1',
		'169.254.1.1',
		'100.64.0.1',
		'100.127.0.1',
		'0.0.0.0',
		'::',
		'[fc00::1]',
		'fd12:3456::1',
		'fe80::1',
		'febf::1',
		'::ffff:7f00:1',
		'::ffff:c0a8:101',
		'::7f00:1',
		'64:ff9b::a00:1',
		'224.0.0.1',
		'255.255.255.255',
		'198.18.0.1',
		'host.localdomain',
		'n8n',
		'server.local',
		'n8n.internal',
		'nas.lan',
		'box.home',
		'x.home.arpa',
		'a.test',
	])('%s', (host) => expect(isPrivateHost(host)).toBe(true));

	it.each([
		'allomia.com',
		'n8n.example.com',
		'9.255.255.255',
		'172.15.0.1',
		'172.32.0.1',
		'192.169.0.1',
		'100.63.0.1',
		'100.128.0.1',
		'169.1.2.3',
		'8.254.1.1',
		'8.8.8.8',
		'2001:db8::1',
		'fec0::1',
		'::ffff:808:808',
		'local.example.com',
		'my-lan.com',
	])('is not %s: no false alarm', (host) => expect(isPrivateHost(host)).toBe(false));

	it.each([
		['http://localhost:5678/webhook/x', true],
		['http://[::1]:5678/', true],
		['http://[::ffff:127.0.0.1]/', true],
		['http://2130706433/', true],
		['https://n8n.example.com/webhook/x', false],
	])('as a URL: %s → %s', (url, expected) => expect(isPrivateUrl(url)).toBe(expected));
});

it('what is no URL is told from what is one', () => {
	expect(parseUrl('nonsense')).toBeUndefined();
	expect(parseUrl('https://a.b/c')?.pathname).toBe('/c');
});
