import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { readUuid } from '../../../../shared/api/ids';
import { readOptions } from '../../options';
import { readCallRequest, type CallRequest } from './callRequest';
import {
	validated,
	type Validated,
	type ValidationIssue,
} from '../../../../shared/values/validation';

/** Reads an item's call, without its callback URL. */
export function readCall(context: IExecuteFunctions, itemIndex: number): Validated<CallRequest> {
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
	});
}

/** Whether Call Once Per is set. It does not depend on an item's value, since the outputs depend on it. */
export function hasOnceKey(context: IExecuteFunctions): boolean {
	const { options } = context.getNode().parameters;
	return Boolean((options as IDataObject | undefined)?.onceKey);
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
