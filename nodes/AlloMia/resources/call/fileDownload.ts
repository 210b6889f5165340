import type { IExecuteFunctions, IN8nHttpFullResponse } from 'n8n-workflow';
import type { ApiResult } from '../../../shared/api/client';
import {
	checkLink,
	downloadFailure,
	isOnThisMachine,
	leadsInside,
	mediaType,
	tooLarge,
	type FileKind,
} from './fileLink';

/** A file that is on its way. */
export interface OpenFile {
	body: FileStream;
	contentType: string;
	/** Whether it was broken off since it is larger than it may be. */
	tooLarge(): boolean;
	/** Where it came from in the end. */
	url: URL;
}

export type FileStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

/** More redirects than any object store makes. */
const maxRedirects = 5;

/** How long the host may take to begin, and to give the whole file, in ms. */
const answerTimeout = 30_000;
const fileTimeout = 15 * 60_000;

/** The statuses of a link that no longer opens anything, as object stores differ: a fresh one may. */
const expired = [400, 401, 403, 404, 410];

/** Whether a download failed in a way that a fresh link may mend. */
export function isExpired({ httpCode }: { httpCode?: number }): boolean {
	return httpCode !== undefined && expired.includes(httpCode);
}

/**
 * Opens a file of a call by its link, without the API key: the links lead to other hosts, which
 * have no business with it. Redirects are followed one by one, so that each target is checked.
 * @param maxSize in bytes
 * @param signal says that nobody waits for the file any more
 */
export async function openFile(
	context: IExecuteFunctions,
	kind: FileKind,
	link: string,
	apiBaseUrl: string,
	maxSize: number,
	signal: AbortSignal,
): Promise<ApiResult<OpenFile>> {
	// n8n's own time-out ends with the answer's first byte: this one ends a download that stalls.
	const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(fileTimeout)]);
	let base: URL | undefined;
	let next = link;
	for (let hop = 0; hop <= maxRedirects; hop += 1) {
		const target = checkLink(kind, next, apiBaseUrl, base);
		if (!target.ok) return target;
		const { url } = target;
		if (!isOnThisMachine(apiBaseUrl) && (await resolvesInside(context, url))) {
			return leadsInside(kind, url);
		}
		const fail = (reason: string, httpCode?: number): ApiResult<OpenFile> => ({
			ok: false,
			failure: downloadFailure(kind, `${url.host} ${reason}.`, { kind: 'uncertain', httpCode }),
		});
		const connection = new AbortController();
		let response: IN8nHttpFullResponse;
		try {
			response = (await context.helpers.httpRequest({
				method: 'GET',
				url: url.href,
				headers: { accept: '*/*' },
				encoding: 'stream',
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
				timeout: answerTimeout,
				abortSignal: AbortSignal.any([abortSignal, connection.signal]),
			})) as IN8nHttpFullResponse;
		} catch (error) {
			return fail(`did not answer (${reasonOf(error)})`);
		}
		const { statusCode, headers } = response;
		const body = response.body as FileStream;
		// An error before the first read would have no other listener, and end n8n.
		body.on('error', () => {});
		// What nobody reads keeps its connection, even where the stream is destroyed: n8n's HTTP client
		// hands out a wrapper that does not pass that on.
		const leave = (): void => connection.abort();
		const contentType = typeof headers['content-type'] === 'string' ? headers['content-type'] : '';
		if (statusCode >= 300 && statusCode < 400 && typeof headers.location === 'string') {
			leave();
			[base, next] = [url, headers.location];
		} else if (statusCode !== 200) {
			leave();
			return fail(`answered with HTTP status ${statusCode}`, statusCode);
		} else if (Number(headers['content-length']) > maxSize) {
			leave();
			return { ok: false, failure: tooLarge(kind, maxSize) };
		} else if (mediaType(contentType) === 'text/html') {
			leave();
			return fail('answered with a web page instead of the file');
		} else {
			return { ok: true, value: { ...limitSize(body, maxSize), contentType, url } };
		}
	}
	const reason = 'Its address redirects over and over.';
	return { ok: false, failure: downloadFailure(kind, reason, { kind: 'refused' }) };
}

/**
 * Whether the name of a host stands for an address in an internal network, as n8n resolves it. A name
 * that n8n cannot resolve, as behind a proxy, is left to the request.
 */
async function resolvesInside(context: IExecuteFunctions, url: URL): Promise<boolean> {
	// Not in every n8n.
	const { getSecureEgressFilter } = context.helpers as Partial<IExecuteFunctions['helpers']>;
	try {
		const verdict = await getSecureEgressFilter?.('enforced').validateUrl(url);
		return verdict?.ok === false && verdict.error.name === 'SsrfBlockedIpError';
	} catch {
		return false;
	}
}

/** The same file, which breaks off once more than `max` bytes of it have come. */
function limitSize(body: FileStream, max: number): { body: FileStream; tooLarge(): boolean } {
	let size = 0;
	const counted = body.map((chunk: { length: number }) => {
		size += chunk.length;
		if (size > max) throw new Error('The file is too large');
		return chunk;
	});
	return { body: counted, tooLarge: () => size > max };
}

/** Why a request or a stream broke, by its code: messages may hold the whole link. */
export function reasonOf(error: unknown): string {
	const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
	return typeof code === 'string' && code !== '' ? code : 'the connection broke';
}
