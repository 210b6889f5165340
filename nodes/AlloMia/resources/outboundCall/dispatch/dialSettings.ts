import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { defaultTimeout } from '../../../../shared/api/client';
import { validationError } from '../../../../shared/n8n/nodeErrors';
import { readBoolean, readInteger } from '../../../../shared/values/readParameter';
import type { ValidationIssue } from '../../../../shared/values/validation';
import { readOptions } from '../../options';
import { isTestRun } from './testRun';

/** The options for the run as a whole, which are read from the first item. */
export interface DialSettings {
	maxConcurrency: number;
	timeout: number;
	redialOnUncertain: boolean;
	/** The maximum number of calls in progress. */
	maxInProgress?: number;
	/** The minimum time between two reads of a call's status, in ms. */
	pollInterval: number;
	/** Whether all calls go to Test Number. */
	isTest: boolean;
}

/**
 * Reads the options for the run.
 * @throws NodeOperationError that names the invalid option, or if n8n does not tell whether the run is a test
 */
export async function readSettings(context: IExecuteFunctions): Promise<DialSettings> {
	const options = readOptions(context, 0);
	const issues: ValidationIssue[] = [];
	const settings = {
		maxConcurrency: readInteger(
			'Max Parallel Requests',
			options.maxConcurrency,
			{ fallback: 10, min: 1, max: 100 },
			issues,
		),
		timeout: readInteger(
			'Timeout',
			options.timeout,
			{ fallback: defaultTimeout, min: 1, max: 3_600_000 },
			issues,
		),
		redialOnUncertain: readBoolean('Retry Unconfirmed Calls', options, 'redialOnUncertain', issues),
		maxInProgress: readMaxInProgress(options, issues),
		pollInterval: readPollInterval(options, issues),
	};
	if (issues.length > 0) {
		throw validationError(context.getNode(), issues, 0, 'Nobody was called.');
	}
	// One phone cannot ring twice at a time.
	const isTest = await isTestRun(context);
	return { ...settings, isTest, ...(isTest ? { maxConcurrency: 1, maxInProgress: 1 } : {}) };
}

/** Empty is not taken for no limit: the expression that is to give it may have failed. */
function readMaxInProgress(options: IDataObject, issues: ValidationIssue[]): number | undefined {
	if (!('maxInProgress' in options)) return undefined;
	const value = options.maxInProgress === '' ? null : (options.maxInProgress ?? null);
	const limits = { fallback: NaN, min: 1, max: 1_000 };
	const limit = readInteger('Max Calls at Once', value, limits, issues);
	if (value === null) {
		const message = 'It is empty. Use a whole number from 1 to 1000, or remove the option.';
		issues.push({ field: 'Max Calls at Once', message });
	}
	return limit;
}

/** Reads Poll Interval, in ms. */
export function readPollInterval(options: IDataObject, issues: ValidationIssue[]): number {
	const limits = { fallback: 10, min: 1, max: 3600 };
	return 1000 * readInteger('Poll Interval', options.pollInterval, limits, issues);
}
