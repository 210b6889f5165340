import { sleep, type IExecuteFunctions, type IN8nHttpFullResponse } from 'n8n-workflow';
import { invalidCallback } from '../../../../shared/callbacks/responses';
import { parseUrl } from '../../../../shared/values/hosts';
import { toNetworkError } from '../../../../shared/api/networkError';

/**
 * The result of probing a URL of this n8n.
 * - `listens`: an AlloMia Trigger responded
 * - `unregistered`: n8n responded that no webhook with that path is published
 * - `missing`: n8n responded that there is nothing at such URLs: its webhook endpoints are renamed
 * - `secured`: it redirects to the same URL with https
 * - `blocked`: n8n's SSRF protection blocks the request
 * - `unknown`: anything else, as described in `what`
 */
export interface Probed {
	kind: 'listens' | 'unregistered' | 'missing' | 'secured' | 'blocked' | 'unknown';
	what: string;
}

/** The timeout of a probe, in ms. */
const timeout = 5_000;

/** n8n registers a workflow's webhooks a moment after it is published: waits between attempts, in ms. */
const registrationPause = 1_000;
const registrationTries = 4;

/** The URLs that were probed successfully, or without a clear result: the latest of this process. */
const probedUrls = new Set<string>();
const maxProbedUrls = 1_000;

/**
 * Probes a URL of this n8n, unless this process has done so before.
 * @param key identifies equivalent URLs
 * @returns undefined if it was probed before and nothing was wrong
 */
export async function probeOnce(
	context: IExecuteFunctions,
	url: string,
	key = url,
): Promise<Probed | undefined> {
	if (probedUrls.has(key)) return undefined;
	let probed = await probe(context, url);
	for (let tries = 1; probed.kind === 'unregistered' && tries < registrationTries; tries += 1) {
		await sleep(registrationPause);
		probed = await probe(context, url);
	}
	if (probed.kind === 'listens' || probed.kind === 'unknown') probedUrls.add(key);
	const [oldest] = probedUrls;
	if (oldest !== undefined && probedUrls.size > maxProbedUrls) probedUrls.delete(oldest);
	return probed;
}

/** Probes a URL of this n8n with a request that starts nothing. */
export async function probe(context: IExecuteFunctions, url: string): Promise<Probed> {
	try {
		const { statusCode, headers, body } = (await context.helpers.httpRequest({
			method: 'POST',
			url,
			headers: { 'content-type': 'application/json' },
			body: '{}',
			timeout,
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			disableFollowRedirect: true,
		})) as IN8nHttpFullResponse;
		const { error, message } = Object(body) as { error?: unknown; message?: unknown };
		const what = `it got a ${statusCode}`;
		if (error === invalidCallback) return { kind: 'listens', what };
		if (statusCode === 404) {
			// Any other 404 may be that of a proxy, which may still accept requests from the internet.
			if (/webhook.*not registered/.test(String(message))) return { kind: 'unregistered', what };
			if (String(body).includes('Cannot POST')) return { kind: 'missing', what };
		}
		return { kind: isSecured(url, headers?.location) ? 'secured' : 'unknown', what };
	} catch (error) {
		if (/request was blocked because/i.test(toNetworkError(error).message)) {
			return { kind: 'blocked', what: blockedAdvice(url) };
		}
		// Without the error message: n8n replaces errors that contain a network error code by its own text.
		return { kind: 'unknown', what: 'it got no answer' };
	}
}

/** Whether a redirect leads to the same URL with https. */
function isSecured(url: string, location: unknown): boolean {
	const [from, to] = [new URL(url), parseUrl(String(location))];
	return (
		from.protocol === 'http:' &&
		to?.protocol === 'https:' &&
		to.hostname === from.hostname &&
		to.pathname === from.pathname
	);
}

/** What to do if n8n's SSRF protection blocks its own URL. */
function blockedAdvice(url: string): string {
	return `n8n’s SSRF protection blocks it: add ${new URL(url).hostname} to the environment variable N8N_SSRF_ALLOWED_HOSTNAMES of n8n, and restart n8n`;
}

/** What to do if a URL redirects to https, which AlloMia may not follow. */
export function securedAdvice(url: string): string {
	const { origin, host } = new URL(url);
	return `${origin} redirects to https, and AlloMia may not follow that. Set the environment variable WEBHOOK_URL of n8n to its https URL (https://${host}/), and restart n8n`;
}
