import type {
	IBinaryData,
	IBinaryKeyData,
	IExecuteFunctions,
	INodeExecutionData,
} from 'n8n-workflow';
import { isAgentTool } from '../../../shared/n8n/agentTool';
import type { ApiResult, Connection } from '../../../shared/api/client';
import { readCall } from './callLog';
import { isExpired, openFile, reasonOf } from './fileDownload';
import { describeFile, downloadFailure, tooLarge, type FileKind } from './fileLink';
import { addHint } from '../../../shared/n8n/hints';
import { abortableSleep } from '../../../shared/values/abort';
import type { CallResponse } from '../../../shared/api/schemas';
import type { Validated } from '../../../shared/values/validation';
import { simplifyCall } from './simplify';
import { shortList } from '../../../shared/values/strings';
import { mapItems } from '../mapItems';

/** How to output a call. */
export interface CallOutputOptions {
	download: readonly FileKind[];
	/** In bytes. */
	maxFileSize: number;
	simplify: boolean;
}

/** The waits between requests for a file that is not ready, in ms, growing from the first to the longest. */
const firstWait = 1_000;
const growth = 1.5;
const longestWait = 5_000;

/**
 * Finds a call for each item, and outputs it with its files. A missing file is not an error, but shown in a
 * hint.
 * @param find returns undefined if its signal aborts
 * @param untilOf until when to request files that are not ready, in ms since 1970
 */
export async function mapCalls<T extends CallOutputOptions>(
	context: IExecuteFunctions,
	read: (itemIndex: number, connection: Connection) => Validated<T>,
	find: (
		options: T,
		connection: Connection,
		signal: AbortSignal,
	) => Promise<ApiResult<CallResponse> | undefined>,
	untilOf: (options: T) => number = () => 0,
): Promise<INodeExecutionData[][]> {
	const missing: string[] = [];
	const output = await mapItems(context, {
		read,
		consequence: 'Nothing was looked up.',
		handle: async (options, connection, signal) => {
			const call = await find(options, connection, signal);
			if (!call?.ok) return call;
			const until = untilOf(options);
			return await withFiles(
				context,
				connection,
				call.value,
				{ ...options, until },
				missing,
				signal,
			);
		},
	});
	if (missing.length > 0) {
		addHint(context, {
			type: 'info',
			location: 'outputPane',
			message: `AlloMia has no ${shortList(missing)}. Those items are output without it.`,
		});
	}
	return output;
}

/**
 * The output item of a call, with its files as binary data named by their kind. AI agents, which get no binary
 * data, get the transcript's text. Files without a link are added to `missing`.
 */
async function withFiles(
	context: IExecuteFunctions,
	connection: Connection,
	first: CallResponse,
	{ download, maxFileSize, simplify, until }: CallOutputOptions & { until: number },
	missing: string[],
	signal: AbortSignal,
): Promise<ApiResult<INodeExecutionData[]>> {
	let call = first;
	/** Links expire after an hour at most: to read the call again gives fresh ones. */
	const fileOf = async (kind: FileKind) => {
		for (let attempt = 0; ; attempt += 1) {
			const file = await storeFile(context, connection, call, kind, maxFileSize, signal);
			if (file && (file.ok || !isExpired(file.failure))) return file;
			// The call may have been read long before.
			const isStale = attempt === 0 && file !== undefined;
			const left = until - Date.now();
			if (!isStale && left <= 0) return file;
			const wait = Math.min(firstWait * growth ** attempt, longestWait, left);
			if (!isStale) await abortableSleep(wait, signal);
			if (signal.aborted) return file;
			const again = await readCall(context, connection, call.id);
			if (again.ok) call = again.value;
			else if (again.failure.kind === 'refused') return again;
		}
	};
	const binary: IBinaryKeyData = {};
	const texts: Partial<Record<FileKind, string>> = {};
	for (const kind of download) {
		const file = await fileOf(kind);
		if (!file) missing.push(`${kind} of ${call.id}`);
		else if (!file.ok) return file;
		else if (typeof file.value === 'string') texts[kind] = file.value;
		else binary[kind] = file.value;
	}
	const json = { ...(simplify ? simplifyCall(call) : call), ...texts };
	return { ok: true, value: [Object.keys(binary).length > 0 ? { json, binary } : { json }] };
}

/** Stores a file as binary data, or reads it as text. Returns undefined if there is no link to it. */
async function storeFile(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	call: CallResponse,
	kind: FileKind,
	maxFileSize: number,
	signal: AbortSignal,
): Promise<ApiResult<IBinaryData | string> | undefined> {
	const link = call[`${kind}Url`];
	if (!link) return undefined;
	const file = await openFile(context, kind, link, baseUrl, maxFileSize, signal);
	if (!file.ok) return file;
	const { body, contentType, url } = file.value;
	const { fileName, mimeType } = describeFile(kind, call.id, url, contentType);
	const { binaryToString, prepareBinaryData } = context.helpers;
	try {
		const asText = kind === 'transcript' && isAgentTool(context);
		const value = asText
			? await binaryToString(body)
			: await prepareBinaryData(body, fileName, mimeType);
		return { ok: true, value };
	} catch (error) {
		if (file.value.tooLarge()) return { ok: false, failure: tooLarge(kind, maxFileSize) };
		const reason = `The connection to ${url.host} was lost during the download (${reasonOf(error)}).`;
		return { ok: false, failure: downloadFailure(kind, reason, { kind: 'uncertain' }) };
	}
}
