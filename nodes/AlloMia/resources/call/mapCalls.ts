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

/** What the user wants to have of a call. */
export interface CallOutputOptions {
	download: readonly FileKind[];
	/** The largest file to download, in bytes. */
	maxFileSize: number;
	simplify: boolean;
}

/** The waits between two requests for a file that is not ready, in ms: each longer than the one before. */
const firstWait = 1_000;
const growth = 1.5;
const longestWait = 5_000;

/**
 * Finds one call for each item, and gives each out with what is wanted of it. What AlloMia has no file
 * of is no error, but no surprise either: a hint names it.
 * @param find gives undefined where its signal has ended the work
 * @param untilOf until when files that are not ready are asked for again, in ms since 1970
 */
export async function mapCalls<T extends CallOutputOptions>(
	context: IExecuteFunctions,
	read: (itemIndex: number) => Validated<T>,
	find: (
		wanted: T,
		connection: Connection,
		signal: AbortSignal,
	) => Promise<ApiResult<CallResponse> | undefined>,
	untilOf: (wanted: T) => number = () => 0,
): Promise<INodeExecutionData[][]> {
	const missing: string[] = [];
	const output = await mapItems(context, {
		read,
		consequence: 'Nothing was looked up.',
		work: async (wanted, connection, signal) => {
			const call = await find(wanted, connection, signal);
			if (!call?.ok) return call;
			const until = untilOf(wanted);
			return await withFiles(
				context,
				connection,
				call.value,
				{ ...wanted, until },
				missing,
				signal,
			);
		},
	});
	if (missing.length > 0) {
		addHint(context, {
			type: 'info',
			location: 'outputPane',
			message: `AlloMia has no ${shortList(missing)}. Those items go out without it.`,
		});
	}
	return output;
}

/**
 * The item that a call goes out as, with its files in n8n's binary data, each under its kind; an AI
 * agent, which is given no binary data, has the transcript's text. What AlloMia has no link to is added
 * to `missing`.
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
	/** A call that is read again has fresh links; they last an hour at most. */
	const fileOf = async (kind: FileKind) => {
		for (let attempt = 0; ; attempt += 1) {
			const file = await storeFile(context, connection, call, kind, maxFileSize, signal);
			if (file && (file.ok || !isExpired(file.failure))) return file;
			// It may have been read in advance.
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

/** Streams one file into n8n's binary data, or reads it; undefined where there is no link to it. */
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
		const reason = `${url.host} broke off in the middle of it (${reasonOf(error)}).`;
		return { ok: false, failure: downloadFailure(kind, reason, { kind: 'uncertain' }) };
	}
}
