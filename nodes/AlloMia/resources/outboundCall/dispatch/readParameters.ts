import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readUuid } from '../../../../shared/api/ids';
import { isAgentTool } from '../../../../shared/n8n/agentTool';
import { readOptions } from '../../options';
import type { HoursReader } from '../hours/readHours';
import { readCallRequest, type CallRequest } from './callRequest';
import {
	validated,
	type Validated,
	type ValidationIssue,
} from '../../../../shared/values/validation';

/**
 * Reads an item's call, without its callback URL.
 * @param readHours set if Calling Hours are
 */
export function readCall(
	context: IExecuteFunctions,
	itemIndex: number,
	readHours?: HoursReader,
): Validated<CallRequest> {
	const parameter = (name: string): unknown => context.getNodeParameter(name, itemIndex, undefined);
	const specify = parameter('specifyDynamicVariables');
	return readCallRequest({
		phoneNumber: parameter('phoneNumber'),
		assistantId: parameter('assistantId'),
		phoneNumberId: parameter('phoneNumberId'),
		customerName: parameter('customerName'),
		specifyDynamicVariables: specify,
		dynamicVariables: specify === 'json' ? undefined : parameter('dynamicVariables'),
		dynamicVariablesJson: specify === 'json' ? parameter('dynamicVariablesJson') : undefined,
		options: readOptions(context, itemIndex),
		keyed: hasOnceKey(context),
		readHours,
		isTest: isTestRun(context),
	});
}

/** Whether Call Once Per is set. It does not depend on an item's value, since the outputs depend on it. */
export function hasOnceKey(context: IExecuteFunctions): boolean {
	return Boolean(storedOptions(context).onceKey);
}

/** Whether Calling Hours are among the options, independent of an item's value as well. They may be invalid. */
export function hasCallingHours(context: IExecuteFunctions): boolean {
	return storedOptions(context).callingHours !== undefined;
}

/** Whether items outside of the calling hours have an output of their own. An agent's tool has only one. */
export function hasOutsideHoursOutput(context: IExecuteFunctions): boolean {
	return Boolean(storedOptions(context).callingHours) && !isAgentTool(context);
}

/** Whether Dry Run is among the options, on or off. */
export function hasDryRun(context: IExecuteFunctions): boolean {
	return storedOptions(context).dryRun !== undefined;
}

/** Whether all calls go to Test Number: in runs from the editor, if it is among the options. */
export function isTestRun(context: IExecuteFunctions): boolean {
	const isFromEditor = ['manual', 'evaluation'].includes(context.getMode());
	return isFromEditor && storedOptions(context).testNumber !== undefined;
}

/** The options as they are stored, with their expressions. */
function storedOptions(context: IExecuteFunctions): IDataObject {
	return (context.getNode().parameters.options as IDataObject | undefined) ?? {};
}

/** Reads an item's outbound call ID. */
export function readCallId(context: IExecuteFunctions, itemIndex: number): Validated<string> {
	const issues: ValidationIssue[] = [];
	const id = readUuid(
		'Outbound Call ID',
		context.getNodeParameter('outboundCallId', itemIndex, ''),
		issues,
	);
	return validated(id, issues);
}
