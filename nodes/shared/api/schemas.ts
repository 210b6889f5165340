import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';

/** 8-4-4-4-12 hexadecimal digits. AlloMia's own ids lack RFC 9562's version and variant bits. */
export const uuidForm = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

const uuid = z.string().regex(uuidForm, 'must have the form of a UUID');

/** POST /outbound's answer, as far as we need it: the call is placed, whatever else it says. */
export const dispatchResponse = z.object({ outboundCallId: z.string().min(1) }).passthrough();

/** GET /outbound/{id}/status's answer. Unknown fields pass through. */
export const statusResponse = z
	.object({
		outboundCallId: uuid,
		contactId: z.string().nullish().catch(undefined),
		status: z.string().min(1),
		callDetails: z.object({}).passthrough().nullish(),
	})
	.passthrough();

/** What a callback must hold to be one: a status object, as far as we rely on it. */
export const callbackBody = z
	.object({
		outboundCallId: uuid,
		contactId: z.string().nullish(),
		status: z.string().min(1),
		callDetails: z.object({}).passthrough().nullish(),
	})
	.passthrough();

const pagination = z.object({ hasNextPage: z.boolean() }).passthrough();

const listed = z.object({ id: z.string().min(1) }).passthrough();

/** GET /calls' answer. */
export const callsResponse = z.object({ calls: z.array(listed), pagination }).passthrough();

const ifText = z.string().nullish().catch(undefined);

/**
 * Calls of GET /calls' answer, as far as one is told from the others by them. One of another shape is
 * not the one that is looked for: it hides no other.
 */
export const loggedCalls = z.array(
	z.object({
		id: z.string(),
		callStartedAt: ifText,
		callEndedAt: ifText,
		callType: ifText,
		userPhoneNumber: ifText,
	}),
);

/** GET /calls/{id}'s answer. The links may be null or missing. */
export const callResponse = listed.extend({
	transcriptUrl: z.string().nullish(),
	recordingUrl: z.string().nullish(),
});

/** A created or changed organization. */
export const organizationResponse = listed.extend({ name: z.string() });

/** GET /organization/{id}'s answer. */
export const organizationDetailsResponse = z
	.object({ currentOrg: organizationResponse })
	.passthrough();

/** PUT /organization/{id}/metadata's answer. */
export const metadataResponse = listed.extend({ metadata: z.object({}).passthrough() });

/**
 * GET /organization's answer. AlloMia documents only that it is paginated like the calls, not what
 * the list is called: whichever list stands beside `pagination` is taken.
 */
export const organizationsResponse = z
	.object({ pagination })
	.passthrough()
	.superRefine((answer, context) => {
		const checked = z.array(organizationResponse).safeParse(listBesidePagination(answer));
		const message = checked.success
			? undefined
			: `the list of organizations: ${firstIssue(checked.error)}`;
		if (message !== undefined) context.addIssue({ code: z.ZodIssueCode.custom, message });
	});

/** The organizations in a checked answer. */
export function organizationsIn(answer: Record<string, unknown>): ListedOrganization[] {
	return listBesidePagination(answer) as ListedOrganization[];
}

/** Undefined where there is no list, or where several could be meant. */
function listBesidePagination(answer: Record<string, unknown>): unknown {
	const named = answer.organizations ?? answer.data;
	if (named !== undefined) return named;
	const lists = Object.values(answer).filter(Array.isArray);
	return lists.length === 1 ? lists[0] : undefined;
}

/** AlloMia's error bodies: always `error`, for refused fields `details` too. */
export const errorResponse = z.object({
	error: z.string().min(1),
	details: z
		.array(z.object({ field: z.string(), message: z.string() }))
		.nullish()
		.catch(undefined),
});

export type DispatchResponse = z.infer<typeof dispatchResponse> & IDataObject;
export type StatusResponse = z.infer<typeof statusResponse> & IDataObject;
export type CallbackBody = z.infer<typeof callbackBody> & IDataObject;
export type LoggedCall = z.infer<typeof loggedCalls>[number];
export type ListedCall = z.infer<typeof listed> & IDataObject;
export type CallResponse = z.infer<typeof callResponse> & IDataObject;
export type ListedOrganization = z.infer<typeof organizationResponse> & IDataObject;

/** The first thing wrong with a value, as `field: what`. */
export function firstIssue(error: z.ZodError): string {
	const issue = error.issues[0];
	if (!issue) return 'it has another shape than documented';
	return `${issue.path.join('.') || 'the answer'}: ${issue.message}`;
}
