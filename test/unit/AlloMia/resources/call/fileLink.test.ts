import { checkLink, describeFile } from '../../../../../nodes/AlloMia/resources/call/fileLink';

const api = 'https://allomia.com/api';
const simulator = 'http://127.0.0.1:4010/api';

describe('a link to a file', () => {
	it.each(['https://files.example.com/a.txt?sig=1', 'http://files.example.com:8080/a.txt'])(
		'may be followed: %s',
		(link) => {
			expect(checkLink('transcript', link, api).ok).toBe(true);
		},
	);

	it.each([
		'http://127.0.0.1/secret',
		'http://localhost:5678/rest',
		'http://[::1]/secret',
		'http://[::ffff:127.0.0.1]/secret',
		'http://2130706433/secret',
		'http://0x7f.1/secret',
		'http://[::127.0.0.1]/secret',
		'http://10.0.0.1/secret',
		'http://192.168.1.1/secret',
		'http://172.16.0.1/secret',
		'http://169.254.169.254/latest/meta-data',
		'http://[fd00::1]/secret',
		'http://redis:6379/secret',
		'http://vault.internal/secret',
		'file:///etc/passwd',
		'ftp://files.example.com/secret',
		'data:text/plain,secret',
		'javascript:secret',
		'not a link, secret',
		'',
	])('must not lead into n8n’s own network or elsewhere: %s', (link) => {
		const result = checkLink('recording', link, api);
		expect(result.ok).toBe(false);
		expect(JSON.stringify(result)).not.toContain('secret');
	});

	it('may lead to this machine where the API is there as well', () => {
		expect(checkLink('recording', 'http://127.0.0.1:9/a.wav', simulator).ok).toBe(true);
	});

	it('of a redirect may be relative, and is checked like any other', () => {
		const base = new URL('https://files.example.com/a/b?sig=1');
		const near = checkLink('recording', '../c', api, base);
		expect(near.ok && near.url.href).toBe('https://files.example.com/c');
		expect(checkLink('recording', '//127.0.0.1/c', api, base).ok).toBe(false);
	});
});

describe('a downloaded file', () => {
	const link = (path: string) => new URL(`https://files.example.com/${path}`);

	it.each([
		['recording', 'audio/mpeg', 'a', 'recording-c1.mp3', 'audio/mpeg'],
		['recording', 'audio/x-wav', 'a.wav', 'recording-c1.wav', 'audio/x-wav'],
		['recording', 'audio/ogg; codecs=opus', 'a', 'recording-c1.ogg', 'audio/ogg'],
		['recording', 'binary/octet-stream', 'a.MP3', 'recording-c1.mp3', 'audio/mpeg'],
		['recording', '', 'a.wav', 'recording-c1.wav', 'audio/wav'],
		['recording', '', 'a', 'recording-c1.bin', 'application/octet-stream'],
		['transcript', '', 'a', 'transcript-c1.txt', 'text/plain'],
		['transcript', 'binary/octet-stream', 'a.txt', 'transcript-c1.txt', 'text/plain'],
		['transcript', 'text/plain; charset=utf-8', 'a', 'transcript-c1.txt', 'text/plain'],
	] as const)('%s of type "%s" at %s is %s', (kind, type, path, fileName, mimeType) => {
		expect(describeFile(kind, 'c1', link(path), type)).toEqual({ fileName, mimeType });
	});

	it('has a name without anything that leads out of its folder', () => {
		const { fileName } = describeFile('transcript', '..%2F:c 1', link('a'), '');
		expect(fileName).toBe('transcript-.._2F_c_1.txt');
	});
});
