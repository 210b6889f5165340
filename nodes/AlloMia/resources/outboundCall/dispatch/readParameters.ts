import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readUuid } from '../../../../shared/api/ids';
import { isAgentTool } from '../../../../shared/n8n/agentTool';
import { readOptions } from '../../options';
import { readCallRequest, type CallParameters, type CallRequest } from './callRequest';
import {
	validated,
	type Validated,
	type ValidationIssue,
} from '../../../../shared/values/validation';

/**
 * Reads an item's call, without its callback URL.
 * @param run what does not depend on the item
 */
export function readCall(
	context: IExecuteFunctions,
	itemIndex: number,
	{ isTest, readHours }: Pick<CallParameters, 'isTest' | 'readHours'>,
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
		isTest,
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

/** Whether Dry Run is on, or an expression, independent of an item's value as well. */
export function hasDryRun(context: IExecuteFunctions): boolean {
	return !/^\s*false\s*$/i.test(String(storedOptions(context).dryRun ?? false));
}

/** The options as they are stored, with their expressions. */
export function storedOptions(context: IExecuteFunctions): IDataObject {
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
