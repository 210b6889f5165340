import type { IBinaryData, IBinaryKeyData, IExecuteFunctions } from 'n8n-workflow';
import type { ApiResult, Connection } from '../../../shared/api';
import { readCall } from '../../../shared/callLog';
import { isExpired, openFile, reasonOf } from '../../../shared/fileDownload';
import { describeFile, downloadFailure, type FileKind } from '../../../shared/fileLink';
import type { CallAnswer } from '../../../shared/schemas';

/** A call and the files of it that there are. */
export interface CallWithFiles {
	call: CallAnswer;
	binary: IBinaryKeyData;
	/** What AlloMia has no link to. */
	missing: FileKind[];
}

/** A call's files in n8n's binary data, each under its kind. */
export async function addFiles(
	context: IExecuteFunctions,
	connection: Connection,
	call: CallAnswer,
	kinds: readonly FileKind[],
): Promise<ApiResult<CallWithFiles>> {
	const found: CallWithFiles = { call, binary: {}, missing: [] };
	for (const kind of kinds) {
		let file = await store(context, connection, found.call, kind);
		if (file && !file.ok && isExpired(file.failure)) {
			// Links last an hour at most, and less where this call was read in advance: a call that is
			// read again has fresh ones.
			const again = await readCall(context, connection, call.id);
			if (!again.ok) return again;
			found.call = again.value;
			file = await store(context, connection, found.call, kind);
		}
		if (!file) found.missing.push(kind);
		else if (file.ok) found.binary[kind] = file.value;
		else return file;
	}
	return { ok: true, value: found };
}

/** The item that a call goes out as. What it has no files of is added to `missing`. */
export function toOutput(
	{ call, binary, missing: kinds }: CallWithFiles,
	missing: string[],
): { json: CallAnswer; binary?: IBinaryKeyData } {
	missing.push(...kinds.map((kind) => `${kind} of ${call.id}`));
	return { json: call, ...(Object.keys(binary).length > 0 ? { binary } : {}) };
}

/** Streams one file into n8n's binary data; undefined where there is no link to it. */
async function store(
	context: IExecuteFunctions,
	{ baseUrl }: Connection,
	call: CallAnswer,
	kind: FileKind,
): Promise<ApiResult<IBinaryData> | undefined> {
	const link = call[`${kind}Url`];
	if (!link) return undefined;
	const file = await openFile(context, kind, link, baseUrl);
	if (!file.ok) return file;
	const { body, contentType, url } = file.value;
	const { fileName, mimeType } = describeFile(kind, call.id, url, contentType);
	try {
		return { ok: true, value: await context.helpers.prepareBinaryData(body, fileName, mimeType) };
	} catch (error) {
		const reason = `${url.host} broke off in the middle of it (${reasonOf(error)}).`;
		return { ok: false, failure: downloadFailure(kind, reason, { kind: 'uncertain' }) };
	}
}
