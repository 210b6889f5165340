import { z } from 'zod';

import { timezones } from './constants';
import { uuidForm, wholeNumber } from './validation';

const uuid = z.string().regex(uuidForm, 'Invalid uuid');
const text = z.string().min(1);

/** Whether a text has the form of a phone number: 7 to 15 digits and the usual punctuation. */
export function looksLikePhoneNumber(value: string): boolean {
	const digits = value.replace(/\D/g, '').length;
	return /^\+?[\d(][\d ().-]*$/.test(value) && digits >= 7 && digits <= 15;
}

const phoneNumber = z
	.string()
	.min(10, 'Phone number must be at least 10 digits')
	.max(20, 'Phone number must be at most 20 digits')
	.superRefine((value, context) => {
		// One issue per number: the documented body for a short one has a single detail.
		if (value.length < 10 || value.length > 20 || looksLikePhoneNumber(value)) return;
		context.addIssue({
			code: z.ZodIssueCode.invalid_string,
			validation: 'regex',
			message: 'Invalid phone number',
		});
	});

const callbackUrl = z.string().superRefine((value, context) => {
	const protocol = URL.canParse(value) ? new URL(value).protocol : '';
	if (['http:', 'https:'].includes(protocol)) return;
	context.addIssue({
		code: z.ZodIssueCode.invalid_string,
		validation: 'url',
		message: 'Invalid url',
	});
});

/** Body of POST /outbound. */
export const outboundBody = z
	.object({
		phoneNumber,
		assistantId: uuid,
		phoneNumberId: uuid,
		customerName: text.optional(),
		dynamicVariables: z.record(z.string()).optional(),
		callbackUrl: callbackUrl.optional(),
	})
	.strict();

const iso8601 = z.string().superRefine((value, context) => {
	const isTime = z.string().datetime({ offset: true, local: true }).safeParse(value).success;
	if (isTime || z.string().date().safeParse(value).success) return;
	context.addIssue({
		code: z.ZodIssueCode.invalid_string,
		validation: 'datetime',
		message: 'Must be an ISO 8601 date',
	});
});

/** Parses ISO 8601; without a zone, it is UTC. */
export function instant(value: string): number {
	const hasZone = !value.includes('T') || /(Z|[+-]\d{2}:?\d{2})$/.test(value);
	return Date.parse(hasZone ? value : `${value}Z`);
}

/** Query of GET /calls. */
export const callsQuery = z
	.object({
		organizationId: text,
		page: wholeNumber(1, 1e9, 1),
		limit: wholeNumber(1, 50, 20),
		callType: z.enum(['Inbound', 'Outbound', 'Web']).optional(),
		agentName: text.optional(),
		from: iso8601.optional(),
		to: iso8601.optional(),
		userPrimaryIntent: text.optional(),
		sort: z.enum(['asc', 'desc', 'duration_desc', 'duration_asc']).default('desc'),
	})
	.strict()
	.refine(
		({ from, to }) => from === undefined || to === undefined || instant(from) <= instant(to),
		{ path: ['from'], message: 'from must not be after to' },
	);

export type CallsQuery = z.output<typeof callsQuery>;

/** Query of GET /organization. */
export const organizationsQuery = z
	.object({
		page: wholeNumber(1, 1e9, 1),
		limit: wholeNumber(1, 100, 10),
		sort: z.enum(['asc', 'desc']).default('asc'),
		search: text.optional(),
	})
	.strict();

/** Body of POST /organization. */
export const newOrganization = z
	.object({
		name: text,
		email: z.string().email(),
		address: text,
		city: text,
		stateProvince: text,
		postalCode: text,
		country: text,
		phoneNumber: text,
		timezone: z.enum(timezones),
		externalId: text.optional(),
	})
	.strict();

/** Body of PUT /organization/{id}. */
export const changedOrganization = newOrganization.partial().required({ name: true, email: true });

/** Body of PUT /organization/{id}/metadata, before the tenant's schema is applied. */
export const metadataBody = z.object({ metadata: z.record(z.unknown()) }).strict();

/** The metadata schema of the simulator's tenant. */
export const tenantMetadata = z
	.object({ clinicCode: text, bedCount: z.number().optional() })
	.strict();

/** Body of POST /_simulator/faults. */
export const faultBody = z
	.object({
		kind: z.enum([
			'reset-before',
			'reset-after',
			'timeout-before',
			'timeout-after',
			'status',
			'truncated',
			'stalled',
			'html',
			'empty',
			'wrong-types',
			'slow',
		]),
		match: z
			.object({
				method: text,
				path: text,
				number: text,
				host: z.enum(['api', 'files']),
			})
			.partial()
			.strict()
			.optional(),
		times: z.number().int().min(1).optional(),
		status: z.number().int().min(200).max(599).optional(),
		headers: z.record(z.string()).optional(),
		body: z.unknown(),
		delayMs: z.number().min(0).optional(),
	})
	.strict();

/** A time in ms, or a range for random ones. */
const duration = z.union([
	z.number().min(0),
	z
		.object({ from: z.number().min(0), to: z.number().min(0) })
		.strict()
		.refine(({ from, to }) => from <= to, 'from must not exceed to'),
]);

/** Body of POST /_simulator/pace. */
export const paceBody = z.object({ ms: duration }).strict();

/** Body of POST /_simulator/capacity. */
export const capacityBody = z.object({ calls: z.number().int().min(0) }).strict();

/** Body of POST /_simulator/log. */
export const logBody = z.object({ lagMs: z.number().min(0) }).strict();

/** Body of POST /_simulator/callbacks. */
export const callbacksBody = z
	.object({
		copies: z.number().int().min(0).max(10).optional(),
		delayMs: duration.optional(),
	})
	.strict();

/** Body of POST /_simulator/calls/{id}/end. */
export const endBody = z
	.object({ status: z.enum(['completed', 'failed', 'busy', 'no-answer']) })
	.strict();
