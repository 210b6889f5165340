import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readCalledNumber } from './matchCall';
import { readCallQuery, type CallQuery } from './callFilters';
import { readUuid } from '../outboundCall/dispatch/callRequest';
import { fileKinds, type FileKind } from './fileLink';
import { readPathId } from '../../../shared/api/ids';
import { readNumber } from '../../../shared/values/parameters';
import type { CallBehind } from './findCall';
import { checked, type Checked, type Refusal } from '../../../shared/values/validation';
import { readWanted } from '../../../shared/api/wanted';
import { readOptions } from '../outboundCall/dispatch/parameters';
import { withSimplify } from '../simplify';
import type { WantedOfCall } from './mapCalls';

/** One item's call, and what is wanted of it. */
export function readCallParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<WantedOfCall & { callId: string }> {
	const refusals: Refusal[] = [];
	const callId = readPathId('Call ID', context.getNodeParameter('callId', itemIndex, ''), refusals);
	const given: unknown = context.getNodeParameter('download', itemIndex, []);
	const download = readDownload('Download', given, refusals);
	const maxFileSize = readMaxFileSize(readOptions(context, itemIndex), refusals);
	const value = { callId, download, maxFileSize };
	return withSimplify(context, itemIndex, checked(value, refusals));
}

/** One item's outbound call, how long to wait for its call (in s), and what is wanted of it. */
export function readOutboundParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<WantedOfCall & { behind: CallBehind; waitUpTo: number }> {
	const refusals: Refusal[] = [];
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, '');
	const options = readOptions(context, itemIndex);
	const behind = {
		outboundCallId: readUuid('Outbound Call ID', parameter('outboundCallId'), refusals),
		organizationId: readPathId('Organization', parameter('organizationId'), refusals),
		phoneNumber: readCalledNumber(options, refusals),
	};
	const limits = { fallback: 60, min: 0, max: 3600 };
	const waitUpTo = readNumber('Options > Wait Up To', options.waitUpTo, limits, refusals);
	const download = readDownload('Options > Download', options.download, refusals);
	const maxFileSize = readMaxFileSize(options, refusals);
	const value = { behind, waitUpTo, download, maxFileSize };
	return withSimplify(context, itemIndex, checked(value, refusals));
}

/** One item's search in the call log. */
export function readListParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Checked<{ query: CallQuery; wanted: number; simplify: boolean }> {
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
		refusals,
	);
	const wanted = readWanted(parameter('returnAll'), parameter('limit'), refusals);
	return withSimplify(context, itemIndex, checked({ query, wanted }, refusals));
}

/** In bytes; the editor has it in MB. */
function readMaxFileSize({ maxFileSize }: IDataObject, refusals: Refusal[]): number {
	const limits = { fallback: 500, min: 0.001, max: 10_000 };
	return readNumber('Options > Max File Size', maxFileSize, limits, refusals) * 1_000_000;
}

function readDownload(field: string, given: unknown, refusals: Refusal[]): FileKind[] {
	const wanted: unknown[] = Array.isArray(given) ? given : given ? [given] : [];
	for (const kind of wanted.filter((it) => !fileKinds.some((known) => known === it))) {
		const message = `${JSON.stringify(kind)} is not one of ${fileKinds.join(', ')}.`;
		refusals.push({ field, message });
	}
	return fileKinds.filter((it) => wanted.includes(it));
}
