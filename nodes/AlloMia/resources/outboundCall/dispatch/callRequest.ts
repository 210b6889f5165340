import type { GenericValue, IDataObject } from 'n8n-workflow';
import { z } from 'zod';
import { readCountry, readPhoneNumber } from '../../../../shared/values/phone';
import { parseUrl } from '../../../../shared/values/hosts';
import { readUuid } from '../../../../shared/api/ids';
import {
	isText,
	kindOf,
	readBoolean,
	readText,
	show,
	toJson,
} from '../../../../shared/values/readParameter';
import { reservedNames } from '../../../../shared/values/reservedNames';
import type { Validated, ValidationIssue } from '../../../../shared/values/validation';
import { clean, toText } from '../../../../shared/values/strings';
import type { CallingHours } from '../hours/callingHours';
import type { HoursReader } from '../hours/readHours';
import { parseVariables, repeatedNames, toVariable } from './dynamicVariables';

/** Body of POST /outbound. It contains only what was set. */
export interface CallBody {
	phoneNumber: string;
	assistantId: string;
	phoneNumberId: string;
	customerName?: string;
	dynamicVariables?: Record<string, string>;
	callbackUrl?: string;
}

/** An item's unvalidated parameters. */
export interface CallParameters {
	phoneNumber: unknown;
	assistantId: unknown;
	phoneNumberId: unknown;
	customerName: unknown;
	specifyDynamicVariables: unknown;
	dynamicVariables: unknown;
	dynamicVariablesJson: unknown;
	/** The collection Options. */
	options: Record<string, unknown>;
	/** Whether Call Once Per is set, so that each item needs a key. */
	keyed?: boolean;
	/** Set if Calling Hours are. */
	readHours?: HoursReader;
	/** Whether to call Test Number instead. */
	isTest?: boolean;
}

/** A validated item. */
export interface CallRequest {
	body: CallBody;
	/** What comes back with the outcome. */
	metadata?: IDataObject;
	/** The idempotency key, such as an appointment's ID: nobody is called twice for the same. */
	onceKey?: string;
	/** When the person may be called; undefined for at any time. */
	hours?: CallingHours;
	/** The number called in place of the person's, in a test. */
	testNumber?: string;
	/** Whether to output the request instead of sending it. */
	dryRun: boolean;
}

/** Validates an item's parameters, and builds the request from them. */
export function readCallRequest(parameters: CallParameters): Validated<CallRequest> {
	const issues: ValidationIssue[] = [];
	const given = readNumber(
		'Phone Number to Call',
		parameters.phoneNumber,
		parameters.options,
		issues,
	);
	const phoneNumber = parameters.isTest ? readTestNumber(parameters.options, issues) : given;
	const assistantId = readUuid('Assistant ID', parameters.assistantId, issues);
	const phoneNumberId = readUuid('Call From (Phone Number ID)', parameters.phoneNumberId, issues);
	const customerName = readName(parameters.customerName, issues);
	const dynamicVariables = readDynamicVariables(parameters, issues);
	const metadata = readMetadata(parameters.options.metadata, issues);
	const onceKey = parameters.keyed ? readOnceKey(parameters.options.onceKey, issues) : undefined;
	const hours = parameters.readHours?.(parameters.options, phoneNumber, issues);
	const dryRun = readBoolean('Dry Run', parameters.options, 'dryRun', issues);
	if (issues.length > 0) return { ok: false, issues };
	return {
		ok: true,
		value: {
			body: {
				phoneNumber,
				assistantId,
				phoneNumberId,
				...(customerName === '' ? {} : { customerName }),
				...(Object.keys(dynamicVariables).length === 0 ? {} : { dynamicVariables }),
			},
			...(Object.keys(metadata).length === 0 ? {} : { metadata }),
			...(onceKey === undefined || parameters.isTest ? {} : { onceKey }),
			...(hours === undefined ? {} : { hours }),
			...(parameters.isTest ? { testNumber: phoneNumber } : {}),
			dryRun,
		},
	};
}

function readOnceKey(value: unknown, issues: ValidationIssue[]): string {
	const field = 'Call Once Per';
	// NaN is no key: all items whose computation failed would share it.
	const key = readText(field, Number.isNaN(value) ? '' : (value ?? ''), issues);
	if (key === '') {
		issues.push({
			field,
			message:
				'It is empty for this item. Use a value that every item has, such as the appointment’s ID, or remove the option.',
		});
	}
	return key ?? '';
}

/** Reads a URL for callbacks, which is sent to AlloMia unchanged. */
export function readCallbackUrl(value: unknown, issues: ValidationIssue[]): string {
	const field = 'Webhook URL';
	const text = readText(field, value, issues);
	if (text === undefined) return '';
	const url = parseUrl(text);
	if (text === '') {
		issues.push({
			field,
			message:
				'It is empty. Paste the URL that is to receive the result, or choose something else in Send Result To.',
		});
	} else if (
		!url ||
		!/^https?:\/\/[^/]/i.test(text) ||
		!/^https?:$/.test(url.protocol) ||
		/\s/.test(text)
	) {
		issues.push({
			field,
			message: `${show(text)} is not a valid URL. It must start with https:// or http://.`,
		});
	}
	return text;
}

function readTestNumber(options: CallParameters['options'], issues: ValidationIssue[]): string {
	const field = 'Test Number';
	const { testNumber = '' } = options;
	if (testNumber !== '') return readNumber(field, testNumber, options, issues);
	issues.push({
		field,
		message: 'It is empty. Enter your own phone number, or remove the option.',
	});
	return '';
}

function readNumber(
	field: string,
	phoneNumber: unknown,
	{ defaultCountry }: CallParameters['options'],
	issues: ValidationIssue[],
): string {
	const text = readText(field, phoneNumber, issues);
	if (text === undefined) return '';
	const code = isText(defaultCountry) ? toText(defaultCountry) : '?';
	const country = code === '' ? undefined : readCountry(code);
	if (code !== '' && country === undefined) {
		issues.push({
			field: 'Default Country',
			message: `${show(code)} is not a country code. Use two letters (ISO 3166-1), for example CA, US or FR.`,
		});
		return '';
	}
	const number = readPhoneNumber(text, country);
	if (number.ok) return number.number;
	issues.push({ field, message: number.message });
	return '';
}

function readName(value: unknown, issues: ValidationIssue[]): string {
	if (value === undefined || value === null || typeof value === 'string') {
		return clean(value ?? '');
	}
	if (typeof value === 'number') return String(value);
	issues.push({ field: 'Customer Name', message: `It is ${kindOf(value)}. Use text.` });
	return '';
}

/** The entries of a fixedCollection. A value of another shape is an issue, never ignored. */
function pairsOf(
	field: string,
	collection: unknown,
	key: string,
	issues: ValidationIssue[],
): Array<{ name: unknown; value: unknown }> {
	if (collection === undefined || collection === null || collection === '') return [];
	const shape = z
		.object({ [key]: z.array(z.object({ name: z.unknown(), value: z.unknown() })).optional() })
		.strict()
		.safeParse(collection);
	if (!shape.success) {
		issues.push({ field, message: 'It is not a list of names and values. Add them one by one.' });
		return [];
	}
	return (shape.data[key] ?? []).map(({ name, value }) => ({ name, value }));
}

/** Checks a name: it must not be empty, reserved or used already. */
function claimName(
	field: string,
	name: string,
	position: number,
	seen: Set<string>,
	issues: ValidationIssue[],
): boolean {
	if (name === '') {
		issues.push({ field, message: `Entry ${position} has no name. Give it one, or remove it.` });
		return false;
	}
	if (reservedNames.includes(name)) {
		issues.push({ field, message: `${show(name)} cannot be used as a name. Choose another.` });
		return false;
	}
	if (seen.has(name)) {
		issues.push({ field, message: `${show(name)} appears twice. Remove one of them.` });
		return false;
	}
	seen.add(name);
	return true;
}

function readDynamicVariables(
	{ specifyDynamicVariables, dynamicVariables, dynamicVariablesJson }: CallParameters,
	issues: ValidationIssue[],
): Record<string, string> {
	if (specifyDynamicVariables === 'json') return readJsonVariables(dynamicVariablesJson, issues);
	if (specifyDynamicVariables === 'keyValue' || specifyDynamicVariables === undefined) {
		return readVariables(dynamicVariables, issues);
	}
	issues.push({
		field: 'Specify Dynamic Variables',
		message: 'Choose Using Fields Below (keyValue) or Using JSON (json).',
	});
	return {};
}

function readVariables(collection: unknown, issues: ValidationIssue[]): Record<string, string> {
	const pairs = pairsOf('Dynamic Variables', collection, 'variable', issues).map(
		({ name, value }) => [toText(name), value] as const,
	);
	return convert('Dynamic Variables', pairs, issues);
}

function readJsonVariables(value: unknown, issues: ValidationIssue[]): Record<string, string> {
	const field = 'Dynamic Variables (JSON)';
	const example = 'Write an object such as { "practitioner": "Dr. Smith" }.';
	let object = value;
	if (typeof value === 'string') {
		const text = clean(value);
		if (text === '') return {};
		try {
			JSON.parse(text);
			const repeated = repeatedNames(text);
			for (const name of repeated) {
				issues.push({ field, message: `${show(name)} appears twice. Remove one of them.` });
			}
			if (repeated.length > 0) return {};
			object = parseVariables(text);
		} catch (error) {
			const reason = error instanceof Error ? error.message : String(error);
			issues.push({ field, message: `It is not JSON (${reason}). ${example}` });
			return {};
		}
	}
	if (object === undefined) return {};
	if (typeof object !== 'object' || object === null || Array.isArray(object)) {
		issues.push({ field, message: `It is ${kindOf(object)}, not an object. ${example}` });
		return {};
	}
	const pairs = Object.entries(object).map(
		([name, entry]) => [clean(name), entry as unknown] as const,
	);
	return convert(field, pairs, issues);
}

function convert(
	field: string,
	pairs: ReadonlyArray<readonly [string, unknown]>,
	issues: ValidationIssue[],
): Record<string, string> {
	const variables: Record<string, string> = {};
	const seen = new Set<string>();
	for (const [index, [name, value]] of pairs.entries()) {
		if (!claimName(field, name, index + 1, seen, issues)) continue;
		const text = toVariable(value);
		if (!text.ok) issues.push({ field, message: `${show(name)} ${text.message}` });
		else variables[name] = text.value;
	}
	return variables;
}

/** Reads an item's metadata, as far as it is valid. */
export function readMetadata(collection: unknown, issues: ValidationIssue[]): IDataObject {
	const field = 'Metadata';
	const metadata: IDataObject = {};
	const seen = new Set<string>();
	for (const [index, { name: rawName, value }] of pairsOf(
		field,
		collection,
		'entry',
		issues,
	).entries()) {
		const name = toText(rawName);
		if (!claimName(field, name, index + 1, seen, issues)) continue;
		const json = toJson(value ?? null);
		if (json === undefined) {
			const message = `${show(name)} is ${kindOf(value)} without a text form. Use text, a number or a date.`;
			issues.push({ field, message });
		} else {
			metadata[name] = JSON.parse(json) as GenericValue;
		}
	}
	return metadata;
}
