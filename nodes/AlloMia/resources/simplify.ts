import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readBoolean } from '../../shared/values/readParameter';
import { validated, type Validated, type ValidationIssue } from '../../shared/values/validation';

/** The field Simplify, worded as in n8n's own nodes. */
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

/** Adds an item's Simplify to its parameters. */
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
 * The simplified version of a response: at most ten of the documented fields, as n8n's guidelines ask. Fields
 * that AlloMia does not document stay: a call's outcome is one of them.
 */
export interface Simplified {
	/** The fields at the start, in this order. */
	first: readonly string[];
	/** The fields left out. */
	without: readonly string[];
}

/** Simplifies a response. */
export function pickSimplified(raw: IDataObject, { first, without }: Simplified): IDataObject {
	const rest = Object.keys(raw).filter((key) => !first.includes(key) && !without.includes(key));
	const keys = [...first.filter((key) => key in raw), ...rest];
	return Object.fromEntries(keys.map((key) => [key, raw[key]]));
}
