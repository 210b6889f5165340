import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readBoolean } from '../../shared/values/parameters';
import { validated, type Validated, type ValidationIssue } from '../../shared/values/validation';

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
	parameters: Validated<T>,
): Validated<T & { simplify: boolean }> {
	const issues: ValidationIssue[] = [];
	const given = { simplify: context.getNodeParameter('simplify', itemIndex, true) };
	const simplify = readBoolean('Simplify', given, 'simplify', issues);
	if (!parameters.ok) return { ok: false, issues: [...parameters.issues, ...issues] };
	return validated({ ...parameters.value, simplify }, issues);
}

/**
 * "Simplify", as n8n's nodes have it: at most ten of the documented fields, the most used ones first.
 * Fields that AlloMia does not document stay: the outcome that it draws from a call is one of them.
 */
export interface Simplified {
	first: readonly string[];
	without: readonly string[];
}

/** Reduces a raw answer to what Simplify keeps of it. */
export function pickSimplified(raw: IDataObject, { first, without }: Simplified): IDataObject {
	const rest = Object.keys(raw).filter((key) => !first.includes(key) && !without.includes(key));
	const keys = [...first.filter((key) => key in raw), ...rest];
	return Object.fromEntries(keys.map((key) => [key, raw[key]]));
}
