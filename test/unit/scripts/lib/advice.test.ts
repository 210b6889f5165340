import fs from 'node:fs';
import { adviceFor } from '../../../../scripts/lib/advice';

describe('what a failed command advises', () => {
	it.each([
		['npm error code ENOSPC', /^The disk is full: free some space/],
		['SQLITE_FULL: database or disk is full', /^The disk is full/],
		['Error: listen EADDRINUSE: address already in use :::5678', /^A port is in use.*--port/],
		["n8n's port 5678 is already in use", /^A port is in use/],
		['npm error request to https://r/ failed, reason: getaddrinfo EAI_AGAIN r', /no network/],
		['npm error code ECONNREFUSED', /no network/],
		['npm error code EACCES', /cannot be written/],
		['gyp ERR! find Python', /could not be built/],
	])('for %j is one sentence that helps', (text, expected) => {
		expect(adviceFor(text)).toMatch(expected);
	});

	it('fits what a full disk makes Node say', () => {
		if (!fs.existsSync('/dev/full')) return expect(process.platform).not.toBe('linux');
		let said = '';
		try {
			fs.writeFileSync('/dev/full', 'x');
		} catch (error) {
			said = (error as Error).message;
		}
		expect(adviceFor(said)).toMatch(/^The disk is full/);
	});

	it('is none where nothing is known', () => {
		expect(adviceFor('SyntaxError: Unexpected token')).toBeUndefined();
	});
});
