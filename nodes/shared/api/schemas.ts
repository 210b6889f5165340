import type { IDataObject } from 'n8n-workflow';
import { z } from 'zod';
import { uuidForm } from './ids';

const uuid = z.string().regex(uuidForm, 'must be a UUID');

/** Response of POST /outbound. Only the ID is required: the call is placed, whatever else it contains. */
export const dispatchResponse = z.object({ outboundCallId: z.string().min(1) }).passthrough();

/** Response of GET /outbound/{id}/status. */
export const statusResponse = z
	.object({
		outboundCallId: uuid,
		contactId: z.string().nullish().catch(undefined),
		status: z.string().min(1),
		callDetails: z.object({}).passthrough().nullish(),
	})
	.passthrough();

/** Body of a callback: a status object. */
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

/** Response of GET /calls. */
export const callsResponse = z.object({ calls: z.array(listed), pagination }).passthrough();

const ifText = z.string().nullish().catch(undefined);

/**
 * The calls in the response of GET /calls, with the fields that identify a call. Fields with unexpected
 * values are dropped, so that one such call does not hide the others.
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

/** Response of GET /calls/{id}. The links may be null or missing. */
export const callResponse = listed.extend({
	transcriptUrl: z.string().nullish(),
	recordingUrl: z.string().nullish(),
});

/** Response of POST /organization and PUT /organization/{id}. */
export const organizationResponse = listed.extend({ name: z.string() });

/** Response of GET /organization/{id}. */
export const organizationDetailsResponse = z
	.object({ currentOrg: organizationResponse })
	.passthrough();

/** Response of PUT /organization/{id}/metadata. */
export const metadataResponse = listed.extend({ metadata: z.object({}).passthrough() });

/**
 * Response of GET /organization. AlloMia documents that it is paginated like the calls, but not the name of
 * the list: it is the array beside `pagination`.
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

/** The organizations in a validated response. */
export function organizationsIn(answer: Record<string, unknown>): ListedOrganization[] {
	return listBesidePagination(answer) as ListedOrganization[];
}

/** Undefined if there is no array, or more than one. */
function listBesidePagination(answer: Record<string, unknown>): unknown {
	const named = answer.organizations ?? answer.data;
	if (named !== undefined) return named;
	const lists = Object.values(answer).filter(Array.isArray);
	return lists.length === 1 ? lists[0] : undefined;
}

/** Body of an error response: `error`, and `details` for invalid fields. */
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

/** The first issue of a validation, as `field: message`. */
export function firstIssue(error: z.ZodError): string {
	const issue = error.issues[0];
	if (!issue) return 'it is not as documented';
	return `${issue.path.join('.') || 'the response'}: ${issue.message}`;
}
