import type { Failure } from '../../../shared/api/failure';
import { isLoopbackHost, parseUrl } from '../../../shared/values/hosts';
import { isPrivateUrl } from '../../../shared/values/privateHosts';

/** The downloadable files of a call. */
export const fileKinds = ['transcript', 'recording'] as const;

export type FileKind = (typeof fileKinds)[number];

/** A link that is safe to follow, or why it is not. */
export type CheckedLink = { ok: true; url: URL } | { ok: false; failure: Failure };

/**
 * Checks whether a link is safe to follow. It does not come from the user, so it must not lead into n8n's
 * network, unless AlloMia's API itself is on this machine (a simulator).
 * @param base the URL of the redirect, if the link is one
 */
export function checkLink(
	kind: FileKind,
	link: string,
	apiBaseUrl: string,
	base?: URL,
): CheckedLink {
	const url = base && URL.canParse(link, base.href) ? new URL(link, base) : parseUrl(link);
	if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
		return rejectLink(kind, 'AlloMia’s link to it is not a valid URL.');
	}
	return isPrivateUrl(url.href) && !isOnThisMachine(apiBaseUrl)
		? leadsInside(kind, url)
		: { ok: true, url };
}

/** Whether AlloMia's API is on this machine, and its files may be as well. */
export function isOnThisMachine(apiBaseUrl: string): boolean {
	return isLoopbackHost(new URL(apiBaseUrl).hostname);
}

/** The failure of a link into an internal network. */
export function leadsInside(kind: FileKind, url: URL): { ok: false; failure: Failure } {
	return rejectLink(
		kind,
		`AlloMia’s link to it leads to ${url.host}, which is not on the internet.`,
	);
}

/** The failure of a download. Its text must not contain the link, which is signed. */
export function downloadFailure(
	kind: FileKind,
	reason: string,
	extras: Pick<Failure, 'kind'> & Partial<Failure>,
): Failure {
	return {
		message: `The ${kind} could not be downloaded`,
		description: `${reason} Try again later, or remove it from Download to continue without it.`,
		...extras,
	};
}

/**
 * The failure of a file that is too large.
 * @param maxSize in bytes
 */
export function tooLarge(kind: FileKind, maxSize: number): Failure {
	return {
		kind: 'refused',
		message: `The ${kind} is too large`,
		description: `It is larger than ${maxSize / 1_000_000} MB. Raise Options > Max File Size, or remove it from Download to continue without it.`,
	};
}

function rejectLink(kind: FileKind, reason: string): { ok: false; failure: Failure } {
	return { ok: false, failure: downloadFailure(kind, reason, { kind: 'refused' }) };
}

/** The file extensions of recordings and transcripts, by media type. */
const extensions: Record<string, string> = {
	'text/plain': 'txt',
	'audio/wav': 'wav',
	'audio/x-wav': 'wav',
	'audio/wave': 'wav',
	'audio/vnd.wave': 'wav',
	'audio/mpeg': 'mp3',
	'audio/mp3': 'mp3',
	'audio/mp4': 'm4a',
	'audio/x-m4a': 'm4a',
	'audio/aac': 'aac',
	'audio/ogg': 'ogg',
	'audio/opus': 'opus',
	'audio/webm': 'webm',
	'audio/flac': 'flac',
	'video/mp4': 'mp4',
	'video/webm': 'webm',
};

/** The media types of object stores for unknown content. */
const unknownTypes = ['', 'application/octet-stream', 'binary/octet-stream'];

/** The name and media type of a downloaded file, from the response or else from the link. */
export function describeFile(
	kind: FileKind,
	callId: string,
	url: URL,
	contentType: string,
): { fileName: string; mimeType: string } {
	const safeId = callId.replace(/[^\w.-]/g, '_');
	// Plain text according to AlloMia's documentation, whatever the object store says.
	if (kind === 'transcript') {
		return { fileName: `transcript-${safeId}.txt`, mimeType: 'text/plain' };
	}
	const said = mediaType(contentType);
	const ofLink = /\.([a-z\d]{2,4})$/i.exec(url.pathname)?.[1]?.toLowerCase();
	const ofType = Object.entries(extensions).find(([, extension]) => extension === ofLink)?.[0];
	return {
		fileName: `recording-${safeId}.${extensions[said] ?? ofLink ?? 'bin'}`,
		mimeType: unknownTypes.includes(said) ? (ofType ?? 'application/octet-stream') : said,
	};
}

/** A Content-Type without its parameters. */
export function mediaType(contentType: string): string {
	return contentType.split(';')[0]?.trim().toLowerCase() ?? '';
}
