import { judgeCredential, unreachable } from '../../nodes/shared/credentialVerdict';

const baseUrl = 'https://allomia.example.com/api';
const answer = (statusCode: number, body: unknown) => ({ statusCode, body });

describe('the credential test', () => {
	it.each<[string, unknown]>([
		['as text', '{ "error": "Outbound call not found" }'],
		['as JSON', { error: 'Outbound call not found' }],
	])('passes a valid key: AlloMia knows no such call (%s)', (_, body) => {
		expect(judgeCredential(answer(404, body), baseUrl).status).toBe('OK');
	});

	it.each<[unknown, string]>([
		['{ "error": "Invalid or missing API key" }', 'Invalid or missing API key'],
		['{ "error": "API key has expired" }', 'API key has expired'],
		['<html>', 'Invalid or missing API key'],
		['', 'Invalid or missing API key'],
	])('says that a key is wrong (%j)', (body, message) => {
		expect(judgeCredential(answer(401, body), baseUrl)).toEqual({ status: 'Error', message });
	});

	it.each<[string, unknown]>([
		['a web page', answer(200, '<html>Welcome</html>')],
		['a 404 of another server', answer(404, '<html>Not found</html>')],
		['a 404 of another API', answer(404, '{ "error": "Not Found" }')],
		['a JSON that is not AlloMia’s', answer(200, '{ "ok": true }')],
		['a redirect', answer(302, '')],
		['nothing that can be read', undefined],
		['text', 'hello'],
	])('says so where %s answers', (_, given) => {
		const verdict = judgeCredential(given, baseUrl);
		expect(verdict.status).toBe('Error');
		expect(verdict.message).toContain(`${baseUrl} is not AlloMia`);
	});

	it.each([
		[403, 'Organization is inactive'],
		[500, 'Internal server error occurred'],
	])('passes on what AlloMia says with %d', (statusCode, error) => {
		expect(judgeCredential(answer(statusCode, { error }), baseUrl)).toEqual({
			status: 'Error',
			message: `AlloMia said: ${error}`,
		});
	});

	it('names an address that does not answer, and never the key', () => {
		const connection = { baseUrl, apiKey: 'secret-key-1' };
		const verdict = unreachable(new Error('connect ECONNREFUSED secret-key-1'), connection);
		expect(verdict.status).toBe('Error');
		expect(verdict.message).toMatch(/does not answer at https:\/\/allomia\.example\.com\/api/);
		expect(verdict.message).not.toContain('secret-key-1');
		expect(unreachable('socket hang up', connection).message).toContain('socket hang up');
	});
});
