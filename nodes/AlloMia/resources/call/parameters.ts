import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readCalledNumber } from '../../../shared/callBehind';
import { readCallQuery, type CallQuery } from '../../../shared/callFilters';
import { readUuid, type Checked } from '../../../shared/callRequest';
import { fileKinds, type FileKind } from '../../../shared/fileLink';
import { readPathId } from '../../../shared/pathId';
import { readWholeNumber } from '../../../shared/options';
import type { CallBehind } from '../../../shared/readCallBehind';
import type { Refusal } from '../../../shared/refusal';
import { shortList } from '../../../shared/text';
import { readWanted } from '../../../shared/wanted';
import { readOptions } from '../outboundCall/items';

/** One item's call and what to download of it. */
export function readCallParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<{ callId: string; download: FileKind[] }> {
	const refusals: Refusal[] = [];
	const callId = readPathId('Call ID', context.getNodeParameter('callId', itemIndex, ''), refusals);
	const given: unknown = context.getNodeParameter('download', itemIndex, []);
	const download = readDownload('Download', given, refusals);
	return refusals.length > 0 ? { ok: false, refusals } : { ok: true, value: { callId, download } };
}

/** One item's outbound call, how long to wait for its call in the log, and what to download of it. */
export function readOutboundParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<{ wanted: CallBehind; waitUpTo: number; download: FileKind[] }> {
	const refusals: Refusal[] = [];
	const outboundCallId = readUuid(
		'Outbound Call ID',
		context.getNodeParameter('outboundCallId', itemIndex, ''),
		refusals,
	);
	const organization: unknown = context.getNodeParameter('organizationId', itemIndex, '');
	const organizationId = readPathId('Organization', organization, refusals);
	const options = readOptions(context, itemIndex);
	const limits = { fallback: 60, min: 0, max: 3600 };
	const waitUpTo = readWholeNumber('Options > Wait Up To', options.waitUpTo, limits, refusals);
	const download = readDownload('Options > Download', options.download, refusals);
	const phone = readCalledNumber(options);
	if (!phone.ok) refusals.push(...phone.refusals);
	if (!phone.ok || refusals.length > 0) return { ok: false, refusals };
	const wanted = { outboundCallId, organizationId, phoneNumber: phone.value };
	return { ok: true, value: { wanted, waitUpTo, download } };
}

function readDownload(field: string, given: unknown, refusals: Refusal[]): FileKind[] {
	const wanted: unknown[] = Array.isArray(given) ? given : given ? [given] : [];
	for (const kind of wanted.filter((it) => !fileKinds.some((known) => known === it))) {
		const message = `${JSON.stringify(kind)} is not one of ${fileKinds.join(', ')}.`;
		refusals.push({ field, message });
	}
	return fileKinds.filter((it) => wanted.includes(it));
}

/** One item's search in the call log. */
export function readListParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<{ query: CallQuery; wanted: number }> {
	const refusals: Refusal[] = [];
	// With a fallback of undefined, n8n throws for a field that is not shown, such as Limit.
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, '');
	const query = readCallQuery(
		{
			organizationId: parameter('organizationId'),
			filters: context.getNodeParameter('filters', itemIndex, {}) as IDataObject,
			sort: parameter('sort'),
		},
		context.getTimezone(),
	);
	const wanted = readWanted(parameter('returnAll'), parameter('limit'), refusals);
	if (!query.ok) return { ok: false, refusals: [...query.refusals, ...refusals] };
	return refusals.length > 0
		? { ok: false, refusals }
		: { ok: true, value: { query: query.value, wanted } };
}

/** Tells the user which files there are none of: that is no error, but no surprise either. */
export function hintMissing(context: IExecuteFunctions, missing: readonly string[]): void {
	if (missing.length === 0) return;
	context.addExecutionHints({
		type: 'info',
		location: 'outputPane',
		message: `AlloMia has no ${shortList(missing)}. Those items go out without it.`,
	});
}
