import { until } from '../scripts/lib/workflows';

/** Posts to a webhook, as JSON unless told otherwise. */
export async function post(url: string, body: unknown, contentType = 'application/json') {
	const response = await fetch(url, {
		method: 'POST',
		// After a restart of n8n, a kept-alive connection leads nowhere.
		headers: { 'content-type': contentType, connection: 'close' },
		signal: AbortSignal.timeout(120_000),
		body: typeof body === 'string' ? body : JSON.stringify(body),
	});
	const text = await response.text();
	return {
		status: response.status,
		body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : text,
	};
}

/** Posts once n8n knows the webhook: when it starts, it answers before it knows them all. */
export async function postOnceRegistered(url: string, body: unknown = {}) {
	return await until(`${url} to be registered`, async () => {
		const answer = await post(url, body);
		return answer.status !== 404 && answer;
	});
}
