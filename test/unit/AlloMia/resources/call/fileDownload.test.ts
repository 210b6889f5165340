import { Readable } from 'node:stream';
import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';
import { openFile } from '../../../../../nodes/AlloMia/resources/call/fileDownload';

/**
 * n8n's request helper, answering by a list. A public API whose links redirect into a private
 * network is what neither the simulator nor an n8n on this machine can stand for.
 */
function contextWith(answers: Array<{ statusCode: number; headers: Record<string, string> }>) {
	const asked: IHttpRequestOptions[] = [];
	const context = {
		helpers: {
			httpRequest: (options: IHttpRequestOptions) => {
				const answer = answers[asked.push(options) - 1];
				if (!answer) {
					return Promise.reject(Object.assign(new Error(options.url), { code: 'ECONNREFUSED' }));
				}
				return Promise.resolve({ ...answer, body: Readable.from(['text']) });
			},
		},
	} as unknown as IExecuteFunctions;
	return { context, asked };
}

const never = new AbortController().signal;
const api = 'https://allomia.com/api';
const link = 'https://files.example.com/t.txt?signature=secret';

describe('opening a file', () => {
	it('does not follow a redirect into the network that n8n runs in', async () => {
		const { context, asked } = contextWith([
			{ statusCode: 302, headers: { location: 'http://169.254.169.254/latest?token=secret' } },
		]);
		const result = await openFile(context, 'transcript', link, api, 1_000_000, never);
		expect(result).toMatchObject({ ok: false, failure: { kind: 'refused' } });
		expect(JSON.stringify(result)).not.toContain('secret');
		expect(asked).toHaveLength(1);
		expect(asked[0]?.abortSignal?.aborted).toBe(true);
	});

	it('gives up on redirects without end', async () => {
		const loop = { statusCode: 307, headers: { location: '/again?signature=secret' } };
		const { context, asked } = contextWith(Array<typeof loop>(100).fill(loop));
		const result = await openFile(context, 'recording', link, api, 1_000_000, never);
		expect(result.ok).toBe(false);
		expect(JSON.stringify(result)).not.toContain('secret');
		expect(asked.length).toBeLessThan(10);
	});

	it('names the host and the reason, never the link', async () => {
		const { context } = contextWith([]);
		const result = await openFile(context, 'transcript', link, api, 1_000_000, never);
		expect(result).toMatchObject({
			failure: { description: expect.stringContaining('files.example.com did not respond (ECONN') },
		});
		expect(JSON.stringify(result)).not.toContain('secret');
	});
});
