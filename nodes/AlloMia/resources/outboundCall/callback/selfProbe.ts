import { sleep, type IExecuteFunctions, type IN8nHttpFullResponse } from 'n8n-workflow';
import { invalidCallback } from '../../../../shared/callbacks/responses';
import { parseUrl } from '../../../../shared/values/hosts';
import { toNetworkError } from '../../../../shared/api/networkError';

/**
 * What came of asking an address of this n8n.
 * - `listens`: an AlloMia Trigger answered
 * - `unregistered`: n8n answered that no webhook of that path is published
 * - `missing`: n8n answered that it has nothing at such addresses: its webhooks are elsewhere
 * - `secured`: it leads to the same address with https
 * - `blocked`: n8n's own protection against server-side request forgery keeps it from asking
 * - `unknown`: anything else, as `what` says: nothing is known of the address
 */
export interface Probed {
	kind: 'listens' | 'unregistered' | 'missing' | 'secured' | 'blocked' | 'unknown';
	what: string;
}

/** How long n8n may take to answer itself, in ms. */
const timeout = 5_000;

/** n8n says that a workflow is published a moment before its webhooks are registered. */
const registrationPause = 1_000;
const registrationTries = 4;

/** The newest addresses that this process has asked, of published workflows. */
const asked = new Set<string>();
const mostAsked = 1_000;

/**
 * Asks an address of this n8n, with a body that starts nothing.
 * @returns undefined where this process has asked before, and nothing was wrong
 */
export async function probeOnce(
	context: IExecuteFunctions,
	url: string,
	key = url,
): Promise<Probed | undefined> {
	if (asked.has(key)) return undefined;
	let probed = await probe(context, url);
	for (let tries = 1; probed.kind === 'unregistered' && tries < registrationTries; tries += 1) {
		await sleep(registrationPause);
		probed = await probe(context, url);
	}
	if (probed.kind === 'listens' || probed.kind === 'unknown') asked.add(key);
	const [oldest] = asked;
	if (oldest !== undefined && asked.size > mostAsked) asked.delete(oldest);
	return probed;
}

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
			// Another 404 may be that of a proxy, which lets through what comes from the internet.
			if (/webhook.*not registered/.test(String(message))) return { kind: 'unregistered', what };
			if (String(body).includes('Cannot POST')) return { kind: 'missing', what };
		}
		return { kind: isSecured(url, headers?.location) ? 'secured' : 'unknown', what };
	} catch (error) {
		if (/request was blocked because/i.test(toNetworkError(error).message)) {
			return { kind: 'blocked', what: blockedAdvice(url) };
		}
		// Not its message: n8n replaces an error of ours that holds a network code by a text of its own.
		return { kind: 'unknown', what: 'it got no answer' };
	}
}

/** Whether a redirect leads to the same address but for https. */
function isSecured(url: string, location: unknown): boolean {
	const [from, to] = [new URL(url), parseUrl(String(location))];
	return (
		from.protocol === 'http:' &&
		to?.protocol === 'https:' &&
		to.hostname === from.hostname &&
		to.pathname === from.pathname
	);
}

/** What to do where n8n may not ask its own address. */
function blockedAdvice(url: string): string {
	return `n8n’s SSRF protection forbids it: add ${new URL(url).hostname} to the environment variable N8N_SSRF_ALLOWED_HOSTNAMES of n8n, and restart n8n`;
}

/** What to do about an address that leads to itself with https: AlloMia may not follow it. */
export function securedAdvice(url: string): string {
	const { origin, host } = new URL(url);
	return `${origin} leads on to https, and AlloMia may not follow there with the outcome. Set the environment variable WEBHOOK_URL of n8n to its address with https (https://${host}/), and restart n8n`;
}
