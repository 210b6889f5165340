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

/** A file whose download has started. */
export interface OpenFile {
	body: FileStream;
	contentType: string;
	/** Whether the download was aborted because the file is too large. */
	tooLarge(): boolean;
	/** The URL after redirects. */
	url: URL;
}

/** The stream type that n8n accepts for binary data. */
export type FileStream = Exclude<
	Parameters<IExecuteFunctions['helpers']['prepareBinaryData']>[0],
	Buffer
>;

/** The maximum number of redirects. */
const maxRedirects = 5;

/** Timeouts for the start of the response and for the whole file, in ms. */
const answerTimeout = 30_000;
const fileTimeout = 15 * 60_000;

/** The statuses with which object stores respond to expired links. */
const expired = [400, 401, 403, 404, 410];

/** Whether a download may succeed with a fresh link. */
export function isExpired({ httpCode }: { httpCode?: number }): boolean {
	return httpCode !== undefined && expired.includes(httpCode);
}

/**
 * Starts the download of a call's file. The API key is not sent, since the links lead to other hosts. Each
 * redirect is checked before it is followed.
 * @param maxSize in bytes
 * @param signal aborts when the file is no longer needed
 */
export async function openFile(
	context: IExecuteFunctions,
	kind: FileKind,
	link: string,
	apiBaseUrl: string,
	maxSize: number,
	signal: AbortSignal,
): Promise<ApiResult<OpenFile>> {
	// n8n's timeout only covers the start of the response; this one also ends a download that stalls.
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
			return fail(`did not respond (${reasonOf(error)})`);
		}
		const { statusCode, headers } = response;
		const body = response.body as FileStream;
		// Without a listener, an error before the first read would crash n8n.
		body.on('error', () => {});
		// A response that is not read keeps its connection, even if the stream is destroyed: n8n's HTTP client
		// returns a wrapper that does not forward that.
		const close = (): void => connection.abort();
		const contentType = typeof headers['content-type'] === 'string' ? headers['content-type'] : '';
		if (statusCode >= 300 && statusCode < 400 && typeof headers.location === 'string') {
			close();
			[base, next] = [url, headers.location];
		} else if (statusCode !== 200) {
			close();
			return fail(`responded with HTTP status ${statusCode}`, statusCode);
		} else if (Number(headers['content-length']) > maxSize) {
			close();
			return { ok: false, failure: tooLarge(kind, maxSize) };
		} else if (mediaType(contentType) === 'text/html') {
			close();
			return fail('responded with a web page instead of the file');
		} else {
			return { ok: true, value: { ...limitSize(body, maxSize), contentType, url } };
		}
	}
	const reason = 'There are too many redirects.';
	return { ok: false, failure: downloadFailure(kind, reason, { kind: 'refused' }) };
}

/**
 * Whether n8n resolves a host name to an internal address. Names that it cannot resolve, such as behind a
 * proxy, are left to the request.
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

/** Makes a stream fail once it exceeds `max` bytes. */
function limitSize(body: FileStream, max: number): { body: FileStream; tooLarge(): boolean } {
	let size = 0;
	const counted = body.map((chunk: { length: number }) => {
		size += chunk.length;
		if (size > max) throw new Error('The file is too large');
		return chunk;
	});
	return { body: counted, tooLarge: () => size > max };
}

/** The reason of a failed download by its error code: error messages may contain the signed link. */
export function reasonOf(error: unknown): string {
	const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
	return typeof code === 'string' && code !== '' ? code : 'the connection was lost';
}
