import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readSwitch } from '../../shared/values/parameters';
import { checked, type Checked, type Refusal } from '../../shared/values/validation';

/** Whether the most useful fields come out or all of them, in n8n's words. */
export function simplifyField(show: Record<string, string[]>): INodeProperties {
	return {
		displayName: 'Simplify',
		name: 'simplify',
		type: 'boolean',
		default: true,
		description: 'Whether to return a simplified version of the response instead of the raw data',
		displayOptions: { show },
	};
}

/** An item's parameters, with its choice of Simplify. */
export function withSimplify<T extends object>(
	context: IExecuteFunctions,
	itemIndex: number,
	parameters: Checked<T>,
): Checked<T & { simplify: boolean }> {
	const refusals: Refusal[] = [];
	const given = { simplify: context.getNodeParameter('simplify', itemIndex, true) };
	const simplify = readSwitch('Simplify', given, 'simplify', refusals);
	if (!parameters.ok) return { ok: false, refusals: [...parameters.refusals, ...refusals] };
	return checked({ ...parameters.value, simplify }, refusals);
}
