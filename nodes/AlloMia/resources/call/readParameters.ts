import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readCalledNumber } from './matchCall';
import { readCallQuery, type CallQuery } from './callFilters';
import type { Connection } from '../../../shared/api/client';
import { readUuid, readPathId } from '../../../shared/api/ids';
import { fileKinds, type FileKind } from './fileLink';
import { readNumber, show } from '../../../shared/values/readParameter';
import type { OutboundCallReference } from './findCall';
import { validated, type Validated, type ValidationIssue } from '../../../shared/values/validation';
import { readLimit } from '../returnAll';
import { readOptions } from '../options';
import { organizationParameter, readOrganizationId } from '../organizationLocator';
import { withSimplify } from '../simplify';
import type { CallOutputOptions } from './mapCalls';

/** Reads the parameters of Get. */
export function readGetParameters(
	context: IExecuteFunctions,
	itemIndex: number,
): Validated<CallOutputOptions & { callId: string }> {
	const issues: ValidationIssue[] = [];
	const callId = readPathId('Call ID', context.getNodeParameter('callId', itemIndex, ''), issues);
	const given: unknown = context.getNodeParameter('download', itemIndex, []);
	const download = readDownload('Download', given, issues);
	const maxFileSize = readMaxFileSize(readOptions(context, itemIndex), issues);
	const value = { callId, download, maxFileSize };
	return withSimplify(context, itemIndex, validated(value, issues));
}

/** Reads the parameters of Get by Outbound Call. `waitUpTo` is in seconds. */
export function readGetByOutboundCallParameters(
	context: IExecuteFunctions,
	itemIndex: number,
	connection: Connection,
): Validated<CallOutputOptions & { outboundCall: OutboundCallReference; waitUpTo: number }> {
	const issues: ValidationIssue[] = [];
	const outboundCallId: unknown = context.getNodeParameter('outboundCallId', itemIndex, '');
	const organizationId = organizationParameter(context, itemIndex, connection);
	const options = readOptions(context, itemIndex);
	const outboundCall = {
		outboundCallId: readUuid('Outbound Call ID', outboundCallId, issues),
		organizationId: readOrganizationId(organizationId, issues),
		phoneNumber: readCalledNumber(options, issues),
	};
	const limits = { fallback: 60, min: 0, max: 3600 };
	const waitUpTo = readNumber('Options > Wait Up To', options.waitUpTo, limits, issues);
	const download = readDownload('Options > Download', options.download, issues);
	const maxFileSize = readMaxFileSize(options, issues);
	const value = { outboundCall, waitUpTo, download, maxFileSize };
	return withSimplify(context, itemIndex, validated(value, issues));
}

/** Reads the parameters of Get Many. */
export function readListParameters(
	context: IExecuteFunctions,
	itemIndex: number,
	connection: Connection,
): Validated<{ query: CallQuery; limit: number; simplify: boolean }> {
	const issues: ValidationIssue[] = [];
	// With a default of undefined, n8n throws for fields that are not shown, such as Limit.
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, '');
	const query = readCallQuery(
		{
			organizationId: organizationParameter(context, itemIndex, connection),
			filters: context.getNodeParameter('filters', itemIndex, {}) as IDataObject,
			sort: parameter('sort'),
		},
		context.getTimezone(),
		issues,
	);
	const limit = readLimit(parameter('returnAll'), parameter('limit'), issues);
	return withSimplify(context, itemIndex, validated({ query, limit }, issues));
}

/** Reads Max File Size, which is in MB, and converts it to bytes. */
function readMaxFileSize({ maxFileSize }: IDataObject, issues: ValidationIssue[]): number {
	const limits = { fallback: 500, min: 0.001, max: 10_000 };
	return readNumber('Options > Max File Size', maxFileSize, limits, issues) * 1_000_000;
}

function readDownload(field: string, given: unknown, issues: ValidationIssue[]): FileKind[] {
	const wanted: unknown[] = Array.isArray(given) ? given : given ? [given] : [];
	for (const kind of wanted.filter((it) => !fileKinds.some((known) => known === it))) {
		const message = `${show(kind)} is not one of ${fileKinds.join(', ')}.`;
		issues.push({ field, message });
	}
	return fileKinds.filter((it) => wanted.includes(it));
}
