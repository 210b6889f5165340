import type { IDataObject } from 'n8n-workflow';
import type { Verification } from '../shared/callbacks/verificationPolicy';
import { readBoolean, show } from '../shared/values/readParameter';
import { validated, type Validated, type ValidationIssue } from '../shared/values/validation';
import { terminalStatuses } from '../shared/api/terminalStatus';

/** The trigger's validated parameters. */
export interface TriggerSettings {
	statuses: string[];
	verification: Verification;
	ignoreDuplicates: boolean;
	outputPerStatus: boolean;
}

const verifications: readonly unknown[] = ['auto', 'signature', 'always', 'none'];

/** Validates the trigger's parameters, except for its path. */
export function readSettings({
	statuses: given = [...terminalStatuses],
	verification = 'auto',
	options = {},
}: IDataObject): Validated<TriggerSettings> {
	const issues: ValidationIssue[] = [];
	const invalid = (field: string, value: unknown, rule: string) =>
		issues.push({ field, message: `It is ${show(value)}. ${rule}` });
	// An expression may return them as text.
	const statuses = typeof given === 'string' ? given.split(/[\s,]+/).filter(Boolean) : given;
	const isKnown = (status: unknown) => (terminalStatuses as readonly unknown[]).includes(status);
	if (!Array.isArray(statuses) || !statuses.every(isKnown)) {
		invalid('Trigger On', given, `Use a list of ${terminalStatuses.join(', ')}.`);
	}
	if (!verifications.includes(verification)) {
		invalid('Verification', verification, `Use one of ${verifications.join(', ')}.`);
	}
	const read = (field: string, name: string, fallback: boolean) =>
		readBoolean(field, options as IDataObject, name, issues, fallback);
	const settings = {
		statuses: statuses as string[],
		verification: verification as Verification,
		ignoreDuplicates: read('Ignore Duplicates', 'ignoreDuplicates', true),
		outputPerStatus: read('Output per Status', 'outputPerStatus', false),
	};
	return validated(settings, issues);
}
